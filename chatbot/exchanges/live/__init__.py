"""The one door to ccxt: public prices of real exchanges."""
