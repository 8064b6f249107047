"""The one door to ccxt: public prices of real exchanges, what a key of theirs may do, and accounts by key (private)."""
