"""Words about a person: who may use the bot, keys, portfolios, settings, alerts, the calendar, what is stored, and the stop."""
