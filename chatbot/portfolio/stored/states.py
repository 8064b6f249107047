"""What is remembered of a portfolio in the store: read once, decoded once, written row by row where it changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.bands import BandState
from chatbot.engine.cash import CASH_COINS
from chatbot.model import HEDGE_KINDS, OpenHedge, OpenTilt, Outcome
from chatbot.model.life import LeapAnswer
from chatbot.portfolio.layers import Memory
from chatbot.portfolio.states import ARMED, HEDGE, Aim, Danger, Outage, PanicMark, Peg, PortfolioStates, ScheduleMark
from chatbot.store import portfolios
from chatbot.store.codec import from_plain, reads, to_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.model import Portfolio
    from chatbot.store.database import Tx

    #: a row's key -> its JSON
    Rows = dict[str, dict[str, Any]]
    #: a row before and after
    Pair = tuple[dict[str, Any], dict[str, Any]]
    #: signed quantity and entry price
    Stake = tuple[Decimal, Decimal]

#: keys of rows; every other row is a line's hysteresis. Lines are written in capitals, or are NET
_MARGIN, _RANG, _OUTAGE, _CALENDAR, _MEMORY, _TILTS = "margin", "rang", "problem", "schedule", "triggers", "tilts"
_LEAPS, _PEGS, _STOPS, _AIMS, _MIX, _SHORTS, PANIC = "leaps", "pegs", "stops", "targets", "mix", "shorts", "panic"
_NAMED = frozenset(
    {portfolios.PURSE, _MARGIN, _RANG, _OUTAGE, _CALENDAR, _MEMORY, _TILTS, _LEAPS, _PEGS, _STOPS, _AIMS, _MIX, _SHORTS, PANIC}
)
#: rows that an answer of a person changes, those of hedges besides
_ANSWERED = frozenset({_TILTS, _LEAPS, _MIX, PANIC})
#: rows beside which nothing is open and no line has fired
_USUAL = frozenset({_AIMS, _MEMORY, _CALENDAR, _RANG})
#: the text of a row that says nothing any more
_EMPTY = "{}"


@reads("memory")
async def read(tx: Tx, portfolio_id: int) -> PortfolioStates:
    """Return what is remembered of a portfolio."""
    return decoded(await portfolios.states(tx, portfolio_id))


async def read_many(tx: Tx, ids: Collection[int]) -> dict[int, PortfolioStates]:
    """Return what is remembered of many portfolios; one of which nothing is stored is left out."""
    return {portfolio_id: decoded(rows) for portfolio_id, rows in (await portfolios.states_of(tx, ids)).items()}


def usual(texts: Mapping[str, str]) -> dict[str, str] | None:
    """Return the rows of a portfolio that say something, as they are written down; None where they are not those of most people.

    Those of most say where the lines were to stand, what was told of the signals, how far the calendar has come, and when drift last rang.
    """
    rows = {key: text for key, text in texts.items() if text != _EMPTY}
    return rows if rows.keys() <= _USUAL else None


def calendar(rows: Mapping[str, str]) -> ScheduleMark:
    """Return how far the calendar has come by such rows; raises what ``codec.UNREADABLE`` names for one that is no such row."""
    return _mark(json.loads(rows.get(_CALENDAR, _EMPTY)))


def shared(rows: Mapping[str, str]) -> tuple[str, str]:
    """Return what of such rows the judgement of a line inside its band may depend on: the same texts mean the same."""
    return rows.get(_AIMS, _EMPTY), rows.get(_MEMORY, _EMPTY)


async def write(tx: Tx, portfolio_id: int, before: PortfolioStates, after: PortfolioStates) -> None:
    """Write what has changed between the two; ``before`` was read in this transaction."""
    changed = changes(before, after)
    if changed:
        await portfolios.save_states(tx, {(portfolio_id, key): body for key, body in changed.items()})


async def forget_mix(tx: Tx, portfolio: Portfolio, coins: Collection[str]) -> None:
    """Forget what the lines of these coins were meant to hold: their person has changed something about them (domain 2.3)."""
    lines = {portfolio.strategy.line_of(coin) for coin in coins if coin not in CASH_COINS}
    before = await read(tx, portfolio.id)
    await write(tx, portfolio.id, before, replace(before, mix={line: meant for line, meant in before.mix.items() if line not in lines}))


async def reduced(tx: Tx, portfolio_id: int, old: Mapping[str, Stake], new: Mapping[str, Stake], forced: Collection[str]) -> None:
    """Note what an exchange did to positions by itself: a hedge is no larger than what is left of it; one that is gone will end."""
    before = await read(tx, portfolio_id)
    shorts, hedges = dict(before.shorts), before.hedges
    for contract in sorted(set(forced) & old.keys()):
        was, left = old[contract][0], new[contract][0] if contract in new else Decimal(0)
        if was < left < 0:
            hedges = tuple(replace(one, qty=one.qty * left / was) if one.contract == contract and one.settled else one for one in hedges)
        elif not left and any(one.contract == contract for one in hedges):
            shorts[contract] = was
    await write(tx, portfolio_id, before, replace(before, shorts=shorts, hedges=hedges))


def answered(before: PortfolioStates, after: PortfolioStates) -> dict[str, Pair]:
    """Return the rows that a person's answer has changed, as they were and as it left them: what taking it back needs to know."""
    old, new = encoded(before), encoded(after)
    keys = [key for key in changes(before, after) if key in _ANSWERED or key.startswith(HEDGE)]
    return {key: (old.get(key, {}), new.get(key, {})) for key in keys}


async def put_back(tx: Tx, portfolio_id: int, rows: Mapping[str, Pair]) -> bool:
    """Write rows as they were before an answer; False, and nothing is written, where one is not as the answer left it.

    What a line was meant to hold is put back where nobody has said more about it since.
    """
    now = encoded(await read(tx, portfolio_id))
    if any(now.get(key, {}) != left for key, (_, left) in rows.items() if key != _MIX):
        return False
    put = {key: old for key, (old, _) in rows.items()}
    if _MIX in rows:
        (old, left), mix = rows[_MIX], now.get(_MIX, {})
        same = {line for line in {*old, *left} if mix.get(line) == left.get(line)}
        put[_MIX] = {line: meant for line, meant in mix.items() if line not in same} | {line: old[line] for line in old if line in same}
    await portfolios.save_states(tx, {(portfolio_id, key): row for key, row in put.items()})
    return True


def changes(before: PortfolioStates, after: PortfolioStates) -> Rows:
    """Return the rows that differ; what is no longer remembered is an empty row."""
    if before == after:
        return {}
    old, new = encoded(before), encoded(after)
    return {key: new.get(key, {}) for key in sorted({*old, *new}) if old.get(key, {}) != new.get(key, {})}


def decoded(rows: Mapping[str, Mapping[str, Any]]) -> PortfolioStates:
    """Read rows; raises ``ValueError`` where one is not what :func:`encoded` writes."""
    stored = {key: body for key, body in rows.items() if body}
    outage = stored.get(_OUTAGE)
    return PortfolioStates(
        lines={key: from_plain(BandState, body) for key, body in stored.items() if key not in _NAMED and not key.startswith(HEDGE)},
        aims={line: from_plain(Aim, body) for line, body in stored.get(_AIMS, {}).items()},
        danger=_danger(stored.get(_MARGIN, {})),
        rang_at=_moment(stored.get(_RANG, {}), "at"),
        outage=Outage(since=datetime.fromisoformat(outage["since"]), told=_moment(outage, "told")) if outage else None,
        schedule=_mark(stored.get(_CALENDAR, {})),
        memory=from_plain(Memory, stored[_MEMORY]) if _MEMORY in stored else Memory(),
        hedges=tuple(from_plain(OpenHedge, stored[HEDGE + kind]) for kind in HEDGE_KINDS if HEDGE + kind in stored),
        tilts=tuple(from_plain(OpenTilt, body) for _, body in sorted(stored.get(_TILTS, {}).items())),
        leaps={asset: from_plain(LeapAnswer, body) for asset, body in stored.get(_LEAPS, {}).items()},
        pegs={asset: from_plain(Peg, body) for asset, body in stored.get(_PEGS, {}).items()},
        stops=dict(stored.get(_STOPS, {})),
        mix={line: from_plain(dict[str, Decimal], meant) for line, meant in stored.get(_MIX, {}).items()},
        shorts=from_plain(dict[str, Decimal], stored.get(_SHORTS, {})),
        panic=from_plain(PanicMark, stored[PANIC]) if PANIC in stored else None,
    )


def encoded(states: PortfolioStates) -> Rows:
    """Return the rows of a portfolio; what is as if nothing had been stored has none."""
    rows: Rows = {line: to_plain(state) for line, state in states.lines.items() if state != ARMED}
    if states.danger is not None:
        rows[_MARGIN] = {"fired": True, **to_plain(states.danger)}
    if states.rang_at is not None:
        rows[_RANG] = {"at": states.rang_at.isoformat()}
    if states.outage is not None:
        rows[_OUTAGE] = {"since": states.outage.since.isoformat(), "told": _text(states.outage.told)}
    mark = states.schedule
    if mark != ScheduleMark():
        rows[_CALENDAR] = {"settled": _text(mark.settled), "date": mark.date, "at": _text(mark.at), "outcome": mark.outcome}
    if states.memory != Memory():
        rows[_MEMORY] = to_plain(states.memory)
    if states.panic is not None:
        rows[PANIC] = to_plain(states.panic)
    tables: Rows = {
        _TILTS: {tilt.asset: to_plain(tilt) for tilt in states.tilts},
        _LEAPS: {asset: to_plain(said) for asset, said in states.leaps.items()},
        _PEGS: {asset: to_plain(peg) for asset, peg in states.pegs.items()},
        _STOPS: dict(states.stops),
        _SHORTS: {contract: str(qty) for contract, qty in states.shorts.items()},
        _AIMS: {line: to_plain(aim) for line, aim in states.aims.items()},
        _MIX: {line: {asset: str(qty) for asset, qty in meant.items()} for line, meant in states.mix.items()},
    }
    rows |= {key: table for key, table in tables.items() if table}
    return rows | {HEDGE + hedge.kind: to_plain(hedge) for hedge in states.hedges}


def _danger(body: Mapping[str, Any]) -> Danger | None:
    """Read a margin emergency; one that an older version wrote says only that it has rung."""
    return from_plain(Danger, {name: part for name, part in body.items() if name != "fired"}) if body.get("fired") else None


def _mark(body: Mapping[str, Any]) -> ScheduleMark:
    return ScheduleMark(
        settled=_moment(body, "settled"), date=body.get("date", ""), at=_moment(body, "at"), outcome=Outcome(body.get("outcome", ""))
    )


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(body[name]) if body.get(name) else None


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
