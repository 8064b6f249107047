"""From now to a numbered plan, and from an answer to work; the door is rebalancing.py."""
