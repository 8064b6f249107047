"""Real money: how much of a plan may be traded at once, and what is asked before anything of it is sent."""
