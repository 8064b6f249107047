"""A confirmed plan as durable work: written down, sent, written down again; the door is executor.py."""
