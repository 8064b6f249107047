"""The Telegram side of Ballast."""
