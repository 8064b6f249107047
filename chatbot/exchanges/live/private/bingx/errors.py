"""What BingX's refusals mean: a total table, read from the answer; nearly all of them come with HTTP 200.

Codes and words as in BingX's documentation, in ccxt's own table and in ``error_mapping.json`` of the recordings. One code stands for many
things there: 80012 is a lack of margin or a service that is out of order, 100421 a time that is off or a market that is closed to
programs, 109400 whatever is wrong with a request. So words are read before codes, and where neither says what became of an order,
it may have been taken.
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
_SERVER_ERROR, _TOO_MANY, _BANNED, _NOT_ALLOWED = 500, 429, 418, 401
#: the code of a refused transfer, whose answer has words in the place of a code
TRANSFER = "transfer"

#: codes that mean one thing only
_SAYS: Mapping[tuple[Meaning, str], tuple[int, ...]] = {
    (_KEY, ""): (100001, 100004, 100412, 100413, 100414, 100419),
    (_SLOW, ""): (100410,),
    (Meaning.MONEY, ""): (100202, 101204),
    (_NO, "unknown_instrument"): (109425,),
    (_NO, "unknown_order"): (80016, 80018, 109421),
    (_NO, "duplicate_id"): (101481, 109201),
    (_NO, "halted"): (100490, 101415, 109418),
    (_NO, "not_permitted"): (80020, 101514, 101515),
    (_NO, "reduce_only"): (80017, 101205, 101290),
    (_NO, "would_take"): (101215,),
    (_NO, "price_band"): (100440, 101211),
    (_NO, "bad_leverage"): (101414,),
    (_NO, "too_much"): (101209, 101419, 101424),
    (_NO, "too_many_orders"): (80013,),
    (_NO, "liquidation"): (101460,),
    (_NO, "below_minimum"): (110425,),
    (_NO, "bad_request"): (110400,),
}
CODES: Mapping[int, tuple[Meaning, str]] = {code: said for said, codes in _SAYS.items() for code in codes}
#: words that say what became of a request, whatever code they come with; the first that fit. What the exchange could not do may be done
WORDS: tuple[tuple[str, tuple[Meaning, str]], ...] = (
    ("busy", (_UNSURE, "")),
    ("timeout", (_UNSURE, "")),
    ("being processed", (_UNSURE, "")),
    ("unavailable", (_UNSURE, "")),
    ("timestamp", (Meaning.NOT_SENT, SKEW)),
    ("recvwindow", (Meaning.NOT_SENT, SKEW)),
    ("frequency limit", (_SLOW, "")),
    ("rate limit", (_SLOW, "")),
)
REFUSED: tuple[tuple[str, tuple[Meaning, str]], ...] = (
    ("order not exist", (_NO, "unknown_order")),
    ("order does not exist", (_NO, "unknown_order")),
    ("is filled or cancelled already", (_NO, "unknown_order")),
    ("insufficient", (Meaning.MONEY, "")),
    ("margin is not enough", (Meaning.MONEY, "")),
    ("positionside", (_NO, "hedge_mode")),
    ("has positions or pending orders", (_NO, "isolated_margin")),
    ("no position to close", (_NO, "reduce_only")),
    ("reduce only", (_NO, "reduce_only")),
    ("minimum", (_NO, "below_minimum")),
    ("too low", (_NO, "below_minimum")),
    ("leverage", (_NO, "bad_leverage")),
    ("suspended", (_NO, "not_permitted")),
    ("temporarily disabled", (_NO, "halted")),
    ("not available", (_NO, "halted")),
    ("restricted from api", (_NO, "halted")),
    ("prohibit", (_NO, "not_permitted")),
    ("symbol", (_NO, "unknown_instrument")),
    ("contract not exist", (_NO, "unknown_instrument")),
    ("quantity", (_NO, "bad_lot")),
    ("order size", (_NO, "bad_lot")),
    ("price", (_NO, "bad_tick")),
)
#: codes of a request that was looked at and not done: what their words do not say is only "no"
_LOOKED_AT = frozenset({400, 404, 80014, 100204, 100400, 101400, 109400})
#: codes that come with a refusal as well as with trouble inside of BingX: without words that say which, nobody knows
_EITHER = frozenset({80001, 80012, 100421, 100437, 101212})
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)


def meaning(refusal: Refusal) -> tuple[Meaning, str]:
    """Say what a refusal means and our word for why; what is not known for certain may have been done."""
    if refusal.status in (_TOO_MANY, _BANNED):
        return _SLOW, ""
    if refusal.code is None and refusal.status == _NOT_ALLOWED:
        return _KEY, ""
    if refusal.code is None or refusal.status >= _SERVER_ERROR:
        return _UNSURE, ""
    words = refusal.text.lower()
    return _first(WORDS, words) or _of(refusal.code, words)


def is_shut_out(refusal: Refusal) -> bool:
    """Tell whether BingX has shut somebody out, and not only refused one request too many."""
    return refusal.status == _BANNED or "disabled period" in refusal.text.lower()


def _of(code: str, words: str) -> tuple[Meaning, str]:
    number = int(code) if _WHOLE.fullmatch(code) else 0
    if number in CODES:
        return CODES[number]
    if code != TRANSFER and number not in _LOOKED_AT | _EITHER:
        return _UNSURE, ""
    return _first(REFUSED, words) or ((_NO, "bad_request") if number in _LOOKED_AT else (_UNSURE, ""))


def _first(table: tuple[tuple[str, tuple[Meaning, str]], ...], words: str) -> tuple[Meaning, str] | None:
    return next((said for part, said in table if part in words), None)
