"""What MEXC's refusals mean: a total table, read from the answer, of spot and of contracts together, whose codes do not overlap.

Codes as in MEXC's published lists, in ccxt's own table and in ``error_mapping.json`` of the recordings. ccxt has ``BadRequest`` for a bad
key (10072) and for a foreign address (700006), and never ``OrderNotFound``. Those of time-outs, of maintenance, of errors inside of MEXC
and of repeated requests (603) are not here: they leave open what became of an order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.private.dialect import SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.live.private.dialect import Refusal

_NO, _KEY, _SLOW, _UNSURE = Meaning.REJECTED, Meaning.KEY, Meaning.LIMITED, Meaning.UNSURE
_SERVER_ERROR, _LIMITED_STATUS = 500, frozenset({418, 429})
#: said with any code while MEXC is at work on itself: the code of a missing account (1000) among them
_AT_WORK = "maintenance"

#: meaning and reason -> the codes that say so
_SAYS: Mapping[tuple[Meaning, str], tuple[int, ...]] = {
    # 513: the time of a contract's request is more than ten seconds off
    (Meaning.NOT_SENT, SKEW): (513, 10073, 700003),
    (_KEY, ""): (
        *(401, 402, 406, 506, 511, 602, 701, 702, 703, 704, 1000, 10001, 10072, 30018, 60005),
        *(700001, 700002, 700006, 700007, 730100, 140002),
    ),
    (_SLOW, ""): (403, 429, 510),
    (_NO, "unknown_instrument"): (-1121, 1001, 10007, 30014, 30021, 730001),
    (_NO, "unknown_order"): (-2013, -2011, 2040, 2041, 30026),
    (_NO, "halted"): (1002, 6001, 6002, 6005, 30000, 30001, 30016, 30028),
    (_NO, "price_band"): (2003, 2004, 2032, 2033, 30010, 30087),
    (Meaning.MONEY, ""): (2005, 10101, 30004, 30005, 88004, 88015),
    (_NO, "margin"): (2018,),
    (_NO, "reduce_only"): (2008, 2009),
    (_NO, "bad_lot"): (1004, 2011, 2015, 10095, 10096, 10097, 10102),
    (_NO, "bad_tick"): (2007,),
    (_NO, "below_minimum"): (30002, 88013),
    (_NO, "too_much"): (1003, 2025, 2028, 2031, 30003, 30027, 30032),
    (_NO, "too_many_orders"): (2013, 2014, 30029),
    (_NO, "bad_leverage"): (2006, 2021, 2023, 2024, 2026),
    (_NO, "isolated_margin"): (2027,),
    (_NO, "hedge_mode"): (2022,),
    (_NO, "not_fillable"): (30025,),
    (_NO, "not_permitted"): (26, 30020, 70011),
    (_NO, "not_supported"): (10100, 10103, 10206, 10211, 33333, 30041),
    (_NO, "refused"): (10098, 44444),
    (_NO, "bad_request"): (
        *(-1128, 400, 600, 601, 2001, 2002, 2029, 2030, 10015, 10099, 10222, 10232, 30019),
        *(700004, 700005, 700008, 700013, 730002),
    ),
}
#: what says that nothing is open under an id
NOT_OPEN = (_NO, "unknown_order")
CODES: Mapping[int, tuple[Meaning, str]] = {code: said for said, codes in _SAYS.items() for code in codes}
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)


def meaning(refusal: Refusal) -> tuple[Meaning, str]:
    """Say what a refusal means and our word for why; what is not known for certain may have been done."""
    if refusal.status in _LIMITED_STATUS:
        return _SLOW, ""
    if refusal.status >= _SERVER_ERROR or _AT_WORK in refusal.text.lower():
        return _UNSURE, ""
    code = int(refusal.code) if refusal.code is not None and _WHOLE.fullmatch(refusal.code) else 0
    return CODES.get(code, (_UNSURE, ""))
