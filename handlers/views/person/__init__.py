"""Words about a person: who may use the bot, settings, alerts, the calendar."""
