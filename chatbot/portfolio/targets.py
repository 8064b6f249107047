"""Where a portfolio should stand now: its strategy, with every active trigger and hedge folded in (domain 9.2)."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from math import fsum
from typing import TYPE_CHECKING, TypeAlias

from chatbot.engine.destination import destination as destination_of
from chatbot.engine.exact import to_decimal, wide
from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.engine.portfolio import INDEX
from chatbot.engine.targets import Shares, Source, Targets, intended_shares, split
from chatbot.engine.triggers.fold import Fold, Hedge, Spike, effective_targets
from chatbot.engine.triggers.volatility import capped
from chatbot.model import BASKET, FUTURES, INFO, STABLE, Effect
from chatbot.portfolio import valuation
from chatbot.portfolio.layers import Effective

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from chatbot.engine.portfolio import Valuation
    from chatbot.model import OpenHedge, Signal, Strategy
    from chatbot.portfolio.layers import Anchor, Layers

    #: by line: the intended quantity of each of its coins
    Mix: TypeAlias = Mapping[str, Mapping[str, Decimal]]

#: weights that are worked out are cut here, so that sums stay exact
_STEP = Decimal("1e-12")
#: shares that were cut to so many digits add up to less than 1 by no more than this
_CRUMB = Decimal("1e-6")
_CENT = Decimal("0.01")
_ZERO, _ONE = Decimal(0), Decimal(1)


def effective(held: Valuation, strategy: Strategy, layers: Layers, betas: Mapping[str, Decimal]) -> Effective:
    """Fold the active triggers and the hedges into the strategy's targets; raises ``engine.errors.Refused``."""
    base = base_targets(held, strategy, layers)
    fold = active_layers(held, strategy, layers, base, betas)
    folded = effective_targets(base, fold, {p.contract: p.asset for p in held.snapshot.positions})
    lines = dict.fromkeys(held.by_line, _ZERO)
    with wide():  # the sum of the lines must stay exactly 1
        for asset, weight in folded.targets.spot.items():
            line = strategy.line_of(asset)
            lines[line] = lines.get(line, _ZERO) + weight
    lines |= {STABLE: folded.targets.stable, FUTURES: folded.targets.collateral}
    return Effective(targets=folded.targets, lines=lines, futures_net=folded.futures_net, log=folded.log)


def base_targets(held: Valuation, strategy: Strategy, layers: Layers) -> Targets:
    """Return the strategy's own targets by asset (domain 2.3).

    The coins of a line stand to each other as they were meant to until that is reached; a capped coin keeps its share meanwhile.
    """
    members = _members(held, strategy)
    wanted = _without_the_dead({line: strategy.weights.get(line, _ZERO) for line in held.by_line}, members, held, strategy)
    shares = {contract: strategy.futures_split[contract] for contract in strategy.contracts if contract in held.book}
    latched = _beside_newcomers(_fixed(members, held, layers), members, held.weights, wanted)
    own = split(wanted, members, held.by_asset, strategy.net_target, shares, latched)
    extra = {contract: _ZERO for contract in held.book if contract not in own.futures}
    return Targets(spot=own.spot, stable=own.stable, collateral=own.collateral, futures={**own.futures, **extra})


def _without_the_dead(
    wanted: dict[str, Decimal], members: Mapping[str, tuple[str, ...]], held: Valuation, strategy: Strategy
) -> dict[str, Decimal]:
    """Let the target of a line of which nothing can be bought any more wait as cash: none of its coins is in the snapshot."""
    dead = _waiting(wanted, members, held, strategy)
    with wide():
        return wanted | dict.fromkeys(dead, _ZERO) | {STABLE: sum(dead.values(), wanted.get(STABLE, _ZERO))}


def waiting(held: Valuation, strategy: Strategy) -> dict[str, Decimal]:
    """Return the target of each line of which nothing can be bought any more: until its person sets another, it waits as cash."""
    return _waiting({line: strategy.weights.get(line, _ZERO) for line in held.by_line}, _members(held, strategy), held, strategy)


def _waiting(
    wanted: Mapping[str, Decimal], members: Mapping[str, tuple[str, ...]], held: Valuation, strategy: Strategy
) -> dict[str, Decimal]:
    there = {holding.asset for holding in held.snapshot.spot}
    return {
        line: target
        for line, target in wanted.items()
        if target and line not in (STABLE, FUTURES) and there.isdisjoint(members.get(line, (line,))) and strategy.members.get(line, (line,))
    }


def unreached(mix: Mix, held: Valuation, strategy: Strategy, cut: Collection[str]) -> Mix:
    """Return the intended quantities of the lines that have not reached them, or of which a coin is ``cut``; the others are over."""
    if not mix:
        return mix
    members = _members(held, strategy)
    lines = {line: meant for line, meant in mix.items() if members.get(line)}
    return {line: meant for line, meant in lines.items() if _shares(members[line], held, meant, cut).source is Source.INTENDED}


def _shares(members: Collection[str], held: Valuation, meant: Mapping[str, Decimal], cut: Collection[str]) -> Shares:
    prices = {holding.asset: holding.price for holding in held.snapshot.spot}
    quantities = dict.fromkeys(members, _ZERO)
    for holding in held.snapshot.spot:
        if holding.asset in quantities:
            quantities[holding.asset] += holding.qty
    # all coins together may lack what one trade is worth: more than that, shared out over them again, would be traded by the next plan
    thresholds = dict.fromkeys(members, smallest_trade(held.value) / len(members))
    return intended_shares(members, prices, quantities, meant, thresholds, cut=[asset for asset in cut if asset in quantities])


def shares(line: str, held: Valuation, strategy: Strategy, layers: Layers) -> dict[str, Decimal]:
    """Return each asset's share of its line while ``layers`` hold those of others; nothing where the line is one asset.

    Not its share of what is held: beside a coin that was cut before, it would be too large.
    """
    members = _members(held, strategy).get(line, ())
    if all(asset == line or asset in strategy.weights for asset in members):
        return {}
    alone = {line: _ONE, STABLE: _ZERO, **{name: _ZERO for name in strategy.weights if name in members}}
    found = split(alone, {line: members}, held.by_asset, _ZERO, {}, _fixed({line: members}, held, layers)).spot
    return {asset: found[asset].quantize(_STEP, ROUND_DOWN) for asset in members if asset != line}


def line_shares(line: str, targets: Targets, strategy: Strategy) -> dict[str, float]:
    """Return the coins that a trade of a line is made in, with their shares of it: for the stables, all coins."""
    mine = {asset: float(t) for asset, t in targets.spot.items() if t and (line == STABLE or strategy.line_of(asset) == line)}
    whole = fsum(mine.values())
    return {asset: weight / whole for asset, weight in mine.items()}


def _fixed(members: Mapping[str, tuple[str, ...]], held: Valuation, layers: Layers) -> dict[str, Decimal]:
    """Return the shares that do not come from what is held: of coins that a spike holds down, and of whole lines as they were meant."""
    fixed = {asset: anchor.share for asset, anchor in layers.anchors.items() if anchor.share is not None}
    for line, meant in layers.mix.items():
        if members.get(line):
            shares = _shares(members[line], held, meant, members[line]).shares  # that it is not reached is known
            fixed |= {asset: to_decimal(part) for asset, part in shares.items()}
    return fixed


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


def _members(held: Valuation, strategy: Strategy) -> dict[str, tuple[str, ...]]:
    """Return the members of each bucket line, with the coins that are held but named nowhere in the line that took them.

    A coin that is not in the snapshot is cash, kept out wholly, or can be had no more.
    """
    there = {holding.asset for holding in held.snapshot.spot}
    members = {line: [asset for asset in assets if asset in there] for line, assets in strategy.members.items()}
    for holding in held.snapshot.spot:
        known = members.setdefault(holding.bucket, [])
        if holding.asset not in known:
            known.append(holding.asset)
    return {line: tuple(assets) for line, assets in members.items() if line not in (STABLE, FUTURES)}


def active_layers(held: Valuation, strategy: Strategy, layers: Layers, base: Targets, betas: Mapping[str, Decimal]) -> Fold:
    """Return the active triggers of a portfolio in the engine's terms; those that are switched off do nothing."""
    on = [signal for signal in layers.signals if signal.active and strategy.setting(signal.trigger).on]
    by_effect = {effect: [signal for signal in on if INFO[signal.trigger].effect is effect] for effect in Effect}
    trims: dict[str, Decimal] = {}
    for signal in by_effect[Effect.TRIM_LONGS]:
        trims[signal.subject] = max(trims.get(signal.subject, _ZERO), signal.size or _ZERO)
    neutral = by_effect[Effect.NEUTRALISE]
    moved = _moved(layers.hedges, base, strategy)
    return Fold(
        vol=tuple(_spikes(by_effect[Effect.CUT_COIN], held, base, layers.anchors, moved)),
        funding_low_level=max(_sizes(by_effect[Effect.RAISE_NET]), default=None),
        funding_high=bool(by_effect[Effect.CUT_NET]),
        funding_high_factor=min(_sizes(by_effect[Effect.CUT_NET]), default=Decimal("0.5")),
        trend=trims,
        fear_greed=bool(neutral),
        # without an index contract there is nothing to hedge the spot side with
        fg_mode=strategy.mode_of(neutral[0].trigger) if neutral and INDEX in held.book else "book",
        coverage=max(_sizes(neutral), default=_ONE),
        hedge_contract=INDEX,
        hedges=tuple(_hedge(hedge, held) for hedge in _open(layers.hedges) if hedge.contract in held.book),
        tilts=tuple(
            Hedge(contract=tilt.contract, weight=tilt.weight) for tilt in layers.tilts if strategy.tilt and tilt.contract in held.book
        ),
        moved=moved,
        betas=betas,
    )


def _sizes(signals: Iterable[Signal]) -> list[Decimal]:
    return [signal.size for signal in signals if signal.size is not None]


def _spikes(
    signals: Iterable[Signal], held: Valuation, base: Targets, anchors: Mapping[str, Anchor], moved: Mapping[str, Decimal]
) -> Iterator[Spike]:
    """Return the cut of each coin in its spike; one of all coins together is every coin's, and that of every contract (domain 5.4).

    What hedges have ``moved`` out of a coin is taken off its cap afterwards, so it counts as there: otherwise every look would sell as
    much again.
    """
    contracts = (position.asset for position in held.snapshot.positions)
    every = dict.fromkeys((*base.spot, *contracts))
    for signal in signals:
        for asset in every if signal.subject == BASKET else (signal.subject,):
            weight = held.by_asset.get(asset, _ZERO) / held.value + moved.get(asset, _ZERO)
            yield _spike(asset, signal.size or _ONE, base.spot.get(asset, _ZERO), anchors.get(asset), weight)


def _spike(asset: str, k: Decimal, t: Decimal, anchor: Anchor | None, weight: Decimal) -> Spike:
    """Return cap = k min(t, w0), and never more than there is: nobody tops up a coin in its spike (domain 5.3).

    Without a weight at onset the cut starts from the target: whoever comes while a coin is wild has none of it yet.
    """
    cap = capped(k, t, t) if anchor is None or anchor.weight is None else min(capped(k, t, anchor.weight), weight)
    return Spike(asset=asset, cap=cap.quantize(_STEP, ROUND_DOWN), k=k)


def _open(hedges: Iterable[OpenHedge]) -> list[OpenHedge]:
    return [hedge for hedge in hedges if not hedge.closed]


def _hedge(hedge: OpenHedge, held: Valuation) -> Hedge:
    """Return a hedge as a weight: its quantity is fixed, so its share of V moves with the price."""
    position = held.position(hedge.contract)
    mark = position.mark if position is not None else _ZERO
    return Hedge(contract=hedge.contract, weight=hedge.qty * mark / held.value)


def _moved(hedges: Iterable[OpenHedge], base: Targets, strategy: Strategy) -> dict[str, Decimal]:
    """Return what hedges have taken from each line, spread over its coins as their targets stand to each other.

    Taken from the coins that gave it once, it would change the mix of its line, which is the target of the next look: every look
    would then sell a little more of the same coin.
    """
    taken: dict[str, Decimal] = {}
    for hedge in _open(hedges):
        for name, weight in hedge.moved.items():
            line = name if name == STABLE else strategy.line_of(name)
            taken[line] = taken.get(line, _ZERO) + weight
    moved = {STABLE: taken.pop(STABLE, _ZERO)}
    for line, weight in taken.items():
        members = {asset: t for asset, t in base.spot.items() if t and strategy.line_of(asset) == line}
        whole = sum(members.values(), _ZERO)
        moved |= {asset: (weight * t / whole).quantize(_STEP, ROUND_DOWN) for asset, t in members.items()}
    return moved


def destination(held: Valuation, strategy: Strategy, now: Effective, costs: Mapping[str, Decimal] | None = None) -> Targets:
    """Return what a plan aims at: the effective targets, or with theta below 1 the cheapest point inside the bands (domain 3.3).

    ``costs`` are what trading each line costs, as a fraction; None: all the same. A turnover budget ends the way there early
    (domain 9.10).
    """
    aim = now.targets if strategy.theta == 1 else _inside(held, strategy, now, costs)
    return aim if strategy.turnover_budget is None else _within(strategy.turnover_budget, held, aim, now)


def _inside(held: Valuation, strategy: Strategy, now: Effective, costs: Mapping[str, Decimal] | None) -> Targets:
    weights = {line: value / held.value for line, value in held.by_line.items()}
    # A line without a band, as FUTURES, is left out of the bands: it goes to its target.
    edges = {line: band for line, band in valuation.engine_bands(strategy).items() if line in weights}
    lines = dict(destination_of(weights, now.lines, edges, strategy.theta, force=True, costs=costs).weights)
    spot = _rescaled(now, strategy, lines, held.by_asset)
    return Targets(spot=spot, stable=lines[STABLE], collateral=lines[FUTURES], futures=now.targets.futures)


def _within(budget: Decimal, held: Valuation, aim: Targets, now: Effective) -> Targets:
    """Go towards ``aim`` as far as the budget reaches, coin by coin; all the way where a volatility cut or a debt is in it."""
    if min(held.parts.values()) < 0 or any(step.startswith("vol:") for step in now.log):
        return aim
    weights = {name: value / held.value for name, value in held.parts.items()}
    there = {**dict.fromkeys(weights, _ZERO), **aim.spot, STABLE: aim.stable, FUTURES: aim.collateral}
    short = dict(destination_of(weights, there, {}, _ONE, force=True, budget=budget).weights)
    stable, collateral = short.pop(STABLE), short.pop(FUTURES)
    return Targets(spot=short, stable=stable, collateral=collateral, futures=aim.futures)


def stopped_early(held: Valuation, strategy: Strategy, aim: Targets) -> Decimal | None:
    """Return the turnover, in quote, at which the budget ended the way to ``aim``; None where it did not."""
    if strategy.turnover_budget is None:
        return None
    there = {**aim.spot, STABLE: aim.stable, FUTURES: aim.collateral}
    moved = sum((abs(there.get(name, _ZERO) * held.value - value) for name, value in held.parts.items()), _ZERO) / 2
    limit = strategy.turnover_budget * held.value
    return limit if abs(moved - limit) < _CENT else None


def _rescaled(now: Effective, strategy: Strategy, lines: Mapping[str, Decimal], held: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Spread each line's destination over its members as their effective targets stand to each other; the sum stays exact."""
    spot: dict[str, Decimal] = {}
    for line, goal in lines.items():
        members = {asset: t for asset, t in now.targets.spot.items() if strategy.line_of(asset) == line}
        if members:
            mix = members if now.lines[line] else {asset: held.get(asset, _ZERO) for asset in members}
            with wide():
                rest = _ONE - goal
            spot |= split({line: goal, STABLE: rest}, {line: tuple(mix)}, mix, _ZERO, {}).spot
    return spot
