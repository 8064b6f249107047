"""A backtest beside the bot: who is served when, and the process that plays it."""
