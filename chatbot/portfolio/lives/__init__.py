"""What becomes of coins: markets that their exchange has halted or lists no longer, and what a person does about it."""
