"""Reading what a person says they hold where it differs: coins, futures positions, money in the futures account."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.exchanges.base import PERP
from chatbot.i18n import N_
from chatbot.portfolio.flows import Typed
from handlers.chat import amounts, numbers

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

_LONG, _SHORT = ("long", "largo", "лонг"), ("short", "corto", "шорт")
_SIDE = "|".join((*_LONG, *_SHORT))
_NUMBER = r"\d(?:[\d.,]*\d)?"
#: how many, and perhaps the price at which it was opened: named as such, or alone at the end of a line or of a list's item
_ENTRY = rf"(?:\s*@|\s+(?:at|entry|a|по)\b)\s*\$?(?P<entry>{_NUMBER})|\s+(?P<bare>{_NUMBER})(?=\s*(?:[,;\n]|$))"
_SIZE = rf"\s*[:=]?\s*(?P<qty>[+-]?{_NUMBER})(?:{_ENTRY})?"
_POSITIONS = (
    re.compile(rf"(?i)\b(?P<coin>\w+)-PERP\b(?:\s*[:=]?\s*(?P<side>{_SIDE})\b)?{_SIZE}"),
    re.compile(rf"(?i)\b(?P<side>{_SIDE})\s+(?P<coin>[^\W\d_]\w*)(?:-PERP\b)?{_SIZE}"),
    re.compile(rf"(?i)\b(?P<coin>[^\W\d_]\w*)\s+(?P<side>{_SIDE})\b{_SIZE}"),
)
_WALLET = re.compile(
    r"(?i)\b(?:futures(?:\s+(?:wallet|account))?|(?:cartera|cuenta)\s+de\s+futuros|futuros|фьючерсн\w+\s+(?:счёт|счет|кошел[её]к)|фьючерсы)"
    r"\s*[:=]?\s*(?P<qty>[-$]?\s*\d[\d.,' ]*\d|\d)"
)


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    positions: dict[str, tuple[Decimal, Decimal | None]] = field(default_factory=dict)
    wallet: Decimal | None = None
    problems: list[UserError] = field(default_factory=list)


def corrections(text: str, instruments: Collection[str], quote: str, decimal: str) -> tuple[Typed, tuple[UserError, ...]]:
    """Read ``BTC 0.6``, ``BTC-PERP 0.05 at 61,000``, ``short ETH 2`` or ``futures 2,500``, several in one text.

    An entry price that is not named is left to whoever knows the prices. All problems of the text are returned together.
    """
    plain, found = unicodedata.normalize("NFKC", text).replace("\u2212", "-"), _Reading()
    for pattern in _POSITIONS:
        plain = pattern.sub(lambda match: _position(match, instruments, decimal, found), plain)
    plain = _WALLET.sub(lambda match: _wallet(match, found), plain).strip(" ,;\n")
    if not plain and (found.positions or found.wallet is not None or found.problems):
        return Typed(futures_wallet=found.wallet, positions=found.positions), tuple(found.problems)
    coins = amounts.understood(plain, instruments, quote, decimal).sure()
    return Typed(spot=coins.holdings, futures_wallet=found.wallet, positions=found.positions), (*found.problems, *coins.problems)


def _position(match: re.Match[str], instruments: Collection[str], decimal: str, found: _Reading) -> str:
    """Take a position out of a text."""
    contract, side = f"{match['coin'].upper()}{PERP}", (match["side"] or "").lower()
    try:
        qty = numbers.number(match["qty"], decimal)
        price = match["entry"] or match["bare"]
        entry = numbers.number(price) if price else None
    except UserError as problem:
        found.problems.append(problem)
        return " "
    if contract not in instruments:
        found.problems.append(UserError(N_("{name} has no future at this exchange."), name=match["coin"].upper()[:12]))
    elif contract in found.positions:
        found.problems.append(UserError(N_("{name} is there twice."), name=contract))
    elif entry is not None and entry <= 0:
        found.problems.append(UserError(N_("The entry price of {name} must be above 0."), name=contract))
    elif side and qty < 0:
        found.problems.append(UserError(N_("{name}: write long or short, or a sign, not both."), name=contract))
    else:
        found.positions[contract] = (-qty if side in _SHORT else qty, entry)
    return " "


def _wallet(match: re.Match[str], found: _Reading) -> str:
    try:
        found.wallet = numbers.number(match["qty"].replace(" ", ""))
    except UserError as problem:
        found.problems.append(problem)
    if found.wallet is not None and found.wallet < 0:
        found.problems.append(UserError(N_("{name} is negative; only 0 or more makes sense."), name="FUTURES"))
    return " "
