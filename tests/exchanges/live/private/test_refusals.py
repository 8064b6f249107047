"""What is refused for certain is no unknown outcome: a code of which the venue says what it means costs nobody a question."""

from __future__ import annotations

import pytest

from chatbot.exchanges.live.ccxt_errors import Meaning
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.private.bybit import errors as bybit_errors
from chatbot.exchanges.live.private.dialect import SKEW, Refusal
from handlers.views.plan import legs

#: Bybit's codes that leave open what became of an order: time-outs, errors inside of it, orders that it is still busy with; and those of a
#: request to change one, which is never made here
OPEN = {"170001", "170007", "170032", "170035", "170144", "170146", "170147", "170149", "170150", "170191", "170234"}
NO_ORDERS = {"110028", "110033", "110054", "110055", "110056", "110058", "110059", "110060", "110061", "110062", "110064", "110065"} | {
    *("110071", "110073", "110092", "110093", "170203", "170204", "170206", "110027", "110041", "110048", "110050", "110015")
}
#: reasons that the executor acts upon, so that no leg ends with them
ACTED_UPON = {"", "no_change", "unknown_order", "duplicate_id", "would_take"}


def said(code: str) -> tuple[Meaning, str]:
    return bybit_errors.meaning(Refusal(status=200, code=code, text="", retry_after_s=None))


def test_every_refusal_of_an_order_that_bybit_names_is_one() -> None:
    known = [code for code in exchange_class("bybit")({}).exceptions["exact"] if code.startswith(("110", "170"))]
    assert len(known) >= 150
    assert {code for code in known if said(code)[0] is Meaning.UNSURE} == OPEN | NO_ORDERS


def test_every_reason_has_words() -> None:
    reasons = {reason for _, reason in bybit_errors.CODES.values()} - ACTED_UPON - {SKEW}
    assert reasons <= legs._NOTES.keys() | legs._REFUSALS


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
