"""Amounts of money as people write them, in three languages: what each is read as, or the sentence that answers it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import UserError
from handlers.chat import numbers
from handlers.chat.reading import sums
from tests.handlers.chat.speakers import OPERATORS, speakers, with_portfolios
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

READ = [
    *(
        ("10000", typed)
        for typed in ("10000", "10,000", "10.000", "10 000", "10\u202f000", "10'000", "10’000", "10_000", "10000.", "10000.00")
    ),
    *(
        ("10000", typed)
        for typed in ("10.000,00", "10,000.00", "10 000,00", "10000!", "10000?", "~10000", "≈ 10 000", "１００００", "١٠٠٠٠")
    ),
    *(
        ("10000", typed)
        for typed in ("$10,000", "10,000$", "$ 10,000", "US$10,000", "USD 10000", "10000 usd", "10000 USDT", "10000 dollars")
    ),
    *(("10000", typed) for typed in ("10k", "10K", "$10k", "10k usd", "10 thousand", "0.01m")),
    *(("10000", typed) for typed in ("10000 dólares", "10.000 dolares", "10 mil", "10 mil dólares", "US$ 10.000,00")),
    *(
        ("10000", typed)
        for typed in ("10к", "10 тыс", "10 тыс.", "10 тысяч", "0,01 млн", "10000 долларов", "10 тыс долларов", "10 000,00 $")
    ),
    *(
        ("1000000", typed)
        for typed in ("1.000.000", "1,000,000", "10,00,000", "1 000 000", "1M", "1 million", "1 millón", "1 млн", "$1.000.000")
    ),
    # money has no thousandths, whatever the language
    *(("1500", typed) for typed in ("1.500", "1,500", "1.5k", "1,5k", "1,5 mil", "1,5 тыс")),
    *(("150000", typed) for typed in ("150.000", "150,000")),
    *(("1234.5", typed) for typed in ("1,234.5", "1.234,5", "1 234,5", "1234.50", "1'234.50")),
    ("250.75", "250,75"),
    ("100", "100"),
    ("1000000000", "1 000 000 000"),
]
SAID = [
    *(
        ("10000", typed)
        for typed in (
            "ten thousand",
            "10,000 please",
            "10 grand",
            "10 000,-",
            "$10 k",
            "10 mil",
            "about 10k",
            "start with 10k",
            "10000,-",
            "10.000,-",
            "=10000",
            "usdt:10000",
        )
    ),
    *(
        ("10000", typed)
        for typed in ("diez mil", "unos 10000", "10 mil por favor", "diez mil dólares", "10000 pavos", "empezar con 10.000")
    ),
    *(("10000", typed) for typed in ("десять тысяч", "10 тысяч пожалуйста", "около 10000", "10 косарей", "10 тыщ", "10 штук баксов")),
    *(("1000", typed) for typed in ("a thousand", "one thousand dollars", "mil", "mil usdt", "тысяча долларов", "тысяча", "тысячу")),
    *(("1500", typed) for typed in ("fifteen hundred", "mil quinientos", "полторы тысячи", "one thousand five hundred")),
    *(("500000", typed) for typed in ("half a million", "medio millón", "полмиллиона", "five hundred thousand")),
    ("1500000", "millón y medio"),
]
REFUSED = [
    *(
        ("is not in dollars. Amounts here are in US dollars: write it like 2500 or $2500.", typed)
        for typed in ("€500", "500 €", "500 eur", "£500")
    ),
    *(
        ("is not in dollars", typed)
        for typed in ("500 euros", "500 евро", "500 руб", "500 рублей", "500₽", "R$ 500", "MX$500", "500 pesos", "C$500")
    ),
    *(("is a share. Write an amount of money, like 2500.", typed) for typed in ("50%", "5 %", "50％")),
    *(("The amount must be between 100 and 1000000000", typed) for typed in ("0", "99.99", "-500", "$-500", "1000000001", "2 bn", "5")),
    *(
        ("is not a number", typed)
        for typed in ("1e4", "plenty", "mucho", "много", "10^4", "0x10", "NaN", "1,2,3", "1.2.3", "", "ten twenty", "one of these")
    ),
    *(("is not a number", typed) for typed in ("500-1000", "500 1000", "10 00", "BTC 0.5", "half", "🚀", "1..5", "--5", "10,000 tomorrow")),
    ("is too large", "9" * 20),
]


@pytest.mark.parametrize(("amount", "typed"), READ)
def test_an_amount_is_read_as_it_was_meant(amount: str, typed: str) -> None:
    """Marks, signs and words of money, thousands and millions; the same in every language."""
    assert numbers.amount(typed) == sums.start_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(("amount", "typed"), SAID)
def test_an_amount_may_be_said_in_words(amount: str, typed: str) -> None:
    """Where a portfolio begins: numbers in words and slang, with what is said around them."""
    assert sums.start_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(("told", "typed"), REFUSED)
def test_what_is_no_amount_is_answered_with_what_to_write(told: str, typed: str) -> None:
    """Another currency, a share, a range, words."""
    with pytest.raises(UserError) as refused:
        sums.start_amount(typed)
    assert told in str(refused.value)


START = [
    ("en", "2,500 tomorrow", "is not a number"),
    ("en", "€2500", "“€2500” is not in dollars."),
    ("en", "two thousand five hundred", "It starts with $2,500"),
    ("es", "50%", "«50%» es un porcentaje."),
    ("es", "2,5 mil dólares", "2.500"),
    ("ru", "500 рублей", "«500 рублей» — не доллары."),
    ("ru", "2,5 тыс", "2 500"),
]
MOVED = [
    ("en", "/deposit €500", "“€500” is not in dollars."),
    ("en", "/deposit 50%", "“50%” is a share."),
    ("en", "/deposit 1.5k", "$1,500"),
    ("en", "/withdraw $200", "$200"),
    ("es", "/deposit 1.500 dólares", "1.500"),
    ("ru", "/deposit 1,5 тыс", "1 500"),
]


@pytest.mark.long
async def test_an_amount_is_shown_before_anything_is_set_up_with_it(tmp_path: Path) -> None:
    """In three languages: what was understood stands above the strategies, and the answer to a mistake keeps the question open."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = speakers(ann)
        for one in people.values():
            await one.say("/start")
            await one.tap(one.last.buttons[0])
        for language, typed, told in START:
            answer = (await people[language].say(typed)).replace("\xa0", " ")
            assert told in answer, answer


@pytest.mark.long
async def test_what_comes_in_and_goes_out_is_read_the_same_way(tmp_path: Path) -> None:
    """/deposit and /withdraw, with what was understood in the answer."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, told in MOVED:
            answer = (await people[language].say(typed)).replace("\xa0", " ")
            assert told in answer, answer
