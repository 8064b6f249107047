"""What a block may touch: exactly what its causes name (domain 9.13).

Drift, the calendar and a person's wish aim at everything; a signal aims at what it names. A line outside its band joins, and a block
of which every cause lowers risk never buys. The table of the domain stands here as data, a row a cause.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

#: the net exposure f as a line
EXPOSURE = "f"


class Least(IntEnum):
    """What a difference must come to before it is traded, in basis points of V (domain 9.5)."""

    ANY = 0
    NAMED = 5
    OTHER = 25


class Sides(StrEnum):
    """What may be done with a coin."""

    BOTH = "both"
    SELL = "sell"
    BUY = "buy"


class Moves(StrEnum):
    """What may be done with a contract."""

    ANY = "any"
    #: nothing opens or raises a long; a flip from short to long ends flat
    NO_RAISE = "no_raise"
    REDUCE = "reduce"
    INCREASE = "increase"


class Money(IntEnum):
    """How much may move between the wallets; of several causes the highest counts."""

    NONE = 0
    #: what the legs of a hedge ask for
    LEGS = 1
    #: to the sleeve what its cap asks for increases, from it what buys lack
    NEED = 2
    #: the sleeve's share of new money
    SHARE = 3
    #: to the target collateral
    TARGET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCause:
    """One cause of a block, in the words of the golden cases."""

    #: drift, schedule, manual, start, targets, margin, vol, trend, funding_low, funding_high, fear, tilt, hedge, new_money or again
    kind: str
    #: begin, cut, ease, step, release, open or close, where the kind has them
    event: str = ""
    #: the line, asset or net exposure that drifted
    line: str = ""
    #: the coins of a volatility cut; the spot legs of a hedge
    coins: tuple[str, ...] = ()
    #: the contracts of a hedge or a tilt
    contracts: tuple[str, ...] = ()
    #: a person wants the small differences traded too
    trades_all: bool = False
    #: the causes of the block that is tried again
    of: tuple[BlockCause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinReach:
    """What a block may do with one coin, and from what difference on."""

    sides: Sides
    least: Least


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReach:
    """What a block may do with one contract, and from what difference on."""

    moves: Moves
    least: Least


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one block may touch; what is not named stays as it is."""

    #: every cause lowers risk: no coin is bought, no long opened or raised
    risk_off: bool = False
    #: futures reductions come before everything else (domain 9.8)
    reductions_first: bool = False
    spot: Mapping[str, CoinReach]
    futures: Mapping[str, ContractReach]
    to_futures: Money = Money.TARGET
    to_spot: Money = Money.TARGET
    #: from what amount on money moves to the target collateral
    least: Least = Least.NAMED
    #: every line and every contract is in it
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: what a cause names."""

    #: spot and futures: every line and contract
    whole: bool = False
    #: contracts: every one
    book: bool = False
    #: contracts: those whose effective target has moved
    moved: bool = False
    #: contracts: every one, reductions only
    reductions: bool = False
    #: the coins and contracts that the cause itself lists
    listed: bool = False
    to_futures: Money = Money.NONE
    to_spot: Money = Money.NONE
    #: from what difference on everything that it reaches is traded, where no line is named
    least: Least = Least.NAMED
    #: its events, each with whether it lowers risk; a cause without events has ""
    events: Mapping[str, bool] = field(default_factory=lambda: {"": False})
    #: a signal of the market: touches nothing before a portfolio's first block
    is_signal: bool = False
    #: lines outside their bands join
    joins: bool = False
    reductions_first: bool = False


_WHOLE = Row(whole=True, to_futures=Money.TARGET, to_spot=Money.TARGET, least=Least.OTHER, joins=True)
_EVERYTHING = Row(whole=True, to_futures=Money.TARGET, to_spot=Money.TARGET, least=Least.NAMED, joins=True)
_DRIFT_OF_F = Row(book=True, to_futures=Money.NEED, joins=True)


def _futures_signal(**events: bool) -> Row:
    return Row(moved=True, to_futures=Money.NEED, events=events, is_signal=True, joins=True, reductions_first=True)


#: domain 9.13; drift of the net exposure and a wish to trade everything have rows of their own
TABLE: Mapping[str, Row] = {
    "drift": _WHOLE,
    "schedule": _WHOLE,
    "manual": _WHOLE,
    "start": _EVERYTHING,
    "targets": _EVERYTHING,
    "vol": Row(
        listed=True,
        to_futures=Money.NEED,
        to_spot=Money.NEED,
        events={"begin": True, "cut": True, "release": False},
        is_signal=True,
        joins=True,
    ),
    "trend": _futures_signal(begin=True, cut=True, ease=False, release=False),
    "funding_low": _futures_signal(step=False, release=True),
    "funding_high": _futures_signal(begin=True, release=False),
    "fear": _futures_signal(begin=True, release=False),
    "margin": Row(reductions=True, to_futures=Money.TARGET, events={"": True}, reductions_first=True),
    "hedge": Row(listed=True, to_futures=Money.LEGS, to_spot=Money.LEGS, events={"open": True, "close": False}),
    "tilt": Row(listed=True, to_futures=Money.NEED, events={"begin": False, "end": False}),
    "new_money": Row(whole=True, to_futures=Money.SHARE, least=Least.ANY),
}


def flat(causes: Iterable[BlockCause]) -> tuple[BlockCause, ...]:
    """Return causes with every "again" replaced by those of the block that it repeats. Raises ``Refused``: bad_parameter."""
    found: list[BlockCause] = []
    for cause in causes:
        found += flat(cause.of) if cause.kind == "again" else (cause,)
    if not found:
        raise Refused("bad_parameter", "no cause")
    if len(found) > 1 and any(cause.kind == "new_money" for cause in found):
        raise Refused("bad_parameter", "new money beside another cause")
    return tuple(found)


def row_of(cause: BlockCause) -> Row:
    """Return the row of a cause. Raises ``Refused``: bad_parameter, for a kind, an event or a line that there is not."""
    row = TABLE.get(cause.kind)
    if row is None or cause.event not in row.events or (cause.kind == "drift" and not cause.line):
        raise Refused("bad_parameter", f"cause {cause.kind} {cause.event}")
    if cause.kind == "drift" and cause.line == EXPOSURE:
        return _DRIFT_OF_F
    return _EVERYTHING if cause.trades_all else row


def scope_block(
    causes: Sequence[BlockCause],
    *,
    coins: Mapping[str, AbstractSet[str]],
    contracts: Mapping[str, str],
    moved: AbstractSet[str] = frozenset(),
    outside: AbstractSet[str] = frozenset(),
    started: bool = True,
) -> Scope:
    """Return what a block with these causes may touch (domain 9.13).

    ``coins`` names the lines of each coin, itself not needed among them; ``contracts`` the underlying of each; ``moved`` are contracts
    whose effective target has moved, ``outside`` lines, coins or the net exposure (``f``) outside their bands. A portfolio that has
    not ``started`` had no block yet: nothing joins, and signals touch nothing. Raises ``Refused``: bad_parameter.
    """
    every = flat(causes)
    rows = [(cause, row_of(cause)) for cause in every]
    risk_off = all(row.events[cause.event] for cause, row in rows)
    live = [(cause, row) for cause, row in rows if started or not row.is_signal]
    joining = started and any(row.joins for _, row in live)
    at_five = _at_five(every, outside if joining or any(row.whole for _, row in live) else frozenset())

    spot = _coins_in(live, coins, at_five, joining=joining)
    book = _contracts_in(live, contracts, moved, at_five, joining=joining)
    new_money = every[0].kind == "new_money"
    to_spot = max((row.to_spot for _, row in live), default=Money.NONE)
    return Scope(
        risk_off=risk_off,
        reductions_first=any(row.reductions_first for _, row in rows),
        spot={coin: CoinReach(sides=_sides(risk_off=risk_off, new_money=new_money), least=least) for coin, least in spot.items()},
        futures={
            contract: ContractReach(moves=_moves(moves, risk_off=risk_off, new_money=new_money), least=least)
            for contract, (moves, least) in book.items()
        },
        to_futures=max((row.to_futures for _, row in live), default=Money.NONE),
        to_spot=max(to_spot, Money.NEED) if joining and spot else to_spot,
        least=_money_least(live),
        is_whole=any(row.whole for _, row in live) and not new_money,
    )


def _coins_in(
    live: Iterable[tuple[BlockCause, Row]], coins: Mapping[str, AbstractSet[str]], at_five: AbstractSet[str], *, joining: bool
) -> dict[str, Least]:
    """Return the coins that a block may touch, each from what difference on."""
    found: dict[str, Least] = {}
    for cause, row in live:
        for coin in _coins_of(cause, row, coins):
            found[coin] = min(found.get(coin, row.least), row.least)
    for coin, lines in coins.items():
        if at_five & {*lines, coin} and (joining or coin in found):
            found[coin] = min(found.get(coin, Least.NAMED), Least.NAMED)
    return found


def _contracts_in(
    live: Iterable[tuple[BlockCause, Row]],
    contracts: Mapping[str, str],
    moved: AbstractSet[str],
    at_five: AbstractSet[str],
    *,
    joining: bool,
) -> dict[str, tuple[Moves, Least]]:
    """Return the contracts that a block may touch: only reduced where margin alone names them, and from what difference on."""
    found: dict[str, tuple[Moves, Least]] = {}
    for cause, row in live:
        moves = Moves.REDUCE if row.reductions else Moves.ANY
        for contract in _contracts_of(cause, row, contracts, moved):
            before, least = found.get(contract, (moves, row.least))
            found[contract] = (moves if before is Moves.REDUCE else before, min(least, row.least))
    if EXPOSURE in at_five:
        for contract in contracts if joining else found:
            _, least = found.get(contract, (Moves.ANY, Least.NAMED))
            found[contract] = (Moves.ANY, min(least, Least.NAMED))
    return found


def _at_five(causes: Iterable[BlockCause], outside: AbstractSet[str]) -> frozenset[str]:
    """Return the lines whose coins are traded from 5 basis points on: those that drifted, and those outside their bands."""
    return frozenset(outside) | {cause.line for cause in causes if cause.kind == "drift"}


def _coins_of(cause: BlockCause, row: Row, coins: Mapping[str, AbstractSet[str]]) -> Iterable[str]:
    if row.whole:
        return coins
    return [coin for coin in cause.coins if coin in coins] if row.listed else ()


def _contracts_of(cause: BlockCause, row: Row, contracts: Mapping[str, str], moved: AbstractSet[str]) -> Iterable[str]:
    if row.whole or row.book or row.reductions:
        return contracts
    if row.moved:
        return [contract for contract in contracts if contract in moved]
    if cause.kind == "vol":
        return [contract for contract, asset in contracts.items() if contract in moved and asset in cause.coins]
    return [contract for contract in cause.contracts if contract in contracts]


def _sides(*, risk_off: bool, new_money: bool) -> Sides:
    return Sides.BUY if new_money else Sides.SELL if risk_off else Sides.BOTH


def _moves(moves: Moves, *, risk_off: bool, new_money: bool) -> Moves:
    if new_money:
        return Moves.INCREASE
    return Moves.NO_RAISE if risk_off and moves is Moves.ANY else moves


def _money_least(live: Iterable[tuple[BlockCause, Row]]) -> Least:
    """Return from what amount on money moves to the target collateral: it belongs to no line, so the smallest of the rows."""
    to_target = [row.least for _, row in live if Money.TARGET in (row.to_futures, row.to_spot)]
    return min([Least.ANY for cause, _ in live if cause.kind == "new_money"] or to_target, default=Least.OTHER)


def everything(coins: Iterable[str], contracts: Iterable[str]) -> Scope:
    """Return the scope without a cause: all may be traded, from 5 basis points on."""
    return Scope(
        spot={coin: CoinReach(sides=Sides.BOTH, least=Least.NAMED) for coin in coins},
        futures={contract: ContractReach(moves=Moves.ANY, least=Least.NAMED) for contract in contracts},
    )
