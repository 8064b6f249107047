"""Prices beside amounts, in three languages: 0.5 BTC at 60000 is half a bitcoin, and never an amount of a coin called AT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.chat.amounts import understood
from tests.handlers.chat.speakers import OPERATORS, asked_for_holdings, speakers
from tests.handlers.chat.test_holdings_as_written import LISTED, amounts, decimal
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

#: none of the words is a coin there; and where all of them are
FEW, MANY = tuple(name for name in LISTED if name != "A"), (*LISTED, "AT", "FOR", "POR", "ЗА", "ПО")
BTC, BOTH = "BTC 0.5", "BTC 0.5 ETH 4"

#: what is typed: half a bitcoin, whatever is said of its price
HALF = {
    "en": (
        *("BTC 0.5 at 60000", "0.5 BTC at 60000", "0.5 BTC @ 60000", "0.5 BTC @60000", "BTC 0.5 @ 60k", "0.5BTC@60000", "BTC @60000 0.5"),
        *("0.5 btc for 30000", "0.5 BTC at $60,000", "0.5 BTC @ $60k", "0.5 BTC @60,000.00", "0.5 BTC for $30000", "BTC at 60000: 0.5"),
        *("BTC 0.5 for 30000 usdt", "0.5 BTC at 60000 USDT", "0.5 BTC at USDT 60000", "0.5 BTC at 60000 each", "0.5 btc (at 60000)"),
        *("bought 0.5 BTC at 60000", "0.5 BTC bought at 60000", "0.5 BTC, bought at 60000", "I bought 0.5 BTC at 60000"),
        *("BTC 0.5 price 60000", "BTC 0.5 avg 60000", "BTC 0.5, entry 60000", "BTC 0.5 entry price 60000", "0.5 BTC average cost 60000"),
        *("0.5 btc worth 30000", "0.5 btc worth $30000", "0.5 btc cost 30000", "0.5 BTC\nat 60000", "BTC\t0.5\t@60000", "0.5 BTC at 3"),
    ),
    "es": (
        *("0,5 BTC a 60000", "BTC 0,5 a 60.000", "0,5 BTC a 60.000 $", "0,5 BTC por 30000", "0,5 BTC comprado a 60000"),
        *("compré 0,5 BTC a 60000", "comprado 0,5 BTC a 60000", "0,5 BTC a un precio de 60000", "0,5 BTC precio 60000"),
        *("0,5 BTC, precio medio 60.000", "0,5 BTC a 60 mil", "BTC 0,5 @ 60.000", "0,5 BTC por 30.000 dólares", "0,5 BTC coste 60000"),
    ),
    "ru": (
        *("0,5 BTC по 60000", "BTC 0,5 по 60000", "BTC 0,5 за 30000", "0,5 BTC за 60000", "купил 0,5 BTC по 60000"),
        *("0,5 BTC по цене 60000", "0,5 BTC купил по 60000", "0,5 BTC по 60 000 $", "0,5 BTC по курсу 60000", "0,5 BTC, цена 60000"),
        *("0,5 биткоина по 60 тыс", "0,5 BTC, средняя цена 60 000", "0,5 BTC @ 60000", "куплено 0,5 BTC за 30000 долларов"),
    ),
}
#: several coins
TWO = [
    ("en", "BTC 0.5 at 60000, ETH 4 at 3000"),
    ("en", "0.5 BTC at 60000 and 4 ETH at 3000"),
    ("en", "0.5 BTC @60000\n4 ETH @3000"),
    ("en", "• 0.5 BTC (at 60000)\n• 4 ETH (at 3000)"),
    ("en", "0.5 BTC at 60000 4 ETH"),
    ("es", "0,5 BTC a 60000 y 4 ETH a 3000"),
    ("es", "BTC 0,5 por 30000; ETH 4 por 12000"),
    ("ru", "0,5 BTC по 60000, 4 ETH по 3000"),
    ("ru", "0,5 BTC за 30000 и 4 ETH за 12000"),
]
#: what is refused, with what is said about it
REFUSED = [
    ("en", "BTC at 60000", "There is no number after BTC."),
    ("en", "BTC@60000", "There is no number after BTC."),
    ("en", "@ 60000", "“@ 60000” is only a price."),
    ("en", "price 60000", "“price 60000” is only a price."),
    ("en", "BTC 0.5 60000", "There is no name next to “60000”."),
    ("en", "BTC 0.5 (60000)", "There is no name next to “60000”."),
    ("en", "0.5 BTC at 5%", "I don't understand “at” here."),
    ("es", "BTC a 60000", "There is no number after BTC."),
    ("es", "0,4 a 0,6 BTC", "“0,4 a 0,6” is a range."),
    ("es", "BTC 0,4 a 0,6", "“0,4 a 0,6” is a range."),
    ("ru", "BTC по 60000", "There is no number after BTC."),
]
#: the exchange lists a coin of that name: in the same item of a list nobody can tell, in an item of its own it is the coin
NAMESAKES = [
    ("en", "BTC 0.5 at 60000", "“at 60000” may be a price, or an amount of AT."),
    ("en", "BTC 0.5 AT 60000", "“AT 60000” may be a price, or an amount of AT."),
    ("en", "0.5 BTC for 30000", "“for 30000” may be a price, or an amount of FOR."),
    ("en", "0.5 BTC a 60000", "“a 60000” may be a price, or an amount of A."),
    ("es", "0,5 BTC a 60000", "“a 60000” may be a price, or an amount of A."),
    ("es", "0,5 BTC por 30000", "“por 30000” may be a price, or an amount of POR."),
    ("ru", "0,5 BTC за 30000", "“за 30000” may be a price, or an amount of ЗА."),
    ("en", "BTC 0.5 at $60000", BTC),
    ("en", "bought BTC 0.5 at 60000", BTC),
    ("es", "0,5 BTC a un precio de 60000", BTC),
    ("en", "0.5 BTC\nat 60000", "“at 60000” may be a price, or an amount of AT."),
    ("en", "btc 0.5, at 60000", "“at 60000” may be a price, or an amount of AT."),
    ("en", "BTC 0.5, AT 40", "BTC 0.5 AT 40"),
    ("en", "BTC 0.5\n40 AT", "BTC 0.5 AT 40"),
    ("en", "s 40 a 5", "S 40 A 5"),
]


@pytest.mark.parametrize(("language", "typed"), [(language, typed) for language, some in HALF.items() for typed in some])
def test_a_price_is_left_out(language: str, typed: str) -> None:
    """Before and behind the amount, in every form."""
    read = understood(typed, FEW, "USDT", decimal(language))
    assert read.problems == ()
    assert read.holdings == amounts(BTC)


@pytest.mark.parametrize(("language", "typed"), TWO)
def test_the_price_of_each_is_left_out(language: str, typed: str) -> None:
    read = understood(typed, FEW, "USDT", decimal(language))
    assert read.problems == ()
    assert read.holdings == amounts(BOTH)


@pytest.mark.parametrize(("language", "typed", "told"), REFUSED)
def test_a_price_alone_is_no_amount(language: str, typed: str, told: str) -> None:
    """Nor is a number that nothing is said of, or a share."""
    problems = understood(typed, FEW, "USDT", decimal(language)).problems
    assert any(told in str(problem) for problem in problems), [str(problem) for problem in problems]


@pytest.mark.parametrize(("language", "typed", "meant"), NAMESAKES)
def test_a_coin_that_is_called_like_such_a_word_is_asked_about(language: str, typed: str, meant: str) -> None:
    """In the same item of a list; bought, a price and money say that no coin is meant."""
    read = understood(typed, MANY, "USDT", decimal(language))
    if meant.startswith("“"):
        assert any(meant in str(problem) for problem in read.problems), read
    else:
        assert read.holdings == amounts(meant), read.problems


def test_no_price_is_ever_an_amount() -> None:
    """Of whatever coin: not where none of these words is listed, and not where all are."""
    for language, some in HALF.items():
        for typed in some:
            for listed in (FEW, MANY):
                assert set(understood(typed, listed, "USDT", decimal(language)).holdings) <= {"BTC"}, typed


async def test_prices_are_left_out_in_the_chat(tmp_path: Path) -> None:
    """The review shows what is held at the price of the market."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = {language: await asked_for_holdings(one) for language, one in speakers(ann).items()}
        for language, typed, told in (
            ("en", "BTC 0.5 at 60000, 4 ETH @ 3000", "• 0.5 BTC ≈ $"),
            ("es", "0,5 BTC a 60.000", "• 0,5 BTC ≈ "),
            ("ru", "0,5 BTC по 60000", "• 0,5 BTC ≈ "),
        ):
            answer = (await people[language].say(typed)).replace("\xa0", " ")
            assert told in answer, answer
            assert "60000" not in answer
