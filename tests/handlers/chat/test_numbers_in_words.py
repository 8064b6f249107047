"""Numbers in words, in three languages: whatever number somebody spells out is that number, and two of them never run together."""

from __future__ import annotations

import random
import time

import pytest

from handlers.chat import names
from handlers.chat.reading import numerals

#: zero and up, the tens above them, and the hundreds where they have words of their own
WORDS = {
    "en": """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety""",
    "es": """cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis \
diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve
treinta cuarenta cincuenta sesenta setenta ochenta noventa
ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos""",
    "ru": """ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать \
пятнадцать шестнадцать семнадцать восемнадцать девятнадцать
двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто
сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот""",
}
ENGLISH, SPANISH, RUSSIAN = ([line.split() for line in lines.split("\n")] for lines in WORDS.values())
SEED, SAMPLES = 20261129, 60


def english(number: int) -> str:
    """Spell a number up to a million."""
    small, tens = ENGLISH
    if number >= 1000:
        return f"{english(number // 1000)} thousand {english(number % 1000) if number % 1000 else ''}".strip()
    if number >= 100:
        return f"{small[number // 100]} hundred {'and ' + english(number % 100) if number % 100 else ''}".strip()
    return small[number] if number < 20 else f"{tens[number // 10 - 2]}{'-' + small[number % 10] if number % 10 else ''}"


def spanish(number: int) -> str:
    """Spell a number up to a million."""
    small, tens, hundreds = SPANISH
    if number >= 1000:
        thousands = spanish(number // 1000) + " " if number >= 2000 else ""
        return f"{thousands}mil {spanish(number % 1000) if number % 1000 else ''}".strip()
    if number >= 100:
        return "cien" if number == 100 else f"{hundreds[number // 100 - 1]} {spanish(number % 100) if number % 100 else ''}".strip()
    return small[number] if number < 30 else f"{tens[number // 10 - 3]}{' y ' + small[number % 10] if number % 10 else ''}"


def russian(number: int) -> str:
    """Spell a number up to a million."""
    small, tens, hundreds = RUSSIAN
    if number >= 1000:
        return f"{russian(number // 1000)} тысяч {russian(number % 1000) if number % 1000 else ''}".strip()
    if number >= 100:
        return f"{hundreds[number // 100 - 1]} {russian(number % 100) if number % 100 else ''}".strip()
    return small[number] if number < 20 else f"{tens[number // 10 - 2]} {small[number % 10] if number % 10 else ''}".strip()


@pytest.mark.parametrize("spelled", [english, spanish, russian])
def test_whatever_is_spelled_out_is_that_number(spelled: object) -> None:
    """All of the first hundred, and numbers up to a million at random; beside a coin, and with its words in capitals."""
    assert callable(spelled)
    drawn = random.Random(SEED)
    for number in (*range(101), *(drawn.randrange(1_000_000) for _ in range(SAMPLES))):
        said = spelled(number)
        assert numerals.whole(f"BTC {said}, {said.upper()} ETH") == f"BTC {number}, {number} ETH", said


@pytest.mark.parametrize("spelled", [english, spanish, russian])
def test_two_numbers_side_by_side_never_run_together(spelled: object) -> None:
    """One and five hundred are no 1 500: unless both are parts of one number, the second stays in words, and is asked about."""
    assert callable(spelled)
    drawn = random.Random(SEED)
    for _ in range(SAMPLES):
        one, other = drawn.randrange(1, 100), drawn.randrange(1, 100_000)
        read = numerals.whole(f"{spelled(one)} {spelled(other)} ETH")
        first, *rest = read.split()
        assert int(first) == one or not rest[0].isdecimal(), read
        assert numerals.whole(f"{one} {spelled(other)}").startswith(f"{one} {spelled(other).split()[0]}")
        assert numerals.whole(f"{spelled(other)} {one}").endswith(f"{spelled(other).split()[-1]} {one}")


SAID = [
    ("fifteen hundred usdt", "1500 usdt"),
    ("a thousand, a hundred, a million", "1000, 100, 1000000"),
    ("10 mil, 2.5 mil, 10 тысяч, 3 thousand", "10 mil, 2.5 mil, 10 тысяч, 3 thousand"),
    ("50 por ciento, once a week, dos veces, один раз, one time", "50 por ciento, once a week, dos veces, один раз, one time"),
    ("a las siete", "a las 7"),
    ("one\ntwo", "1\n2"),
    ("someone, tenant, millonario, стол", "someone, tenant, millonario, стол"),
    ("a btc", "a btc"),
]


@pytest.mark.parametrize(("said", "read"), SAID)
def test_words_that_are_no_numbers_stay(said: str, read: str) -> None:
    """A word that multiplies digits, one inside another, and what says how often."""
    assert numerals.whole(said) == read


def test_a_word_that_names_a_coin_stays_one() -> None:
    """An exchange may list ONE."""
    assert numerals.in_digits("one 5, two btc", names.of_coins(("ONE", "BTC"))) == "one 5, 2 btc"


def test_no_text_takes_long() -> None:
    """The longest message that Telegram carries, of numbers alone or of halves alone: processor time, not the clock on the wall."""
    begun = time.process_time()
    for word in ("one ", "mil y ", "half a ", "twenty-", "and a half ", "половина ", "5 y media "):
        numerals.in_digits(word * (4096 // len(word)))
    assert time.process_time() - begun < 2
