"""Everything of Ballast that is not Telegram."""
