"""What is refused for certain is no unknown outcome: a code of which the venue says what it means costs nobody a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.private.binance import errors as binance_errors
from chatbot.exchanges.live.private.bingx import errors as bingx_errors
from chatbot.exchanges.live.private.bybit import errors as bybit_errors
from chatbot.exchanges.live.private.dialect import SKEW, Refusal
from chatbot.exchanges.live.private.mexc import errors as mexc_errors
from chatbot.exchanges.live.private.opening import DIALECTS
from chatbot.exchanges.live.private.weex import errors as weex_errors
from handlers.views.plan import legs

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES: dict[str, Any] = {
    "binance": binance_errors,
    "bybit": bybit_errors,
    "bingx": bingx_errors,
    "mexc": mexc_errors,
    "weex": weex_errors,
}
#: reasons that are read from words alone
WORDS = {"binance": set(binance_errors._FILTERS.values()), "bybit": {reason for _, reason in bybit_errors._WORDS}}
#: Bybit's codes that leave open what became of an order: time-outs, errors inside of it, orders that it is still busy with; and those of a
#: request to change one, which is never made here
OPEN = {"170001", "170007", "170032", "170035", "170144", "170146", "170147", "170149", "170150", "170191", "170234"}
NO_ORDERS = {"110028", "110033", "110054", "110055", "110056", "110058", "110059", "110060", "110061", "110062", "110064", "110065"} | {
    *("110071", "110073", "110092", "110093", "170203", "170204", "170206", "110027", "110041", "110048", "110050", "110015")
}
#: reasons that the executor acts upon, so that no leg ends with them
ACTED_UPON = {"", SKEW, "no_change", "unknown_order", "duplicate_id", "would_take", "isolated_margin"}


def said(code: str) -> tuple[Meaning, str]:
    return bybit_errors.meaning(Refusal(status=200, code=code, text="", retry_after_s=None))


def test_every_refusal_of_an_order_that_bybit_names_is_one() -> None:
    known = [code for code in exchange_class("bybit")({}).exceptions["exact"] if code.startswith(("110", "170"))]
    assert len(known) >= 150
    assert {code for code in known if said(code)[0] is Meaning.UNSURE} == OPEN | NO_ORDERS


@pytest.mark.parametrize("name", DIALECTS)
def test_the_table_of_each_venue_is_total(name: str) -> None:
    """Whatever comes, there is a meaning; what is not known by its code, and all that a server in trouble says, may have been done."""
    venue, known = DIALECTS[name](), [str(code) for code in TABLES[name].CODES]
    for status in (0, 200, 302, 400, 403, 404, 429, 500, 503):
        for code in (None, "", "0", "abc", "-1", "-99999", "\u0663", "9" * 40):
            meaning, _ = venue.meaning(Refusal(status=status, code=code, text=""))
            assert meaning is (Meaning.LIMITED if status == 429 else Meaning.UNSURE), (status, code)
        for code in known:
            meaning, _ = venue.meaning(Refusal(status=status, code=code, text="words"))
            assert meaning is Meaning.UNSURE if status >= 500 else meaning in Meaning, (status, code)


@pytest.mark.parametrize("name", DIALECTS)
def test_every_reason_of_each_venue_has_words(name: str) -> None:
    reasons = {reason for table in vars(TABLES[name]).values() for reason in told_in(table)} | WORDS.get(name, set())
    assert len(reasons) > 8
    assert reasons - ACTED_UPON <= legs._NOTES.keys() | legs._REFUSALS


def told_in(table: object) -> Iterator[str]:
    """Return the reasons of whatever holds pairs of a meaning and a reason."""
    if isinstance(table, Mapping):
        table = (*table.keys(), *table.values())
    if isinstance(table, tuple) and len(table) == 2 and isinstance(table[0], Meaning):
        yield str(table[1])
    elif isinstance(table, tuple):
        for part in table:
            yield from told_in(part)


@pytest.mark.parametrize(
    ("code", "meaning", "reason"),
    [
        ("110016", Meaning.REJECTED, "too_much"),
        ("110040", Meaning.REJECTED, "liquidation"),
        ("110063", Meaning.REJECTED, "halted"),
        ("170124", Meaning.REJECTED, "too_much"),
        ("170139", Meaning.REJECTED, "unknown_order"),
        ("170151", Meaning.REJECTED, "halted"),
        ("170201", Meaning.KEY, ""),
        ("170222", Meaning.LIMITED, ""),
        ("170226", Meaning.REJECTED, "liquidation"),
        ("170372", Meaning.REJECTED, "price_band"),
        ("-2015", Meaning.KEY, ""),
        ("-1", Meaning.UNSURE, ""),
        ("110086", Meaning.REJECTED, "bad_leverage"),
        ("110090", Meaning.REJECTED, "too_much"),
        ("3100116", Meaning.REJECTED, "below_minimum"),
        ("3200300", Meaning.MONEY, ""),
        ("10016", Meaning.UNSURE, ""),
        ("170146", Meaning.UNSURE, ""),
        ("999999", Meaning.UNSURE, ""),
    ],
)
def test_what_some_codes_say(code: str, meaning: Meaning, reason: str) -> None:
    assert said(code) == (meaning, reason)
