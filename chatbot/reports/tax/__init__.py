"""What happened to the money of a portfolio, what was paid for what was sold, and what that realised (/report)."""
