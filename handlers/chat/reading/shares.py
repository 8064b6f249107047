"""Shares that people write in words: half btc half eth, btc eth sol equally, 60/40 btc eth, btc 60 the rest usdt, все в usdt."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from handlers.chat.reading import numerals
from handlers.chat.reading.typed_lists import NOISE

if TYPE_CHECKING:
    from handlers.chat.names import Names

_WHOLE, _STEP = Decimal(100), Decimal("0.01")
#: each of what is named gets the same
_EQUAL = re.compile(
    r"(?i)(?<!\w)(?:(?:in )?equal (?:weights?|parts?|shares?)|equal(?:ly)?(?: weighted)?|evenly|half and half"
    r"|(?:a |en |por )?partes iguales|por igual|iguales|igual|equitativ\w+|mitad y mitad|a medias"
    r"|поровну|пополам|одинаково|(?:в )?равны\w+ (?:дол|част)\w+)(?!\w)"
)
_SHARE = r"\d{1,3}(?:[.,]\d+)?\s?%?"
#: numbers in a row for names in a row: 60/40, 50-30-20, 50 на 50
_ROW = re.compile(rf"(?<![\w.,]){_SHARE}(?:(?:\s?[/:-]\s?|\s+на\s+|\s+){_SHARE})+(?![\w.,])")
_REST = r"(?:all )?(?:the )?(?:rest|remainder|remaining)|(?:y )?(?:todo )?el resto|resto|lo dem[áa]s|(?:вс[её] )?остальн\w+|остат(?:ок|ки)"
_REST = rf"{_REST}|what(?:ever)?(?:['’]s| is)? left(?: over)?|lo que (?:quede|queda|sobre|sobra|reste)|(?:вс[её],? )?что останется"
_REST_SAID = re.compile(rf"(?i)(?<!\w)(?:{_REST})(?!\w)")
_INTO = r"(?:\s+(?:is|goes|in|into|to|en|a|в|во|на)(?!\w))*"
_NAME = r"(?P<name>[^\W\d_][\w/]*)"
#: what is left over belongs to one name
_LEFT_OVER = tuple(
    re.compile(rf"(?i)(?:[,;]|(?<!\w)(?:and|y|и)\s{{1,3}})?{said}")
    for said in (rf"(?<!\w)(?:{_REST}){_INTO}[\s:=–—-]+{_NAME}(?!\s*[:=]?\s*\d)", rf"(?<!\w){_NAME}\s+(?:{_REST})(?!\s*[:=]?\s*\d)(?!\w)")
)
#: all of it belongs to one name
_ALL = re.compile(rf"(?i)\W*(?:all|everything|only|just|tod[oa]|solo|sólo|все|всё|весь|всю|только){_INTO}\s+{_NAME}\W*")
_PARTS = tuple(
    (re.compile(rf"(?i)(?<![\w/])(?:{said})(?![\w/])"), per_cent)
    for said, per_cent in (
        (r"(?:three|3) quarters|(?:tres|3) cuartos|(?:три|3) четверти|3/4|¾", "75%"),
        (r"(?:(?:an?|one|1|the other) )?half|(?:la (?:otra )?)?mitad|(?:(?:другую|вторую|другая) )?половин[ауы]|1/2|½", "50%"),
        (r"(?:(?:a|one|1) )?quarter|(?:(?:un|1) )?cuarto|(?:одна |1 )?четверть|1/4|¼", "25%"),
        (r"(?:two|2) thirds|(?:dos|2) tercios|(?:две|2) трети|2/3|⅔", "66.67%"),
        (r"(?:(?:a|one|1) )?third|(?:(?:un|1) )?tercio|(?:одна |1 )?треть|1/3|⅓", "33.33%"),
    )
)
#: three thirds are a whole
_THIRD, _FIRST_THIRD, _PARTS_OF_THIRDS = "33.33%", "33.34%", 3
#: one share for each of what is named: 50 each, по 50, al 50 cada uno
_EACH = re.compile(
    rf"(?i)(?<!\w)(?:по|each)\s+(?P<one>{_SHARE})(?!\w)"
    rf"|(?<![\w.,])(?:al\s)?(?P<other>{_SHARE})\s+(?:each|apiece|cada (?:un[oa]|1))(?!\w)"
)
#: three names by thirds
_THIRDS = re.compile(r"(?i)(?<!\w)(?:a third(?: each)?|thirds|un tercio(?: cada un[oa])?|(?:по )?трети|треть)(?!\w)")
#: said before a list and before its shares: I want, make it; BTC to 60, un 60% de BTC
_WISH = re.compile(
    r"(?i)(?<!\w)(?:i want|i['’]d like|set|make it|quiero|ponme|pon|хочу|поставь(?:те)?|сделай(?:те)?)(?!\w)"
    r"|(?<![\d%] )(?<!\w)(?:to|al?|до|по|un|el)(?=\s+\d)"
)
#: said around shares, besides what is said around any list
_AROUND = frozenset("split divide divided make put between among with repartir reparte divide entre con раздели поделить между".split())  # noqa: SIM905 - words
_WORD = re.compile(r"[^\W\d_][\w/]*")


def plainly(text: str, names: Names) -> tuple[str, str]:
    """Return a list with its shares in per cent, and the name that gets what is left over of 100; empty where there is none."""
    said = numerals.whole(text, names)
    if (alone := _ALL.fullmatch(said)) is not None and names.find(alone["name"]):
        return f"{alone['name']} {_WHOLE}", ""
    if (shared := _equally(said, names) or _each(said, names) or _in_a_row(said, names)) is not None:
        return ", ".join(f"{name} {share}" for name, share in shared), ""
    for pattern, per_cent in _PARTS:
        said = pattern.sub(per_cent, said)
    if said.count(_THIRD) == _PARTS_OF_THIRDS:
        said = said.replace(_THIRD, _FIRST_THIRD, 1)
    for pattern in _LEFT_OVER:
        if (found := pattern.search(said)) is not None and any(map(str.isdecimal, said)):
            name = names.find(found["name"]) or found["name"].upper()
            others = f"{said[: found.start()]} {said[found.end() :]}"
            if (shared := _each(others, names)) is not None:
                return ", ".join(f"{one} {share}" for one, share in shared), name
            return _without_wishes(others, names), name
    return _without_wishes(said, names), ""


def _without_wishes(said: str, names: Names) -> str:
    return _WISH.sub(lambda match: match[0] if names.find(match[0]) else " ", said)


def _equally(said: str, names: Names) -> list[tuple[str, str]] | None:
    """Share out 100 evenly where that is said and no number is; what cannot be shared out evenly in hundredths goes to the first."""
    pattern = _EQUAL if _EQUAL.search(said) else _THIRDS
    if pattern.search(said) is None or any(map(str.isdecimal, said)):
        return None
    named = _named(pattern.sub(" ", said), names)
    if not named or (pattern is _THIRDS and len(named) != _PARTS_OF_THIRDS):
        return None
    each = (_WHOLE / len(named)).quantize(_STEP, ROUND_DOWN)
    shares = [_WHOLE - each * (len(named) - 1), *[each] * (len(named) - 1)]
    return list(zip(named, map(str, shares), strict=True))


def _each(said: str, names: Names) -> list[tuple[str, str]] | None:
    """Give each name the one number that is said of each: по 50 btc и eth."""
    found = _EACH.search(said)
    without = _EACH.sub(" ", said, count=1)
    if found is None or any(map(str.isdecimal, without)) or _REST_SAID.search(without):
        return None
    share = (found["one"] or found["other"]).replace(",", ".").strip("% ")
    return [(name, share) for name in _named(without, names)] or None


def _in_a_row(said: str, names: Names) -> list[tuple[str, str]] | None:
    """Give each name its number where all names and all numbers stand in a row, and are as many, and add up to 100."""
    rows = _ROW.findall(said)
    if len(rows) != 1:
        return None
    shares = [share.replace(",", ".").strip("% ") for share in re.findall(_SHARE, rows[0])]
    without = said.replace(rows[0], " ")
    named = _named(without, names)
    for parts in (named, [part for name in named for part in name.split("/")]):
        if len(parts) == len(shares) and sum(map(Decimal, shares)) == _WHOLE and not any(map(str.isdecimal, without)):
            return list(zip(parts, shares, strict=True))
    return None


def _named(said: str, names: Names) -> list[str]:
    """Return the words that are not only said around names, those that name nothing too: each is told as what it is."""
    words = [word.strip("/") for word in _WORD.findall(said)]
    return [word for word in words if names.find(word) or word.casefold() not in NOISE | _AROUND]
