"""An exchange in memory with the rules, fees, margin and faults of a real one; the door is paper.py."""
