"""What a strategy would have done: recorded hours through the same triggers, judgement, planner and costs that act today (domain 12)."""
