"""What people write, read: a list taken apart, prices left out of it, sums, and what a correction changes."""
