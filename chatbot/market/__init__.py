"""Market data fetched once for everybody."""
