"""The first ten steps: until a portfolio stands on a key."""
