"""Binance as ccxt 4.5.90 speaks to it: spot (/api/v3), wallet (/sapi/v1) and USDT-M futures (/fapi v1 to v3); ``speech.BINANCE``."""
