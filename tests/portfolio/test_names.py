"""What a portfolio may be called: anything that is short, on one line, not taken, and not mistaken for the mark before it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import UserError
from chatbot.portfolio import names


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Savings", "Savings"),
        ("  long \n term ", "long term"),
        ("<b>Pension</b> & co", "<b>Pension</b> & co"),
        ("Рента 2030", "Рента 2030"),
        ("老後資金", "老後資金"),
        ("👩\u200d🚀 moon 1", "👩\u200d🚀 moon 1"),
        ("x" * names.LONGEST, "x" * names.LONGEST),
        ("Alive", "Alive"),
        ("Papers", "Papers"),
        ("e\u0301tat", "état"),
    ],
)
def test_a_name_is_kept_as_it_was_meant(typed: str, stored: str) -> None:
    assert names.checked(typed, ()) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "!?",
        "x" * (names.LONGEST + 1),
        "a\u202eb",
        "a\x00b",
        "a\u2066b",
        "\ud83d",
        "Live · Binance",
        "LIVE",
        "paper",
        "my demo",
        "ＬＩＶＥ",
        "LІVE",
        "РАРЕR",
        "T\u200dEST",
        "L I V E",
        "L_I_V_E",
        "dem0",
        "l1ve",
        "ᴅᴇᴍᴏ",
        "MANÚAL",
        "wátch",
        "ΤΕSΤ",
    ],
)
def test_what_hides_something_or_passes_for_a_mark_is_no_name(typed: str) -> None:
    """Direction marks, control characters, separators of the head, and every spelling that an eye takes for a mode."""
    with pytest.raises(UserError):
        names.checked(typed, ())


@pytest.mark.parametrize("typed", ["Savings", "SAVINGS", "savíngs", "Sаvings", "ｓavings", "Savings "])
def test_two_names_of_one_person_never_look_alike(typed: str) -> None:
    with pytest.raises(UserError) as refused:
        names.checked(typed, ("Savings",))
    assert "already" in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("Equilibrada", "balanced"), ("equilibrada 03", "balanced 3"), ("Balanced 2", "balanced 2"), ("Equilibradas", "Equilibradas")],
)
def test_a_strategys_name_is_the_same_name_in_every_language(typed: str, stored: str) -> None:
    """Typed in Spanish it is shown in English to whoever reads English, and cannot be given twice."""
    labels = {"Equilibrada": "balanced", "Balanced": "balanced"}
    assert names.checked(typed, (), labels) == stored
    with pytest.raises(UserError, match="already"):
        names.checked(typed, (stored,), labels)


def test_a_strategys_name_gets_the_first_free_number() -> None:
    assert names.distinct("balanced", ()) == "balanced"
    assert names.distinct("balanced", ("Balanced",)) == "balanced 2"
    assert names.distinct("balanced", ("balanced", "balanced 2", "balanced 4")) == "balanced 3"
    assert all(map(names.is_given, ("balanced", "custom 12")))
    assert not any(map(names.is_given, ("Balanced", "balanced two", "mine")))


@given(st.text(max_size=40), st.lists(st.text(max_size=30), max_size=3))
def test_whatever_is_typed_becomes_a_name_that_is_safe_to_show_or_is_refused(typed: str, taken: list[str]) -> None:
    """Stored names are short, printable but for joiners, on one line, and stay themselves when they are checked again."""
    try:
        name = names.checked(typed, taken)
    except UserError:
        return
    assert 1 <= len(name) <= names.LONGEST
    assert name == " ".join(name.split())
    assert all(unicodedata.category(char)[0] != "C" or char in "\u200c\u200d" for char in name)
    assert name not in taken
    assert names.checked(name, taken) == name
