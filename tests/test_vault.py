"""A sealed key opens for its owner in its row under its master key, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.errors import SealBroken, SettingError
from chatbot.model import Credentials
from chatbot.vault import Owner, Vault, new_master_key, number_of, refuse_lost

OLD, NEW = new_master_key(), new_master_key()
WORDS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=80)
OWNERS = st.builds(Owner, person_id=st.integers(1, 2**62), exchange=st.sampled_from(["binance", "bybit"]), key_id=st.integers(1, 2**62))
MINE = Owner(person_id=42, exchange="binance", key_id=7)
KEY = Credentials(api_key="public-half-of-it", secret="the-secret-half-of-it")


@given(api_key=WORDS, secret=WORDS, third=WORDS, owner=OWNERS, other=OWNERS)
def test_what_is_sealed_opens_for_its_owner_and_for_nobody_else(api_key: str, secret: str, third: str, owner: Owner, other: Owner) -> None:
    """Whatever the key is, of two parts or three; person, exchange and row are each part of the seal."""
    vault, credentials = Vault((NEW,)), Credentials(api_key=api_key, secret=secret, passphrase=third)
    sealed = vault.seal(credentials, owner)
    assert vault.open(sealed, owner) == credentials
    assert len(secret) < 8 or secret not in sealed
    if other != owner:
        with pytest.raises(SealBroken):
            vault.open(sealed, other)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_seal_with_one_bit_changed_does_not_open(at: int, bit: int) -> None:
    """Neither in the key number, nor in the nonce, nor in the text."""
    vault = Vault((NEW,))
    head, _, box = vault.seal(KEY, MINE).rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(box))
    raw[at % len(raw)] ^= 1 << bit
    for changed in (f"{head}.{base64.urlsafe_b64encode(raw).decode()}", f"{head}x.{box}", f"{head}.{box[:-4]}", "", "s1", "s1..", box):
        with pytest.raises(SealBroken):
            vault.open(changed, MINE)


def test_two_seals_of_the_same_key_are_never_alike() -> None:
    vault = Vault((NEW,))
    assert len({vault.seal(KEY, MINE) for _ in range(50)}) == 50


def test_the_newest_master_key_seals_and_the_older_ones_still_open() -> None:
    """A rotation needs both; afterwards the older one may go."""
    before, both = Vault((OLD,)).seal(KEY, MINE), Vault((NEW, OLD))
    after = both.seal(KEY, MINE)
    assert both.open(before, MINE) == KEY
    assert (both.is_newest(before), both.is_newest(after)) == (False, True)
    assert Vault((NEW,)).open(after, MINE) == KEY
    assert number_of(before) != number_of(after)


def test_a_lost_master_key_is_told_with_its_setting_its_number_and_the_cure() -> None:
    sealed = Vault((OLD,)).seal(KEY, MINE)
    refuse_lost(Vault((NEW, OLD)), [sealed])
    refuse_lost(Vault(), [])
    for vault in (Vault((NEW,)), Vault()):
        with pytest.raises(SettingError, match=rf"CHATBOT_SECRET_KEYS: 1 stored .*{number_of(sealed)}.*keys forget"):
            refuse_lost(vault, [sealed])


def test_a_vault_without_a_master_key_says_so() -> None:
    assert not Vault()
    assert Vault((NEW,))


@pytest.mark.parametrize("written", ["short", "x" * 44, "ü" * 43, NEW[:-1] + "!"], ids=["short", "long", "foreign", "broken"])
def test_what_is_no_master_key_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(SettingError) as refused:
        Vault((written,))
    assert written not in str(refused.value)


def test_neither_half_of_a_key_shows_where_values_are_written_out() -> None:
    """In a log line, a traceback with its local variables, the output of a test."""
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr([KEY])):
        assert KEY.api_key not in shown
        assert KEY.secret not in shown
