"""Positions beside the strategy: a hedge's size, its life from Confirm to its end, and what a fall would do."""
