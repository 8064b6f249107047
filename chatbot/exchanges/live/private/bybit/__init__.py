"""Bybit as an account with keys speaks to it; ``speech.Bybit``."""
