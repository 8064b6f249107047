"""What makes the bot act: signals of the market, drift, margin, the calendar, tilts."""
