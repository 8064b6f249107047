"""What Bybit's refusals mean: a total table, read from the answer; nearly all of them come with HTTP 200.

Codes as in Bybit's documentation, in ccxt's own table and in ``error_mapping.json`` of the recordings. Those of time-outs and of errors
inside of Bybit are not here: they leave open what became of an order. 10000 ("Server Timeout"), 10016 and
10429 say nothing for certain, although ccxt has only its plainest class for them.
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
_SERVER_ERROR, _TOO_MANY = 500, 429
#: the address is shut out for some minutes
SHUT_OUT = "10018"

#: meaning and reason -> the codes that say so
_SAYS: Mapping[tuple[Meaning, str], tuple[int, ...]] = {
    (Meaning.NOT_SENT, SKEW): (10002,),
    (_KEY, ""): (-2015, 10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 33004, 110066, 170201),
    (_SLOW, ""): (10006, int(SHUT_OUT), 170005, 170222),
    (_NO, "unknown_instrument"): (10029, 170121, 170221),
    (_NO, "unknown_order"): (110001, 110008, 110010, 170139, 170142, 170143, 170190, 170213),
    (_NO, "price_band"): (110003, 170132, 170133, 170192, 170193, 170194, 170195, 170196, 170371, 170372),
    (Meaning.MONEY, ""): (
        *(110004, 110006, 110007, 110012, 110014, 110044, 110045, 110047, 110051, 110052, 110053),
        *(170131, 170033, 170034, 3200300),
    ),
    (_NO, "too_many_orders"): (110009, 110020, 110021, 170810),
    (_NO, "bad_leverage"): (110013, 110036, 110038, 110067, 110068, 110085, 110086, 110087),
    (_NO, "reduce_only"): (110017, 110023, 110034),
    (_NO, "no_change"): (110025, 110026, 110043),
    (_NO, "duplicate_id"): (110030, 110072, 170141),
    (_NO, "halted"): (110042, 110063, 110074, 110095, 170031, 170037, 170151, 170344),
    (_NO, "liquidation"): (110005, 110011, 110035, 110039, 110040, 110046, 170223, 170226),
    (_NO, "hedge_mode"): (110024, 110029),
    (_NO, "not_permitted"): (110069, 110070, 110080, 110088, 170036, 170157, 170209, 170224, 170241),
    (_NO, "below_minimum"): (110094, 170136, 170140, 3100116),
    (_NO, "bad_tick"): (110049, 170134),
    (_NO, "too_much"): (
        *(110016, 110022, 110089, 110090, 170010, 170011, 170019),
        *(170124, 170135, 170197, 170198, 170199, 170200, 170228, 170229),
    ),
    (_NO, "bad_lot"): (170137, 170148),
    (_NO, "would_take"): (170218,),
    (_NO, "not_supported"): (110098, 170145, 170159, 170217, 170227),
    (_NO, "refused"): (110032, 170210),
    (_NO, "bad_request"): (110018, 110019, 110031, 110037, 110057, 170105, 170115, 170116, 170117, 170130, 170202, 10404),
}
CODES: Mapping[int, tuple[Meaning, str]] = {code: said for said, codes in _SAYS.items() for code in codes}
#: one code for every parameter that is wrong, told apart by words
_PARAMETER = 10001
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_WORDS: tuple[tuple[str, str], ...] = (
    ("position idx", "hedge_mode"),
    ("qty", "bad_lot"),
    ("price", "bad_tick"),
    ("symbol", "unknown_instrument"),
    ("reduce", "reduce_only"),
)


def meaning(refusal: Refusal) -> tuple[Meaning, str]:
    """Say what a refusal means and our word for why; what is not known for certain may have been done."""
    if refusal.status == _TOO_MANY:
        return _SLOW, ""
    code = int(refusal.code) if refusal.code is not None and _WHOLE.fullmatch(refusal.code) else 0
    if refusal.status >= _SERVER_ERROR:
        return _UNSURE, ""
    if code == _PARAMETER:
        said = refusal.text.lower()
        return _NO, next((word for words, word in _WORDS if words in said), "bad_request")
    return CODES.get(code, (_UNSURE, ""))
