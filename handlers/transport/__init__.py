"""The way to and from Telegram: polling, updates written down, delivery, the menu, and its limits."""
