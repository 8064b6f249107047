"""What WEEX's refusals mean: a total table, read from the answer; some come with HTTP 200.

Codes as in ccxt 4.5.90's own table, with the classes that it has for them, and in ``error_mapping.json`` of the recordings. -1000, -1054
and -3613 are not here: unknown and system errors leave open what became of an order. Nor is a duplicate id, whose code nobody knows: an
order that may be there is looked up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.private.dialect import SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.live.private.dialect import Refusal

_NO, _KEY, _UNSURE = Meaning.REJECTED, Meaning.KEY, Meaning.UNSURE
_SERVER_ERROR, _TOO_MANY = 500, 429
_DONE = "200"

#: meaning and reason -> the codes that say so
_SAYS: Mapping[tuple[Meaning, str], tuple[int, ...]] = {
    # a time that is invalid, or expired
    (Meaning.NOT_SENT, SKEW): (-1043, -1046),
    (_KEY, ""): (-1040, -1041, -1042, -1044, -1047, -1049, -1050, -1051, -1052, -1053, -1055, -1056, -1057, -1190, -3236),
    (_NO, "unknown_instrument"): (-1121, -2007),
    (_NO, "unknown_order"): (-2200, -3200),
    (_NO, "not_permitted"): (-1058, -3235),
    (_NO, "bad_lot"): (-1160,),
    (_NO, "too_much"): (-3007,),
    (_NO, "bad_leverage"): (-3313,),
    (_NO, "not_supported"): (-1150, -3006),
    (_NO, "bad_request"): (-1045, -1115, -1116, -1117, -1128, -1135, -1140, -1141, -1142, -1170, -1171, -1180),
}
CODES: Mapping[int, tuple[Meaning, str]] = {code: said for said, codes in _SAYS.items() for code in codes}
#: what stands in the words, whatever the code is
_WORDS: tuple[tuple[str, tuple[Meaning, str]], ...] = (
    ("amount not enough", (Meaning.MONEY, "")),
    ("FAILED_ORDER_NOT_FOUND", (_NO, "unknown_order")),
    ("INVALID_ARGUMENT", (_NO, "bad_request")),
)
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)


def refused(answer: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return code and words of a refusal, the code None where it is none.

    One has ``code`` and ``msg``; inside of HTTP 200 ``success`` or ``result`` is false, or ``status`` is FAILED. A code of success stands
    beside its word.
    """
    code = next((str(answer[name]) for name in ("errorCode", "code") if answer.get(name) not in (None, "")), "")
    words = next((str(answer[name]) for name in ("errorMessage", "errorMsg", "msg") if answer.get(name)), "")
    failed = answer.get("success") is False or answer.get("result") is False or answer.get("status") == "FAILED"
    done = not code or (code == _DONE and words.lower() == "success")
    return (None, words) if done and not failed else (code, words)


def meaning(refusal: Refusal) -> tuple[Meaning, str]:
    """Say what a refusal means and our word for why; what is not known for certain may have been done."""
    if refusal.status == _TOO_MANY:
        return Meaning.LIMITED, ""
    if refusal.status >= _SERVER_ERROR:
        return _UNSURE, ""
    said = next((meant for words, meant in _WORDS if words in refusal.text), None)
    code = int(refusal.code) if refusal.code is not None and _WHOLE.fullmatch(refusal.code) else 0
    return said or CODES.get(code, (_UNSURE, ""))
