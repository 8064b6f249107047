"""What the chat reads and nobody acts on: status and exposure."""
