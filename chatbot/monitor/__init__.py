"""The loop that looks at every portfolio; the door is check.py."""
