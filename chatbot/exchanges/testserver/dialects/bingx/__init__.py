"""BingX as ccxt 4.5.90 speaks to it: spot and linear contracts in wallets of their own; ``speech.BINGX``."""
