"""What each trigger does, and what is honestly known about it, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import Cause
from handlers.views.common import say, table

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from handlers.views.common import Html

DOES: Final = {
    Cause.VOLATILITY: N_(
        "Once a day I compare a coin's volatility of the last 7 days with its own usual level. When it doubles, the coin's target is cut"
        " so that volatility times position is as before. What is freed goes to stable; long futures on the coin shrink alike."
    ),
    Cause.TREND: N_(
        "When a strong rise shows signs of wearing out, a quarter of the coin's long futures is to be trimmed, half if the signs are "
        "strong. Spot stays. It only proposes: nothing happens without your Confirm."
    ),
    Cause.FUNDING_LOW: N_(
        "While funding is clearly negative, shorts pay longs: the net long futures grow step by step. It is the only trigger that adds "
        "risk, so it waits while volatility, trend, fear or a hedge asks for less."
    ),
    Cause.FUNDING_HIGH: N_("When longs have been paying a lot for days, the net long futures are cut, once. Shorts and spot stay."),
    Cause.FEAR_GREED: N_(
        "When the daily Fear & Greed index falls into extreme fear, futures go to longs = shorts at once. Spot and the money in the "
        "futures account stay."
    ),
}
KNOWN: Final = {
    Cause.VOLATILITY: N_(
        "Evidence: the week after such a day is 1.7 to 2 times as volatile as usual, so the cut controls risk. It does not time the "
        "market. Expect 3 to 4 episodes per coin and year."
    ),
    Cause.TREND: N_(
        "Honest note: on BTC and ETH from 2018 to 2023 there was no sign of an edge. After a signal the next 30 days brought −3 to +16 "
        "%, otherwise +1.4 to +1.8 %, and the uncertainty is 5 to 7 points."
    ),
    Cause.FUNDING_LOW: N_("Evidence: 3.5 times a year for BTC, 1.7 for ETH, active 3 % of the time."),
    Cause.FUNDING_HIGH: N_(
        "Evidence: 3 to 4 times a year. After it BTC fell by more than 20 % within 30 days in 18 % of the cases, otherwise in 10 %; ETH "
        "in 12 % against 11 %. A hint for BTC, nothing for ETH."
    ),
    Cause.FEAR_GREED: N_(
        "Honest note: this takes away the extra exposure of the futures, not that of the spot coins. It is a posture, not a forecast: in"
        " extreme fear the next 30 days brought +1.9 %, otherwise +2.1 %."
    ),
}
#: P&L of the Balanced strategy worth 100,000 when BTC moves (domain 8.3): mode, at −20 %, at −50 %, at +30 %
_FEAR_TABLE: Final = (
    (N_("as always"), -20_720, -51_800, 31_080),
    (N_("book"), -18_720, -46_800, 28_080),
    (N_("portfolio"), -2_720, -6_800, 8_080),
    (N_("beta"), 0, 0, 8_080),
)


def fear_table(words: Words) -> list[Html]:
    """Return what each mode of Fear & Greed does and does not hedge, as figures and in words (domain 8.3)."""
    moves = ["", *(words.signed_percent(move, 0) for move in (-0.2, -0.5, 0.3))]
    rows = [moves, *([words.t(label), *(words.signed(amount, 0) for amount in amounts)] for label, *amounts in _FEAR_TABLE)]
    return [
        say(words, "Balanced, worth 100,000, when BTC moves:"),
        table(rows),
        say(
            words,
            "“Portfolio” and “beta” short the spot exposure too. That needs 4 to 9 times the money in the futures account, so your "
            "leverage limits cut it; and a rise of 30 % liquidates such a hedge.",
        ),
    ]
