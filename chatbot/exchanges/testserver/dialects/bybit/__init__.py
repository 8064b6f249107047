"""Bybit as ccxt 4.5.90 speaks to it: version 5, a unified account, spot and linear contracts in one wallet; ``speech.BYBIT``."""
