"""The triggers that watch the market, registered in one place: adding one is one file and one entry here (domain 5 to 8).

Every trigger is a pure state machine over market history, so it is run once for everybody who uses the same parameters. What a
portfolio does with it, from which weight it cuts for instance, is not its concern.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from chatbot.engine.exact import exact, to_decimal
from chatbot.engine.triggers import fear_greed as sentiment
from chatbot.engine.triggers import funding, trend, volatility

Params = Mapping[str, Decimal]
D = Decimal
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One knob of a trigger with the range in which it makes sense."""

    name: str
    default: Decimal
    least: Decimal
    most: Decimal
    #: times (of a baseline), share, rate (per 8 h), index (0 to 100), score, days or count
    unit: str
    #: False where it is not a person's to choose
    is_knob: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a state means, whatever the kind of its trigger."""

    active: bool
    #: factor k, trim, factor on the net long, level f*, coverage; None while it is not active
    size: Decimal | None
    #: readings in a row towards the next change, and how many it takes
    count: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A name, a reading, a limit, and ``advance(state, reading)``."""

    name: str
    #: asset, contract or market: what there is one machine for
    per: str
    #: day or block (8 h): how often there is a reading
    cadence: str
    #: True where it starts below its limit
    below: bool
    parameters: tuple[Parameter, ...]
    #: names of the parameters that start and end it
    enter: str
    leave: str
    state: type[Any]
    start: Callable[[Params], Any]
    advance: Callable[[Any, Any, Params], Any]
    #: the reading in the trigger's unit; None = unknown
    show: Callable[[Any, Any, Params], Decimal | None]
    standing: Callable[[Any, Params], Standing]

    def params(self, chosen: Params) -> dict[str, Decimal]:
        """Return every parameter: the chosen ones, and the defaults of the rest."""
        return {p.name: chosen.get(p.name, p.default) for p in self.parameters}

    def problems(self, chosen: Params) -> tuple[str, ...]:
        """Return the names of chosen parameters that are unknown, out of range, or leave no room between start and end."""
        known = {p.name: p for p in self.parameters}
        wrong = [name for name, value in chosen.items() if name not in known or not known[name].least <= value <= known[name].most]
        full = self.params(chosen)
        gap = full[self.leave] - full[self.enter]
        # below its limit or above: the limit that ends it must not lie beyond the one that starts it, or it would flicker
        flickers = gap < 0 if self.below else gap > 0
        return (*wrong, self.leave) if flickers and self.leave not in wrong else tuple(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolReading:
    """A day's realised volatility and its baseline, per year; None = unknown."""

    sigma: Decimal | None
    base: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Closed daily bars up to the newest, oldest first."""

    closes: Sequence[Decimal]
    volumes: Sequence[Decimal]


def _spike_rule(p: Params) -> volatility.SpikeRule:
    return volatility.SpikeRule(enter=p["enter"], exit=p["exit"], max_days=int(p["days"]))


def _spike(state: volatility.SpikeState, seen: VolReading, p: Params) -> volatility.SpikeState:
    """Step for a target and a weight of 1: the cap is then k, and a portfolio multiplies it with its own anchor."""
    return volatility.advance(state, _ONE, seen.sigma, seen.base, _ONE, _spike_rule(p))


def _times_base(state: volatility.SpikeState, seen: VolReading, p: Params) -> Decimal | None:
    """Return how many times its baseline the volatility is: the frozen one while a spike lasts."""
    base = state.base if state.active else seen.base
    if seen.sigma is None or base is None:
        return None
    return round(to_decimal(exact(seen.sigma) / exact(max(base, _spike_rule(p).floor))), 6)


def _spike_standing(state: volatility.SpikeState, p: Params) -> Standing:
    confirm = _spike_rule(p).confirm
    return Standing(active=state.active, size=state.k if state.active else None, count=state.calm, needed=confirm if state.active else 1)


def _trend_score(_: trend.TrendState, seen: Bars, p: Params) -> Decimal | None:
    if not seen.closes:
        return None
    return trend.exhaustion(seen.closes, seen.volumes, len(seen.closes) - 1, p["zigzag"]).score


def _trend_step(state: trend.TrendState, seen: Bars, p: Params) -> trend.TrendState:
    return trend.advance(state, seen.closes, seen.volumes, p["zigzag"]) if seen.closes else state


def _trend_standing(state: trend.TrendState, _: Params) -> Standing:
    return Standing(active=state.trim > 0, size=state.trim or None, count=state.bars, needed=20 if state.trim else 1)


def _low_rule(p: Params) -> funding.LowRule:
    return funding.LowRule(
        base=p["base"], most=max(p["base"], p["most"]), step=p["step"], n=int(p["blocks"]), enter=p["enter"], exit=p["exit"]
    )


def _low_standing(state: funding.LowState, p: Params) -> Standing:
    n = int(p["blocks"])
    active = state.level > p["base"]
    towards_step = state.low % n if state.low else state.ok if active else 0
    return Standing(active=active, size=state.level if active else None, count=towards_step, needed=n)


def _high_rule(p: Params) -> funding.HighRule:
    return funding.HighRule(n=int(p["blocks"]), enter=p["enter"], exit=p["exit"], factor=p["factor"])


def _high_standing(state: funding.HighState, p: Params) -> Standing:
    count = state.normal if state.active else state.hot
    return Standing(active=state.active, size=p["factor"] if state.active else None, count=count, needed=int(p["blocks"]))


def _fear_step(state: sentiment.FearState, seen: Decimal | None, p: Params) -> sentiment.FearState:
    return sentiment.advance(state, seen, enter=p["enter"], leave=p["exit"], confirm=int(p["confirm"]))


def _fear_standing(state: sentiment.FearState, p: Params) -> Standing:
    needed = int(p["confirm"]) if state.active else 1
    return Standing(active=state.active, size=p["coverage"] if state.active else None, count=state.calm, needed=needed)


def _as_read(_: object, seen: Decimal | None, __: Params) -> Decimal | None:
    return seen


def _knob(name: str, default: str, least: str, most: str, unit: str) -> Parameter:
    return Parameter(name=name, default=D(default), least=D(least), most=D(most), unit=unit)


def _given(name: str, default: str, unit: str, most: str = "3") -> Parameter:
    """Return a parameter that is not a knob."""
    return Parameter(name=name, default=D(default), least=D(0), most=D(most), unit=unit, is_knob=False)


_BLOCKS = _knob("blocks", "3", "1", "9", "count")

TRIGGERS: Mapping[str, Trigger] = MappingProxyType(
    {
        trigger.name: trigger
        for trigger in (
            Trigger(
                name="volatility",
                per="asset",
                cadence="day",
                below=False,
                parameters=(
                    _knob("enter", "2", "1.2", "5", "times"),
                    _knob("exit", "1.5", "1", "4", "times"),
                    _knob("days", "30", "5", "60", "days"),
                ),
                enter="enter",
                leave="exit",
                state=volatility.SpikeState,
                start=lambda _: volatility.SpikeState(),
                advance=_spike,
                show=_times_base,
                standing=_spike_standing,
            ),
            Trigger(
                name="trend",
                per="contract",
                cadence="day",
                below=False,
                # the score's limits are not knobs: domain 6.3 found no edge, so tuning them would be fooling oneself
                parameters=(_knob("zigzag", "0.10", "0.03", "0.30", "share"), _given("score", "0.5", "score")),
                enter="score",
                leave="score",
                state=trend.TrendState,
                start=lambda _: trend.TrendState(),
                advance=_trend_step,
                show=_trend_score,
                standing=_trend_standing,
            ),
            Trigger(
                name="funding_low",
                per="market",
                cadence="block",
                below=True,
                parameters=(
                    _knob("enter", "-0.0001", "-0.003", "0", "rate"),
                    _knob("exit", "0", "-0.001", "0.001", "rate"),
                    _knob("step", "0.01", "0.001", "0.05", "share"),
                    _knob("most", "0.15", "0", "0.5", "share"),
                    _given("base", "0.10", "share"),  # the net exposure of the strategy
                    _BLOCKS,
                ),
                enter="enter",
                leave="exit",
                state=funding.LowState,
                start=lambda p: funding.LowState(level=p["base"]),
                advance=lambda state, seen, p: funding.advance_low(state, seen, _low_rule(p)),
                show=_as_read,
                standing=_low_standing,
            ),
            Trigger(
                name="funding_high",
                per="market",
                cadence="block",
                below=False,
                parameters=(
                    _knob("enter", "0.0005", "0.0001", "0.005", "rate"),
                    _knob("exit", "0.0003", "0", "0.005", "rate"),
                    _knob("factor", "0.5", "0", "0.9", "share"),
                    _BLOCKS,
                ),
                enter="enter",
                leave="exit",
                state=funding.HighState,
                start=lambda _: funding.HighState(),
                advance=lambda state, seen, p: funding.advance_high(state, seen, _high_rule(p)),
                show=_as_read,
                standing=_high_standing,
            ),
            Trigger(
                name="fear_greed",
                per="market",
                cadence="day",
                below=True,
                parameters=(
                    _knob("enter", "25", "5", "50", "index"),
                    _knob("exit", "30", "5", "80", "index"),
                    _knob("confirm", "2", "1", "7", "days"),
                    _knob("coverage", "1", "0", "1", "share"),
                ),
                enter="enter",
                leave="exit",
                state=sentiment.FearState,
                start=lambda _: sentiment.FearState(),
                advance=_fear_step,
                show=_as_read,
                standing=_fear_standing,
            ),
        )
    }
)
