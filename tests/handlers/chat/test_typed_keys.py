"""What is deleted from the chat as a key, and what stays: a false deletion is told, a leaked key is not forgiven."""

from __future__ import annotations

import random
from string import ascii_letters, digits

import pytest

from handlers.chat.typed_keys import is_like_one

_LETTERS, _HEX = ascii_letters + digits, "0123456789abcdef"
#: the halves of a key as each exchange writes them: signs to choose from, how many, what stands before
FORMATS = {
    "Binance": [(_LETTERS, 64, ""), (_LETTERS, 64, "")],
    "Bybit": [(_LETTERS, 18, ""), (_LETTERS, 36, "")],
    "MEXC": [(_LETTERS, 12, "mx0vgl"), (_HEX, 32, "")],
    "BingX": [(_LETTERS, 86, ""), (_LETTERS, 86, "")],
    "WEEX": [(_HEX, 32, "weex_"), (_HEX, 64, "")],
}
#: what people paste that is as long, and that everybody may see
PUBLIC = (
    "0x" + "5290Ab41" * 5,
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa and 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh and LdP8Qox1VAhCzLJNqrr74YovaWYyNBUWvL",
    "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
    "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
    "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN",
    "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x",
    "tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb",
    "order 550e8400-e29b-41d4-a716-446655440000",
    "https://www.example.com/chart/BTCUSDT/how-to-rebalance-your-crypto-portfolio-in-2025-without-fear",
    "Rechtsschutzversicherungsgesellschaften 12345678901234567890123456789012345",
)


@pytest.mark.parametrize("exchange", FORMATS)
def test_a_key_of_every_promised_exchange_is_known_whole_and_by_its_secret_half(exchange: str) -> None:
    chance = random.Random(exchange)
    for _ in range(100):
        key, secret = ("".join([before, *chance.choices(signs, k=count)]) for signs, count, before in FORMATS[exchange])
        assert is_like_one(f"{key}\n{secret}")
        assert is_like_one(f"apiKey={key}&secret={secret}")
        assert is_like_one(f"the secret is {secret}, ok?")


def test_a_key_of_letters_alone_and_one_of_a_program_are_known() -> None:
    """One in six hundred of Bybit's secret halves holds no digit."""
    assert is_like_one("qWeRtYuIoPaSdFgHjKlZxCvBnMqWeRtYuIoP")
    assert is_like_one("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----")


@pytest.mark.parametrize("text", PUBLIC)
def test_what_proves_itself_public_stays(text: str) -> None:
    assert not is_like_one(text)


@pytest.mark.parametrize("text", [one for one in PUBLIC if one[:2] in ("bc", "TR", "EQ", "GA", "15", "ad", "tz")])
def test_an_address_with_a_wrong_letter_proves_nothing(text: str) -> None:
    """The check is made, not the look of it."""
    assert is_like_one(text[:-9] + ("q" if text[-9] != "q" else "p") + text[-8:])


def test_the_number_of_a_transfer_is_as_long_as_a_secret_half() -> None:
    """Nobody can tell it from WEEX's: it is deleted, and the sentence says that it may be something else."""
    assert is_like_one("8f14e45fceea167a5a36dedd4bea25438f14e45fceea167a5a36dedd4bea2543")
