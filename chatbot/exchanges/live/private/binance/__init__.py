"""Binance as an account with keys speaks to it; ``speech.Binance``."""
