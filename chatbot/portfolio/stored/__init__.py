"""What the portfolio keeps in the store: what is remembered between two looks, and what was traded today."""
