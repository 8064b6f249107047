"""What becomes of coins: prices that leap, markets that are halted or listed no longer, and what a person does about it."""
