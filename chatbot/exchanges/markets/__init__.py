"""Sources of prices that need no network: made up, or recorded."""
