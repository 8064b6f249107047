"""Where a portfolio should stand now: its strategy, with every active trigger and hedge folded in (domain 9.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from chatbot.engine import bands
from chatbot.engine.exact import wide
from chatbot.engine.targets import Targets, split
from chatbot.engine.triggers.fold import Fold, Hedge, Spike, effective_targets
from chatbot.model import FEAR_GREED, FUNDING_HIGH, FUNDING_LOW, FUTURES, STABLE, TREND, VOLATILITY, OpenHedge, OpenTilt, Signal
from chatbot.portfolio import valuation as readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Strategy
    from chatbot.triggers.market import Anchor

#: contract that hedges the whole market where it is listed (domain 2.3)
INDEX = "BTC-PERP"
#: weights that are worked out are cut here, so that sums stay exact
_STEP = Decimal("1e-12")
#: shares that were cut to so many digits add up to less than 1 by no more than this
_CRUMB = Decimal("1e-6")
_CENT = Decimal("0.01")
_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What moves a portfolio's targets away from its strategy."""

    signals: tuple[Signal, ...] = ()
    #: where active volatility caps start from, by asset
    anchors: Mapping[str, Anchor] = field(default_factory=dict)
    hedges: tuple[OpenHedge, ...] = ()
    tilts: tuple[OpenTilt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Effective targets of a portfolio: by asset and contract, and summed up by line."""

    targets: Targets
    lines: Mapping[str, Decimal]
    futures_net: Decimal
    #: what the fold did, as in ``engine.folding.Folded``: vol:<asset>, funding_low:suppressed, ...
    log: tuple[str, ...] = ()


def effective(snap: Snapshot, strategy: Strategy, layers: Layers, betas: Mapping[str, Decimal]) -> Effective:
    """Fold the active triggers and the hedges into the strategy's targets; raises ``engine.errors.Refused``."""
    base = base_targets(snap, strategy, layers.anchors)
    fold = fold_of(snap, strategy, layers, base, betas)
    folded = effective_targets(base, fold, {p.contract: p.asset for p in snap.positions})
    lines = dict.fromkeys(readings.line_values(snap, strategy), _ZERO)
    with wide():  # the sum of the lines must stay exactly 1
        for asset, weight in folded.targets.spot.items():
            line = readings.bucket_of(asset, strategy)
            lines[line] = lines.get(line, _ZERO) + weight
    lines |= {STABLE: folded.targets.stable, FUTURES: folded.targets.collateral}
    return Effective(targets=folded.targets, lines=lines, futures_net=folded.futures_net, log=folded.log)


def base_targets(snap: Snapshot, strategy: Strategy, anchors: Mapping[str, Anchor]) -> Targets:
    """Return the strategy's own targets by asset (domain 2.3); a capped asset keeps its share of its line while others move."""
    values = readings.line_values(snap, strategy)
    wanted = {line: strategy.weights.get(line, _ZERO) for line in values}
    holdings = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    net = readings.net_target(strategy)
    shares = {contract: strategy.futures_split[contract] for contract in readings.contracts(strategy)}
    members = _members(snap, strategy)
    latched = _beside_newcomers(_latched(anchors), members, {a: v / sum(values.values()) for a, v in holdings.items()}, wanted)
    found = split(wanted, members, holdings, net, shares, latched)
    extra = {p.contract: _ZERO for p in snap.positions if p.contract not in found.futures}
    return Targets(spot=found.spot, stable=found.stable, collateral=found.collateral, futures={**found.futures, **extra})


def share(asset: str, snap: Snapshot, strategy: Strategy, anchors: Mapping[str, Anchor]) -> Decimal | None:
    """Return an asset's share of its line while ``anchors`` hold those of others; None where it is a line of its own.

    Not its share of what is held: beside a coin that was cut before, it would be too large.
    """
    line = readings.bucket_of(asset, strategy)
    members = _members(snap, strategy).get(line, ())
    if line == asset or asset not in members:
        return None
    values = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    alone = {line: _ONE, STABLE: _ZERO, **{name: _ZERO for name in strategy.weights if name in members}}
    found = split(alone, {line: members}, values, _ZERO, {}, _latched(anchors)).spot
    return found[asset].quantize(_STEP, ROUND_DOWN)


def _latched(anchors: Mapping[str, Anchor]) -> dict[str, Decimal]:
    return {asset: anchor.share for asset, anchor in anchors.items() if anchor.share is not None}


def _beside_newcomers(
    latched: dict[str, Decimal], members: Mapping[str, tuple[str, ...]], weights: Mapping[str, Decimal], wanted: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Leave a coin where it is that joins a line whose whole target is held by coins that were cut: it must not be read as "sell it"."""
    found = dict(latched)
    for line, assets in members.items():
        held_down = {asset: latched[asset] for asset in assets if asset in latched}
        new = {asset: weights[asset] for asset in assets if asset not in latched and weights.get(asset)}
        if new and wanted.get(line) and sum(held_down.values()) > _ONE - _CRUMB:
            most = max(wanted[line], 2 * sum(new.values()))
            shares = {asset: (weight / most).quantize(_STEP, ROUND_DOWN) for asset, weight in new.items()}
            rest = _ONE - sum(shares.values())
            found |= shares | {asset: (share * rest).quantize(_STEP, ROUND_DOWN) for asset, share in held_down.items()}
    return found


def _members(snap: Snapshot, strategy: Strategy) -> dict[str, tuple[str, ...]]:
    """Return the members of each bucket line, with the coins that are held but named nowhere in the line that took them."""
    members = {line: list(assets) for line, assets in strategy.members.items()}
    for holding in snap.spot:
        known = members.setdefault(holding.bucket, [])
        if holding.asset not in known:
            known.append(holding.asset)
    return {line: tuple(assets) for line, assets in members.items() if line not in (STABLE, FUTURES)}


def fold_of(snap: Snapshot, strategy: Strategy, layers: Layers, base: Targets, betas: Mapping[str, Decimal]) -> Fold:
    """Return the active triggers of a portfolio in the engine's terms; those that are switched off do nothing."""
    on = [signal for signal in layers.signals if signal.active and strategy.setting(signal.trigger).on]
    by_trigger = {signal.trigger: signal for signal in on}
    low, high, fear = (by_trigger.get(name) for name in (FUNDING_LOW, FUNDING_HIGH, FEAR_GREED))
    listed = {p.contract for p in snap.positions}
    mode = strategy.setting(FEAR_GREED).mode or "book"
    return Fold(
        vol=tuple(_spike(signal, base, layers.anchors.get(signal.subject)) for signal in on if signal.trigger == VOLATILITY),
        funding_low_level=low.size if low else None,
        funding_high=high is not None,
        funding_high_factor=high.size if high and high.size is not None else Decimal("0.5"),
        trend={signal.subject: signal.size or _ZERO for signal in on if signal.trigger == TREND},
        fear_greed=fear is not None,
        # without an index contract there is nothing to hedge the spot side with
        fg_mode=mode if INDEX in listed else "book",
        coverage=fear.size if fear and fear.size is not None else _ONE,
        hedge_contract=INDEX,
        hedges=tuple(_hedge(hedge, snap) for hedge in _open(layers.hedges) if hedge.contract in listed),
        tilts=tuple(Hedge(contract=one.contract, weight=one.weight) for one in layers.tilts if strategy.tilt and one.contract in listed),
        moved=_moved(layers.hedges, base, strategy),
        betas=betas,
    )


def _spike(signal: Signal, base: Targets, anchor: Anchor | None) -> Spike:
    """Return cap = k min(t, w0) (domain 5.3); without a weight at onset the cut starts from the target."""
    k, t = signal.size or _ONE, base.spot.get(signal.subject, _ZERO)
    w0 = anchor.weight if anchor is not None and anchor.weight is not None else t
    return Spike(asset=signal.subject, cap=(k * min(t, w0)).quantize(_STEP, ROUND_DOWN), k=k)


def _open(hedges: Iterable[OpenHedge]) -> list[OpenHedge]:
    return [hedge for hedge in hedges if not hedge.closed]


def _hedge(hedge: OpenHedge, snap: Snapshot) -> Hedge:
    """Return a hedge as a weight: its quantity is fixed, so its share of V moves with the price."""
    mark = next(p.mark for p in snap.positions if p.contract == hedge.contract)
    return Hedge(contract=hedge.contract, weight=hedge.qty * mark / _value(snap))


def _value(snap: Snapshot) -> Decimal:
    spot = sum((h.qty * h.price for h in snap.spot), _ZERO) + sum((c.qty * c.price for c in snap.cash), _ZERO)
    return spot + snap.wallet + sum((p.qty * (p.mark - p.entry) for p in snap.positions), _ZERO)


def _moved(hedges: Iterable[OpenHedge], base: Targets, strategy: Strategy) -> dict[str, Decimal]:
    """Return what hedges have taken from each line, spread over its coins as their targets stand to each other.

    Taken from the coins that gave it once, it would change the mix of its line, which is the target of the next look: every look
    would then sell a little more of the same coin.
    """
    taken: dict[str, Decimal] = {}
    for hedge in _open(hedges):
        for name, weight in hedge.moved.items():
            line = name if name == STABLE else readings.bucket_of(name, strategy)
            taken[line] = taken.get(line, _ZERO) + weight
    moved = {STABLE: taken.pop(STABLE, _ZERO)}
    for line, weight in taken.items():
        members = {asset: t for asset, t in base.spot.items() if t and readings.bucket_of(asset, strategy) == line}
        whole = sum(members.values(), _ZERO)
        moved |= {asset: (weight * t / whole).quantize(_STEP, ROUND_DOWN) for asset, t in members.items()}
    return moved


def destination(snap: Snapshot, strategy: Strategy, found: Effective, costs: Mapping[str, Decimal] | None = None) -> Targets:
    """Return what a plan aims at: the effective targets, or with theta below 1 the cheapest point inside the bands (domain 3.3).

    ``costs`` are what trading each line costs, as a fraction; None: all the same. A turnover budget ends the way there early
    (domain 9.10).
    """
    aim = found.targets if strategy.theta == 1 else _inside(snap, strategy, found, costs)
    return aim if strategy.turnover_budget is None else _within(strategy.turnover_budget, snap, aim, found)


def _inside(snap: Snapshot, strategy: Strategy, found: Effective, costs: Mapping[str, Decimal] | None) -> Targets:
    values = readings.line_values(snap, strategy)
    whole = sum(values.values(), _ZERO)
    weights = {line: value / whole for line, value in values.items()}
    # A line without a band, as FUTURES, is left out of the bands: it goes to its target.
    edges = {line: band for line, band in readings.engine_bands(strategy).items() if line in values}
    lines = dict(bands.destination(weights, found.lines, edges, strategy.theta, force=True, costs=costs).weights)
    spot = _rescaled(found, strategy, lines, {holding.asset: holding.qty * holding.price for holding in snap.spot})
    return Targets(spot=spot, stable=lines[STABLE], collateral=lines[FUTURES], futures=found.targets.futures)


def _within(budget: Decimal, snap: Snapshot, aim: Targets, found: Effective) -> Targets:
    """Go towards ``aim`` as far as the budget reaches, coin by coin; all the way where a volatility cut or a debt is in it."""
    values = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    values[STABLE] = sum((cash.qty * cash.price for cash in snap.cash), _ZERO)
    values[FUTURES] = _value(snap) - sum(values.values(), _ZERO)
    if min(values.values()) < 0 or any(step.startswith("vol:") for step in found.log):
        return aim
    weights = {name: value / _value(snap) for name, value in values.items()}
    there = {**dict.fromkeys(weights, _ZERO), **aim.spot, STABLE: aim.stable, FUTURES: aim.collateral}
    short = dict(bands.destination(weights, there, {}, _ONE, force=True, budget=budget).weights)
    stable, collateral = short.pop(STABLE), short.pop(FUTURES)
    return Targets(spot=short, stable=stable, collateral=collateral, futures=aim.futures)


def stopped_early(snap: Snapshot, strategy: Strategy, aim: Targets) -> Decimal | None:
    """Return the turnover, in quote, at which the budget ended the way to ``aim``; None where it did not."""
    if strategy.turnover_budget is None:
        return None
    whole = _value(snap)
    held = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    held[STABLE] = sum((cash.qty * cash.price for cash in snap.cash), _ZERO)
    held[FUTURES] = whole - sum(held.values(), _ZERO)
    there = {**aim.spot, STABLE: aim.stable, FUTURES: aim.collateral}
    moved = sum((abs(there.get(name, _ZERO) * whole - value) for name, value in held.items()), _ZERO) / 2
    limit = strategy.turnover_budget * whole
    return limit if abs(moved - limit) < _CENT else None


def _rescaled(found: Effective, strategy: Strategy, lines: Mapping[str, Decimal], held: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Spread each line's destination over its members as their effective targets stand to each other; the sum stays exact."""
    spot: dict[str, Decimal] = {}
    for line, goal in lines.items():
        members = {asset: t for asset, t in found.targets.spot.items() if readings.bucket_of(asset, strategy) == line}
        if members:
            mix = members if found.lines[line] else {asset: held.get(asset, _ZERO) for asset in members}
            with wide():
                rest = _ONE - goal
            spot |= split({line: goal, STABLE: rest}, {line: tuple(mix)}, mix, _ZERO, {}).spot
    return spot
