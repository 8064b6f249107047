"""Doors to exchanges: one protocol, a paper exchange, ccxt, and the sources of prices."""
