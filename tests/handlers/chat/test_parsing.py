"""Numbers, weights and bands as people write them: read back to the same value in every language, and never guessed."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from handlers.chat import names, numbers, parsing
from handlers.views.common import decimal_sign
from tests.places import LOCALE

CATALOGUE = Catalogue(LOCALE)
WORDS = {language: CATALOGUE.words(language) for language in ("en", "es", "ru")}
languages = st.sampled_from(sorted(WORDS))
amounts = st.decimals(min_value=0, max_value=10**12, places=3)
coins = st.from_regex(r"[A-Z][A-Z0-9]{1,9}", fullmatch=True).filter(lambda name: "PCT" not in name)  # 40PCT is a share
LISTED = names.of_coins(("BTC", "ETH", "S", "1INCH", "1000SATS"))
texts = st.text(max_size=200) | st.text(alphabet="BTCETH0123456789.,%$ =:;-+kK\n", max_size=200)


@given(value=amounts, language=languages)
def test_what_we_write_is_what_we_read(value: Decimal, language: str) -> None:
    """A number in a language's own format is read back as itself, with thousands in groups and a fraction."""
    words = WORDS[language]
    assert numbers.number(words.number(value, 3), decimal_sign(words)) == value


@given(value=st.integers(min_value=0, max_value=10**12), language=languages, before=st.sampled_from(["", "$", "US$ "]))
def test_money_is_read_in_any_language(value: int, language: str, before: str) -> None:
    """1,234 · 1.234 · 1 234 are the same money, with a dollar sign or without, whatever language the person speaks."""
    words = WORDS[language]
    assert numbers.number(before + words.number(Decimal(value), 0)) == value


@given(value=st.decimals(min_value=0, max_value=100, places=3), language=languages)
def test_a_share_has_no_thousands(value: Decimal, language: str) -> None:
    """33,333 and 33.333 are a third, in any language and with its sign."""
    words = WORDS[language]
    assert numbers.number(words.number(value, 3) + "%", numbers.SHARE) == value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1,000.50", "1000.50"),
        ("1.000,50", "1000.50"),
        ("1 000,5", "1000.5"),
        ("1\u202f000,5", "1000.5"),
        ("1'000.5", "1000.5"),
        ("1,00,000", "100000"),
        ("1.000.000", "1000000"),
        ("0,500", "0.500"),
        ("10k", "10000"),
        ("2,5к", "2500"),
        (".5", "0.5"),
        ("-,5", "-0.5"),
        ("10 тыс.", "10000"),
        ("2 mil", "2000"),
        ("1.5M", "1500000"),
        ("3 млн", "3000000"),
        ("−5", "-5"),
        ("+5", "5"),
        ("US$ 250", "250"),
        ("250 USDT", "250"),
        ("１２３", "123"),
        ("٣٤", "34"),
        ("٠.٥٠٠", "0.5"),
        ("०,५००", "0.5"),
    ],
)
def test_ways_to_write_a_number(typed: str, value: str) -> None:
    """Groups, signs, other digits, thousands as k."""
    assert numbers.number(typed) == Decimal(value)


@pytest.mark.parametrize(
    ("typed", "decimal", "told"),
    [
        ("$40", numbers.SHARE, "is an amount of money. Write the number alone, like 40."),
        ("40 USDT", numbers.SHARE, "is an amount of money"),
        ("40%", numbers.MONEY, "is a share. Write an amount of money"),
        ("２５％", numbers.MONEY, "is a share"),
        ("40 €", numbers.MONEY, "is not in dollars"),
        ("40 руб", numbers.MONEY, "is not in dollars"),
        ("$40", ".", "is not an amount of coins"),
        ("40%", ",", "is not an amount of coins"),
    ],
)
def test_no_sign_is_lost(typed: str, decimal: str, told: str) -> None:
    """A sign that this kind of number cannot have is told, with what to write."""
    with pytest.raises(UserError, match=told):
        numbers.number(typed, decimal)


@pytest.mark.parametrize(("decimal", "value"), [(".", "1.500"), (",", "1500"), ("", "1500")])
def test_the_language_decides_what_one_mark_before_three_digits_means(decimal: str, value: str) -> None:
    """1.500 is one and a half for those who write fractions so, and fifteen hundred for the others."""
    assert numbers.number("1.500", decimal) == Decimal(value)


@pytest.mark.parametrize(
    "typed",
    ["", " ", "abc", "1,2,3", "1.2.3", "12,34.5", "1,000,00", "1e5", "0x10", "--5", "5-", "½", "1..5", "NaN", "inf", "9" * 41, "9" * 30],
)
def test_what_is_no_number_is_refused_not_guessed(typed: str) -> None:
    """A mistake of the person, told as one."""
    with pytest.raises(UserError):
        numbers.number(typed)


@pytest.mark.parametrize(
    ("text", "coins"),
    [
        ("ALT DOGE LINK", ("DOGE", "LINK")),
        ("alt: doge, link", ("DOGE", "LINK")),
        ("Альты: доги, солана", ("DOGE", "SOL")),
        ("alts = Solana y FOO", ("SOL", "FOO")),
        ("ALT 20 BTC 80", None),
        ("ALT", None),
        ("BTC SOL", None),
    ],
)
def test_the_coins_of_alt_are_read_where_nothing_has_a_number(text: str, coins: tuple[str, ...] | None) -> None:
    assert parsing.members(text, names.of_lines({"BTC", "DOGE", "LINK", "SOL"}, {})) == coins


@given(text=texts, decimal=st.sampled_from(["", ".", ","]))
def test_any_text_is_a_number_or_a_mistake(text: str, decimal: str) -> None:
    """Nothing else is ever raised, and a number has a sensible size."""
    try:
        value = numbers.number(text, decimal)
    except UserError:
        return
    assert value.is_finite()
    assert abs(value) <= numbers.MAX_NUMBER


@given(text=texts, decimal=st.sampled_from([".", ","]))
def test_any_text_is_pairs_or_says_what_is_wrong(text: str, decimal: str) -> None:
    """Either every name has its number, or there are problems and no values; bands likewise."""
    parsed = parsing.pairs(text)
    assert bool(parsed.values) != bool(parsed.problems)
    assert len(parsed.values) <= parsing.MAX_LINES
    assert all(value >= 0 for value in parsed.values.values())
    rules, problems = parsing.bands(text)
    assert bool(rules) != bool(problems)
    held = parsing.holdings(text, decimal, LISTED)
    assert bool(held.values) != bool(held.problems)
    assert held.otherwise.keys() <= held.values.keys()


@given(
    weights=st.dictionaries(coins, st.decimals(min_value=0, max_value=999_999, places=2), min_size=1, max_size=parsing.MAX_LINES),
    separator=st.sampled_from([" ", "=", ": ", " = ", ":"]),
    between=st.sampled_from([" ", "\n", ", ", "; ", " | "]),
    percent=st.sampled_from(["", "%", " %"]),
    language=languages,
    turned=st.booleans(),
)
def test_pairs_are_read_back_however_they_are_written(
    weights: dict[str, Decimal], separator: str, between: str, percent: str, language: str, turned: bool
) -> None:
    """Order, separators, per cent signs, groups of thousands (even by spaces) and small letters do not matter."""
    words = WORDS[language]
    known = names.Names({name.lower(): name for name in weights})
    said = {name: f"{words.number(value, 2)}{percent}" for name, value in weights.items()}
    written = between.join(f"{number} {name}" if turned else f"{name.lower()}{separator}{number}" for name, number in said.items())
    parsed = parsing.pairs(written, known)
    assert parsed.problems == ()
    assert parsed.values == weights
    assert list(parsed.values) == list(weights)


@given(
    widths=st.dictionaries(
        coins, st.tuples(st.decimals(min_value=0, max_value=99, places=1), st.booleans()), min_size=1, max_size=parsing.MAX_LINES
    )
)
def test_a_band_with_a_per_cent_sign_is_relative_and_a_bare_one_is_points(widths: dict[str, tuple[Decimal, bool]]) -> None:
    """Each line for itself, whatever stands beside it."""
    rules, problems = parsing.bands(" ".join(f"{name} {value}{'%' if relative else ''}" for name, (value, relative) in widths.items()))
    assert problems == ()
    for name, (value, relative) in widths.items():
        assert (rules[name].rel, rules[name].abs_pp) == ((value / 100, None) if relative else (None, value))


@given(text=st.text(max_size=300))
def test_a_quoted_excerpt_is_short_and_harmless(text: str) -> None:
    """No control characters and no direction marks, at most 24 characters."""
    excerpt = numbers.shown(text)
    assert len(excerpt) <= 24
    assert all(char == " " or (not char.isspace() and unicodedata.category(char)[0] != "C") for char in excerpt)
