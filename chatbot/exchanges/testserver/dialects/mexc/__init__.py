"""MEXC as ccxt 4.5.90 speaks to it: spot like Binance's, contracts in contracts and in an envelope of their own; ``speech.MEXC``."""
