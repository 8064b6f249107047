"""Doors to exchanges: one protocol (base.py); what fits it: paper, typed in, real ones by ccxt, one of our own; and sources of prices."""
