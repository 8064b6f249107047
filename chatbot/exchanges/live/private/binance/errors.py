"""What Binance's refusals mean: a total table, read from the answer itself and not from ccxt's classes.

Behind replaced urls ccxt loses half of its own table, and it calls -2015 (a key that was revoked) a rate limit once one call has gone
well. Codes as in Binance's documentation, and in ``error_mapping.json`` of the recordings; a code that is not here is never taken for
a refusal. What a gateway says about an order (5xx) is not believed either way, whatever code it carries: on spot Binance says of all of
them that the order may be there. Of contracts its page of general information names three that are failures for certain, which are told
by their words; a fourth, "Unknown error, please check your request or try again later.", is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.private.dialect import SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.live.private.dialect import Refusal

_NO, _KEY, _SLOW, _UNSENT, _UNSURE = Meaning.REJECTED, Meaning.KEY, Meaning.LIMITED, Meaning.NOT_SENT, Meaning.UNSURE
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_LIMITED_STATUS = frozenset({418, 429})

#: code -> meaning, reason
CODES: Mapping[int, tuple[Meaning, str]] = {
    -1002: (_KEY, ""),
    -1003: (_SLOW, ""),
    -1005: (_KEY, ""),
    -1008: (_SLOW, ""),
    -1011: (_KEY, ""),
    -1014: (_NO, "bad_request"),
    -1015: (_SLOW, ""),
    -1016: (_NO, "halted"),
    -1020: (_NO, "not_supported"),
    -1021: (_UNSENT, SKEW),
    -1022: (_KEY, ""),
    -1099: (_KEY, ""),
    -1109: (_KEY, ""),
    -1111: (_NO, "bad_lot"),
    -1116: (_NO, "bad_request"),
    -1121: (_NO, "unknown_instrument"),
    -2008: (_KEY, ""),
    -2011: (_NO, "unknown_order"),
    -2012: (_NO, "unknown_order"),
    -2013: (_NO, "unknown_order"),
    -2014: (_KEY, ""),
    -2015: (_KEY, ""),
    -2016: (_NO, "halted"),
    -2017: (_KEY, ""),
    -2018: (Meaning.MONEY, ""),
    -2019: (_NO, "margin"),
    -2020: (_NO, "not_fillable"),
    -2021: (_NO, "would_take"),
    -2022: (_NO, "reduce_only"),
    -2023: (_NO, "liquidation"),
    -2024: (_NO, "reduce_only"),
    -2025: (_NO, "too_many_orders"),
    -2026: (_NO, "reduce_only"),
    -2027: (_NO, "bad_leverage"),
    -2028: (_NO, "bad_leverage"),
    -3020: (Meaning.MONEY, ""),
    -3041: (Meaning.MONEY, ""),
    -4001: (_NO, "bad_tick"),
    -4002: (_NO, "bad_tick"),
    -4003: (_NO, "bad_lot"),
    -4004: (_NO, "below_minimum"),
    -4005: (_NO, "too_much"),
    -4013: (_NO, "price_band"),
    -4014: (_NO, "bad_tick"),
    -4015: (_NO, "bad_request"),
    -4016: (_NO, "price_band"),
    -4023: (_NO, "bad_lot"),
    -4024: (_NO, "price_band"),
    -4028: (_NO, "bad_leverage"),
    -4045: (_NO, "too_many_orders"),
    -4046: (_NO, "no_change"),
    -4047: (_NO, "isolated_margin"),
    -4048: (_NO, "isolated_margin"),
    -4050: (Meaning.MONEY, ""),
    -4051: (Meaning.MONEY, ""),
    -4059: (_NO, "no_change"),
    -4060: (_NO, "hedge_mode"),
    -4061: (_NO, "hedge_mode"),
    -4062: (_NO, "hedge_mode"),
    -4078: (_UNSURE, ""),
    -4083: (_NO, "reduce_only"),
    -4087: (_NO, "reduce_only"),
    -4088: (_NO, "not_permitted"),
    -4108: (_NO, "halted"),
    -4109: (_KEY, ""),
    -4111: (_NO, "duplicate_id"),
    -4116: (_NO, "duplicate_id"),
    -4118: (_NO, "reduce_only"),
    -4131: (_NO, "price_band"),
    -4140: (_NO, "halted"),
    -4141: (_NO, "halted"),
    -4142: (_NO, "would_take"),
    -4161: (_NO, "bad_leverage"),
    -4164: (_NO, "below_minimum"),
    -4184: (_NO, "price_band"),
    -4188: (_UNSENT, SKEW),
    -4192: (_NO, "not_permitted"),
    **dict.fromkeys((-4202, -4203, -4205, -4206, -4208, -4209, -4403), (_NO, "bad_leverage")),
    **dict.fromkeys((-4400, -4401, -4402), (_NO, "not_permitted")),
    -5002: (Meaning.MONEY, ""),
    -5003: (Meaning.MONEY, ""),
    -5013: (Meaning.MONEY, ""),
    -5021: (_NO, "not_fillable"),
    -5022: (_NO, "would_take"),
    -5028: (_UNSENT, SKEW),
    -9000: (Meaning.MONEY, ""),
}
#: runs of codes that all say that a parameter is wrong: the request was refused as it is written
_BAD_REQUESTS = (range(-1199, -1099), range(-4599, -3999), range(-5009, -5000), range(-5027, -5023), range(-5040, -5036))
#: spot answers a filter by name
_FILTERS: Mapping[str, str] = {
    "PERCENT_PRICE": "price_band",
    "PRICE_FILTER": "bad_tick",
    "LOT_SIZE": "bad_lot",
    "NOTIONAL": "below_minimum",
    "MAX_NUM": "too_many_orders",
    "MAX_POSITION": "too_much",
    "TRIGGERED": "too_many_orders",
}
#: spot refuses an order for many reasons under one code, told apart by words
_ORDER_WORDS: tuple[tuple[str, tuple[Meaning, str]], ...] = (
    ("insufficient balance", (Meaning.MONEY, "")),
    ("immediately match", (_NO, "would_take")),
    ("duplicate", (_NO, "duplicate_id")),
    ("market is closed", (_NO, "halted")),
    *((words, (_NO, "not_permitted")) for words in ("not permitted", "disabled", "restricted", "may not place", "not enabled")),
    ("unknown order", (_NO, "unknown_order")),
    ("precision", (_NO, "bad_lot")),
)
#: what the contracts answer, with 503, instead of doing it
_NOT_DONE = frozenset({"service unavailable.", "internal error; unable to process your request. please try again."})
_OVERLOADED = -1008
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_FILTER_FAILURE, _ORDER_REFUSED = -1013, frozenset({-1010, -1013, -2010})


def meaning(refusal: Refusal) -> tuple[Meaning, str]:
    """Say what a refusal means and our word for why; what is not known for certain may have been done."""
    if refusal.status in _LIMITED_STATUS:
        return _SLOW, ""
    code = int(refusal.code) if refusal.code is not None and _WHOLE.fullmatch(refusal.code) else 0
    if refusal.status == _UNAVAILABLE and refusal.api.startswith("fapi") and (code == _OVERLOADED or refusal.text.lower() in _NOT_DONE):
        return _UNSENT, ""  # no pause for everybody: what reduces a position is let through
    if refusal.status >= _SERVER_ERROR or not code:
        return _UNSURE, ""
    if code in _ORDER_REFUSED:
        said = refusal.text.lower()
        by_filter = next((word for name, word in _FILTERS.items() if name.lower() in said), None) if code == _FILTER_FAILURE else None
        if by_filter is not None:
            return _NO, by_filter
        return next((known for words, known in _ORDER_WORDS if words in said), (_NO, "refused"))
    otherwise = (_NO, "bad_request") if any(code in run for run in _BAD_REQUESTS) else (_UNSURE, "")
    return CODES.get(code, otherwise)
