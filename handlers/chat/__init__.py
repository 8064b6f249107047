"""What every command stands on: who speaks, what they typed, and how an answer is sent."""
