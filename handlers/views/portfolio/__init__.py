"""Words about a portfolio: set-up, status, exposure, strategy, bands, and why nothing is done."""
