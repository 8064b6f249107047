"""Words about a portfolio: set-up, status, exposure, strategy, bands, money that moves, coins that stop, and why nothing is done."""
