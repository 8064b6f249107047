"""MEXC as it is spoken to; ``speech.Mexc``."""
