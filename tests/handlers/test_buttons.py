"""Sealed buttons: only the person they were made for can press them, unchanged and in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model import Person
from handlers.buttons import MAX_BYTES, Button, Reason, Refusal, Signer, Style, Tap, markup

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SIGNER = Signer(b"0123456789abcdef")
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_/.+-"


@given(action=st.text("abcdefghij_", min_size=1, max_size=12), arg=st.text(ALPHABET, max_size=24), person=st.integers(1, 2**52))
def test_what_is_packed_comes_back(action: str, arg: str, person: int) -> None:
    """A payload opens to the same action and argument, dots in the argument included, and fits Telegram."""
    data = SIGNER.pack(action, arg, person, person, LATER)
    assert len(data.encode()) <= MAX_BYTES
    assert SIGNER.unpack(data, person, person, NOW) == Tap(action, arg)


@pytest.mark.parametrize(("person", "chat"), [(2, 1), (1, 2), (11, 1), (1, 11)])
def test_somebody_elses_button_is_forged(person: int, chat: int) -> None:
    """The same payload means nothing from another person or in another chat."""
    data = SIGNER.pack("confirm", "27", 1, 1, LATER)
    assert SIGNER.unpack(data, person, chat, NOW) == Refusal(Reason.FORGED, "confirm", "27")


@given(at=st.integers(0, 63), char=st.sampled_from(ALPHABET))
def test_no_changed_payload_opens(at: int, char: str) -> None:
    """Changing any one character never yields a tap."""
    data = SIGNER.pack("confirm", "27", 1, 1, LATER)
    at %= len(data)
    changed = data[:at] + char + data[at + 1 :]
    opened = SIGNER.unpack(changed, 1, 1, NOW)
    assert isinstance(opened, Refusal) != (changed == data)


def test_another_key_does_not_fit() -> None:
    """A payload of another installation is refused."""
    data = Signer(b"another key of 16").pack("confirm", "27", 1, 1, LATER)
    assert SIGNER.unpack(data, 1, 1, NOW) == Refusal(Reason.FORGED, "confirm", "27")


def test_an_old_button_says_what_it_was() -> None:
    """Expiry is exact to the second and keeps action and argument, so that the answer can offer the same again."""
    data = SIGNER.pack("confirm", "27", 1, 1, LATER)
    assert SIGNER.unpack(data, 1, 1, LATER - timedelta(seconds=1)) == Tap("confirm", "27")
    assert SIGNER.unpack(data, 1, 1, LATER) == Refusal(Reason.EXPIRED, "confirm", "27")


@pytest.mark.parametrize(
    "data", ["", "v1", "v1.confirm.27", "v0.confirm.27.abc.AAAAAAAAAAAA", "v1..27.abc.AAAA", "v1.a.b.ABC.AAAA", "....", "v1.a.b.é.x"]
)
def test_strange_payloads_are_malformed(data: str) -> None:
    """Whatever is not ours is refused without an exception."""
    assert SIGNER.unpack(data, 1, 1, NOW) == Refusal(Reason.MALFORMED)


def test_too_long_is_an_error_of_ours() -> None:
    """A payload that Telegram would refuse is found when it is made."""
    with pytest.raises(ValueError, match="longer than 64 bytes"):
        SIGNER.pack("confirm", "9" * 40, 1, 1, LATER)


def test_a_short_key_is_refused() -> None:
    """A key that can be guessed is no key."""
    with pytest.raises(ValueError, match="16 bytes"):
        Signer(b"short")


def test_markup_seals_for_the_person() -> None:
    """Buttons keep their place, label and colour; the payload opens for this person only."""
    person = Person(id=5, chat_id=5)
    keyboard = ((Button("Confirm", Tap("confirm", "27"), Style.SUCCESS), Button("Edit", Tap("edit", "27"))),)
    sealed = markup(keyboard, SIGNER, person, NOW)
    assert sealed is not None
    confirm, edit = sealed.inline_keyboard[0]
    assert (confirm.text, confirm.style, edit.text, edit.style) == ("Confirm", "success", "Edit", None)
    assert SIGNER.unpack(str(confirm.callback_data), 5, 5, NOW) == Tap("confirm", "27")
    assert isinstance(SIGNER.unpack(str(confirm.callback_data), 6, 6, NOW), Refusal)


def test_no_buttons_no_markup() -> None:
    """A view without buttons is sent without a keyboard."""
    assert markup((), SIGNER, Person(id=5, chat_id=5), NOW) is None
