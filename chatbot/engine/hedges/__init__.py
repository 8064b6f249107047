"""How large a hedge is, what it would do in a fall, and when its work is done (domain 10)."""
