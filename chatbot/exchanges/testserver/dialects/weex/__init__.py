"""WEEX as ccxt 4.5.90 speaks to it: version 3, spot (/api) and contracts (/capi) on hosts and in wallets of their own; ``speech.WEEX``."""
