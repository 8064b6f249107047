"""The triggers of the market, a pure state machine a file, and how they move targets together (domain 5 to 9); the door is registry.py."""
