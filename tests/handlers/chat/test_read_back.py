"""What the bot writes is read back, when it is copied and sent, as the same value, in every language; or refused, never as another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from chatbot.charts.direction import RLM, directed
from chatbot.errors import UserError
from chatbot.i18n import SAID, SOURCE, Catalogue, Words
from handlers.chat import amounts, numbers, parsing
from handlers.chat.names import of_coins
from handlers.chat.reading import characters
from handlers.views.common import decimal_sign
from tests.places import LOCALE

CATALOGUE = Catalogue(LOCALE)
LANGUAGES = CATALOGUE.languages
VALUES = (Decimal("0.5"), Decimal("1234567.89"), Decimal(-1234))
#: currencies that are money and no dollars, with their own signs and without
FOREIGN = ("EUR", "GBP", "BRL", "RUB", "TRY", "CNY", "IDR", "MXN", "AED", "JPY", "INR")
#: anything that is shown: at most eight decimals
ANY = st.decimals(min_value=-(10**9), max_value=10**9, places=8)


def figures(language: str, currency: str = "USD") -> Words:
    """Return the words of a language without its catalogue, which no number is in and which takes long to read."""
    english = CATALOGUE.words(SOURCE, currency=currency)
    return replace(english, language=language, locale=Locale.parse(language), dates=Locale.parse(language))


def typed(written: str) -> str:
    """Return what arrives when somebody copies a thing out of a message and sends it."""
    return characters.plain(written)


def in_a_message(written: str) -> str:
    """Return a thing as it stands in a message from right to left, with the marks that keep its order."""
    shown = directed(f"{SAID}القيمة {written} الآن")
    assert shown.startswith(RLM), "it is marked"
    return shown.removeprefix(f"{RLM}القيمة ").removesuffix(" الآن")


def read_back(words: Words, value: Decimal) -> None:
    """Read all that is written of one value."""
    sign = decimal_sign(words)
    ways = (
        (words.number(value, 8), value, sign),
        (words.signed(value, 8), value, sign),
        (words.quantity(value), value, sign),
        (words.percent(value, 8), value * 100, numbers.SHARE),
        (words.signed_percent(value, 8), value * 100, numbers.SHARE),
        (words.points(value, 6), value * 100, numbers.SHARE),
        (words.signed_points(value, 6), value * 100, numbers.SHARE),
        (words.number(value, 2), round(value, 2), numbers.MONEY),
        (words.money(value), round(value, 2), numbers.MONEY),
        (words.signed_money(value), round(value, 2), numbers.MONEY),
        # A price of three decimals alone is read in two ways: as money it is thousands.
        *(() if numbers.is_twofold(words.price(abs(value))) else ((words.price(abs(value)), None, numbers.MONEY),)),
    )
    for written, meant, decimal in ways:
        got = numbers.number(typed(in_a_message(written) if words.direction == "rtl" else written), decimal)
        if meant is not None:
            assert got == meant, (words.language, written)
        else:
            assert abs(got - abs(value)) <= Decimal("0.0000000001") + abs(value) / 100_000, (words.language, written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_is_read_back(language: str) -> None:
    """Numbers, signed ones, shares, points, money, prices and quantities."""
    for value in VALUES:
        read_back(figures(language), value)
    in_coins = figures(language, currency="USDT").money(VALUES[-1])
    assert numbers.number(typed(in_coins)) == VALUES[-1]
    assert typed(in_a_message(in_coins)) == typed(in_coins)


@pytest.mark.long
@given(value=ANY)
def test_any_number_is_read_back(value: Decimal) -> None:
    """The same of any value, in every language."""
    for language in LANGUAGES:
        read_back(figures(language), value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_money_is_never_dollars(language: str) -> None:
    """What is written in a currency that no exchange lists is refused, whatever stands for it in the language."""
    for currency in FOREIGN:
        written = figures(language, currency=currency).money(Decimal("1234.5"))
        with pytest.raises(UserError):
            numbers.number(typed(written))


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_are_read_back(language: str) -> None:
    """Amounts of coins and shares beside their names, as lists of the language have them."""
    words = figures(language)
    coins = {"BTC": Decimal("1234.5"), "ETH": Decimal("0.25"), "SOL": Decimal(60)}
    for between in (", ", "، ", "，", "、", "；", "؛ ", "\n"):
        said = between.join(f"{words.quantity(qty)} {name}" for name, qty in coins.items())
        assert amounts.understood(typed(said), coins, "USDT", decimal_sign(words)).sure().holdings == coins, said
        shares = between.join(f"{name} {words.percent(share)}" for name, share in (("BTC", 0.625), ("ETH", 0.375)))
        assert parsing.pairs(typed(shares), of_coins(coins)).values == {"BTC": Decimal("62.5"), "ETH": Decimal("37.5")}, shares


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.234,56 US$", "1234.56"),
        ("US$ 1.234,56", "1234.56"),
        ("−US$\u00a050,25", "-50.25"),
        ("+US$\u00a01.234,00", "1234"),
        ("１２３．５", "123.5"),
        ("１，２３４", "1234"),
        ("١٫٥", "1.5"),
        ("١٬٢٣٤٫٥", "1234.5"),
        ("۱۲۳", "123"),
        ("1\u202f234,56\u00a0$", "1234.56"),
        ("\u20681.5\u2069", "1.5"),
        ("\u200f1.5", "1.5"),
    ],
)
def test_amounts_from_other_keyboards(written: str, meant: str) -> None:
    """Other digits, marks and spaces, and marks of direction that came with a copy."""
    assert numbers.number(typed(written)) == Decimal(meant)
    assert numbers.number(written.translate({ord(mark): None for mark in "\u2068\u2069\u200f"})) == Decimal(meant)


@pytest.mark.parametrize("share", ["50%", "%50", "50 %", "٪50", "50٪", "٥٠٪", "５０％", "+%50", "％50"])
def test_a_share_is_no_money_on_any_keyboard(share: str) -> None:
    """Half is no fifty dollars, and no fifty coins, whatever sign stands for per cent and on whichever side."""
    for said in (share, typed(share)):
        assert numbers.number(said, numbers.SHARE) == 50
        for other in (numbers.MONEY, "."):
            with pytest.raises(UserError):
                numbers.number(said, other)


def test_a_share_may_stand_behind_another_number() -> None:
    """Behind an amount too: /mode auto 500 %10; and where per cent is apart from both, it is of the number before it."""
    assert typed("500 %10") == "500 10%"
    assert typed("%50 %20") == "50% 20%"
    assert typed("40 % 30 %") == "40 % 30 %"
    assert typed("40%30%") == "40%30%"
