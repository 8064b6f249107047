"""The Telegram side of Ballast."""

import os

# Without it the library warns at every "slow down" that the pause will be a timedelta one day; with it, it already is one.
os.environ.setdefault("PTB_TIMEDELTA", "true")
