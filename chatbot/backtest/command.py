"""``python -m chatbot backtest``: a strategy over a folder of recorded history, as a table or as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.backtest import sweep_text
from chatbot.backtest.past import HOUR, fetch, played
from chatbot.backtest.question import each_switched, silent_in
from chatbot.backtest.result import NAMES, Comparison, Result, alone, compare
from chatbot.backtest.sweep import sweep
from chatbot.backtest.sweep_text import Switched
from chatbot.clock import ManualClock, SystemClock
from chatbot.engine.errors import Refused
from chatbot.engine.review.deflated import ENOUGH_DAYS
from chatbot.errors import BallastError, SettingError
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.model import ALT, CORE, FUTURES
from chatbot.portfolio import strategies
from chatbot.values import dataclass

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from chatbot.backtest.past import Past
    from chatbot.model import Leg, Strategy

#: what is begun with, quote; large enough that no minimum of an exchange decides anything
AMOUNT = Decimal(100_000)
#: how long triggers are gathered: less than the hour between two looks
WINDOW = timedelta(seconds=60)
_SHORTEST = timedelta(days=7)
#: what a line of a preset is made of
_NEEDED = {CORE: "BTC and ETH", ALT: "coins beside BTC and ETH", FUTURES: "perpetuals of BTC and ETH"}
_DAY = timedelta(days=1)
#: an exchange may have been down for so long at the end
_GAP = timedelta(days=2)


class CannotTest(BallastError):
    """What was asked for cannot be tested, in a sentence for whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be tested."""

    folder: Path
    strategy: str
    begin: datetime
    end: datetime


def main(asked: Namespace) -> int:
    """Carry out what was asked of the ``backtest`` command, and return the exit code."""
    try:
        _need_room_for(asked.picture, is_sweep=asked.sweep)
        order = Order(folder=asked.data, strategy=asked.strategy.lower(), begin=day(asked.begin), end=day(asked.end))
        if asked.sweep:
            print(swept(order, as_plain=asked.json), flush=True)  # noqa: T201 - what the command is for
            return 0
        found = asyncio.run(run(order))
        if asked.picture is not None:
            _draw(found, order.strategy, asked.picture)
        print(as_json(found) if asked.json else as_text(found), flush=True)  # noqa: T201 - what the command is for
    except CannotTest as error:
        print(error, file=sys.stderr)  # noqa: T201 - the command line speaks on its streams
        return 2
    except BrokenPipeError:  # who reads has read enough, as "| head" does; at its end Python would write the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _need_room_for(picture: Path | None, *, is_sweep: bool) -> None:
    """Refuse a file that could not be written, before anybody waits for it."""
    if is_sweep and picture is not None:
        raise CannotTest("--picture draws one strategy and --sweep tries many: leave out one of the two")
    if picture is not None and not picture.parent.is_dir():
        raise CannotTest(f"{picture}: there is no such folder")


def _draw(found: Comparison, name: str, file: Path) -> None:
    from chatbot.backtest.picture import picture  # noqa: PLC0415 - drawing takes long to import

    try:
        file.write_bytes(picture(found, name))
    except OSError as error:
        raise CannotTest(f"{file}: {error.strerror}") from error


async def run(order: Order) -> Comparison:
    """Test a preset over recorded history; raises ``CannotTest``."""
    past, strategy = await prepared(order)
    with _first_prices(order):
        return compare(past, strategy, AMOUNT, window=WINDOW)


def swept(order: Order, *, as_plain: bool) -> str:
    """Try many settings of a preset over recorded history, and return them as text, or as JSON; raises ``CannotTest``."""
    past, strategy = asyncio.run(prepared(order))
    with _first_prices(order):
        found, switched = sweep(past, strategy), _switched(past, strategy)
        sample = length(past)
    return sweep_text.as_json(found, switched, sample) if as_plain else sweep_text.as_text(found, strategy, switched, sample)


def _switched(past: Past, strategy: Strategy) -> Switched:
    """Walk the preset with each of its triggers switched the other way, with the engine that trades."""
    own = alone(past, strategy, AMOUNT, window=WINDOW)[0]
    others = each_switched(strategy)
    silent = silent_in(past, others)
    walked = {name: alone(past, other, AMOUNT, window=WINDOW)[0] for name, other in others.items() if name not in silent}
    return Switched(own=own, others=walked, on=frozenset(name for name in others if strategy.setting(name).on), silent=silent)


@contextmanager
def _first_prices(order: Order) -> Iterator[None]:
    """Say in a sentence that a preset cannot be begun because a price is missing."""
    try:
        yield
    except Refused as refusal:
        if refusal.code != "bad_price":
            raise CannotTest(f"{order.strategy} lost everything on the way, so there is nothing to compare: {refusal}") from refusal
        raise CannotTest(f"not every coin of {order.strategy} has a price on {order.begin:%Y-%m-%d}: {refusal}") from refusal


async def prepared(order: Order) -> tuple[Past, Strategy]:
    """Return the recorded history that is asked for, and the preset; raises ``CannotTest``."""
    if not (order.folder / "spot_1h").is_dir():
        raise CannotTest(f"{order.folder}: there is no folder spot_1h with recorded hours in it")
    if order.strategy not in strategies.preset_names():
        raise CannotTest(f"there is no strategy {order.strategy!r}; there are {', '.join(strategies.preset_names())}")
    if order.end - order.begin < _SHORTEST:
        asked = f"{order.begin:%Y-%m-%d} to {order.end:%Y-%m-%d}"
        raise CannotTest(f"give at least {_SHORTEST.days} days, the earlier one as --from: {asked} is too little to test")
    try:
        return await _past(order)
    except SettingError as error:
        raise CannotTest(error.cure) from error


async def _past(order: Order) -> tuple[Past, Strategy]:
    """Return the history of the coins that a preset has on the first day, and the preset."""
    clock = ManualClock(order.begin)
    source = ReplaySource(order.folder, clock, start=order.begin)
    if "BTC" not in await source.markets():
        raise CannotTest(f"{order.folder}: no BTC was recorded by {order.begin:%Y-%m-%d}")
    clock.put(today := SystemClock().now())
    days = await source.candles("BTC", "1d", order.begin, today)
    recorded_until = days[-1].at + _DAY if days else order.begin
    if order.end - recorded_until > _GAP:
        raise CannotTest(f"{order.folder}: BTC is recorded until {recorded_until:%Y-%m-%d} only")
    clock.put(order.begin)
    strategy = await _listed_then(source, order)
    bare = {line for line, members in strategy.members.items() if strategy.weights.get(line) and not members}
    bare |= {FUTURES} if strategy.weights.get(FUTURES) and not strategy.contracts else set()
    if bare:
        needs = " and ".join(_NEEDED[line] for line in sorted(bare))
        raise CannotTest(f"{order.folder}: {order.strategy} needs {needs}, and none was recorded by {order.begin:%Y-%m-%d}")
    clock.put(order.end + HOUR)
    return played(await fetch(source, [*strategy.spot_assets, *strategy.contracts], order.begin, order.end)), strategy


async def _listed_then(source: ReplaySource, order: Order) -> Strategy:
    """Return the preset with the coins that were listed on the first day; that one had gone by then is known once it was read."""
    while True:
        strategy = strategies.preset(order.strategy, await source.markets())
        for name in (*strategy.spot_assets, *strategy.contracts):
            await source.candles(name, "1d", order.begin, order.begin)
        if strategy == strategies.preset(order.strategy, await source.markets()):
            return strategy


def day(text: str) -> datetime:
    """Read a date as 00:00 UTC of it; raises ``CannotTest``."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CannotTest(f"{text!r} is no date: write it like 2021-03-01") from error


def as_json(found: Comparison) -> str:
    """Return everything that was found, the plans among it."""
    plans = [
        {
            "at": block.at.isoformat(),
            "causes": [f"{reason.trigger} {reason.line}".strip() for reason in block.reasons],
            "legs": [_leg(leg) for leg in block.legs],
            "value": str(block.value),
            "fees": str(block.fees),
        }
        for block in found.blocks
    ]
    ways = {name: _plain(result) for name, result in found.ways.items()}
    return json.dumps({"ways": ways, "plans": plans, "not_in_it": list(caveats(found))}, indent=2)


def _leg(leg: Leg) -> dict[str, str]:
    return {"kind": str(leg.kind), "instrument": leg.instrument, "qty": str(leg.qty), "price": str(leg.price)}


def _plain(result: Result) -> dict[str, Any]:
    turned = {"spot": float(result.turnover.spot), "futures": float(result.turnover.futures)}
    gone = {name: since.isoformat() for name, since in result.gone.items()}
    return {**asdict(result), "daily": result.daily.tolist(), "turnover": turned, "gone": gone}


def as_text(found: Comparison) -> str:
    """Return a table of the ways, and what is not in it."""
    rows = [("", "worth", "a year", "deepest fall", "volatility", "Sharpe", "plans", "turnover", "fees", "funding")]
    for name, one in found.ways.items():
        figures = (_signed(one.growth - 1), _signed(one.growth_a_year), _signed(one.drawdown), _percent(one.volatility))
        more = (
            _number(one.sharpe),
            str(one.plans),
            _number(float(one.turnover.spot + one.turnover.futures)),
            _percent(one.fees, 2),
            _signed(one.funding),
        )
        rows.append((NAMES[name], *figures, *more))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    causes = ", ".join(f"{count} {cause}" for cause, count in found.strategy.causes.items())
    return "\n".join([*table, "", f"Plans by what asked first: {causes or 'none'}.", *caveats(found)])


def caveats(found: Comparison) -> tuple[str, ...]:
    """Return what a reader must know before believing a result (domain 12.5)."""
    coins = ", ".join(sorted(name for name in found.past.markets if not name.endswith("-PERP")))
    told = [
        length(found.past),
        f"Fills are at the price of the decision with a taker's fee; slippage and waiting are not in it. Coins: {coins}.",
        "Survivors only: coins that have vanished since are not recorded, so the past looks kinder than it was.",
        "One setting was tried. The best of many looks good by chance alone.",
    ]
    if found.strategy.blind_hours:
        told.append(f"At {_counted(found.strategy.blind_hours, 'hour')} a price was missing, and nothing was decided.")
    if found.strategy.unsettled:
        unknown = ", ".join(f"{name} on {_counted(days, 'day')}" for name, days in found.strategy.unsettled.items())
        told.append(f"No funding was recorded for {unknown}: what it paid or received then is not in it.")
    if moodless := _moodless_days(found.past):
        told.append(f"On {_counted(moodless, 'day')} there was no reading of Fear & Greed.")
    if found.strategy.gone:
        gone = ", ".join(f"{name} from {since:%Y-%m-%d} on" for name, since in found.strategy.gone.items())
        told.append(f"Not listed any more: {gone}. What was held of it counts at its last price.")
    if ended := [f"{NAMES[name]} {one.liquidations}" for name, one in found.ways.items() if one.liquidations]:
        told.append(f"The futures were liquidated: {', '.join(ended)}.")
    return tuple(told)


def length(past: Past) -> str:
    """Say how long the sample is, which stands on every result (domain 12.5)."""
    days = (past.hours - 1) * HOUR // _DAY
    few = "" if days >= ENOUGH_DAYS else ": too few to rank triggers by return; two years are the least"
    return f"{past.begin:%Y-%m-%d} to {past.at(past.hours - 1):%Y-%m-%d}, {days} days{few}."


def _moodless_days(past: Past) -> int:
    """Return on how many days of a past nothing was read of Fear & Greed."""
    end = past.at(past.hours - 1)
    return (end - past.begin) // _DAY - len(past.mood.readings(past.begin, end))


def _counted(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _percent(share: float | None, digits: int = 1) -> str:
    return "-" if share is None else f"{share * 100:.{digits}f} %"


def _signed(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:+.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
