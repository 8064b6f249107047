"""Ballast without Telegram: engine, exchanges, execution, store, services."""
