"""The golden cases' way into the engine: it parses, calls and formats, and calculates nothing.

``run(fn, input) -> output``; a refusal becomes ``{"error": code}``. One small function per ``fn``, listed at the bottom.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine import band_width, bands, beta, destination, schedules
from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, to_decimal, total
from chatbot.engine.finite import finite_prices
from chatbot.engine.flows import Moment, time_weighted
from chatbot.engine.hedges import shocks, sizing
from chatbot.engine.liquidation import Bracket, liquidation
from chatbot.engine.margin import cap_futures
from chatbot.engine.planner import casefile
from chatbot.engine.planner.casefile import number, numbers, reported, text
from chatbot.engine.planner.invest import invest, raised
from chatbot.engine.planner.prices import fee_aware_value, round_price
from chatbot.engine.planner.scope import scope_block
from chatbot.engine.portfolio import Owned, beta_with_kept, cash_coins, default_bucket, hold_out, measure, owned, value_of
from chatbot.engine.presets import PRESETS
from chatbot.engine.targets import intended_quantities, intended_shares, left_out
from chatbot.engine.triggers import basket, drift, funding, trend, trend_latch, volatility, waves
from chatbot.engine.triggers import fear_greed as sentiment
from chatbot.engine.triggers.batching import batch_triggers
from chatbot.engine.triggers.fold import Fold, Hedge, Spike, effective_targets
from tests.golden.mix_in_money import dollars
from tests.golden.preset_in_money import in_money
from tests.golden.strict_book import Wanted, cap_strict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from fractions import Fraction

    from chatbot.engine.portfolio import Metrics

Case = dict[str, Any]
ONE, ZERO = Decimal(1), Decimal(0)
_LINES = ("CORE", "ALT", "STABLE", "FUTURES")
_FIGURES = {"net": "futures_net", "futures_net": "futures_net", "gross_cap": "gross_cap", "sleeve_cap": "sleeve_cap"}


def run(fn: str, case: Case) -> Any:
    """Run one case."""
    try:
        return FUNCTIONS[fn](case)
    except Refused as refused:
        return {"error": refused.code}


def given(case: Mapping[str, Any], *names: str, **renamed: str) -> dict[str, Decimal]:
    """Read the optional numbers that a case gives, under the engine's names (``engine="case"``)."""
    wanted = {name: name for name in names} | renamed
    return {ours: number(case[theirs]) for ours, theirs in wanted.items() if case.get(theirs) is not None}


def maybe(raw: Any) -> Decimal | None:
    return None if raw is None else number(raw)


def sample(raw: Any) -> float | None:
    return None if raw is None else real(raw)


def real(raw: Any) -> float:
    """Read a number of a statistic."""
    return float(number(raw))


def whole(raw: Any) -> int:
    """Read a count, an hour or a bar."""
    found = number(raw)
    if found != int(found):
        raise Refused("bad_parameter", repr(raw)[:40])
    return int(found)


def table(values: Mapping[str, Decimal]) -> dict[str, float | None]:
    return {key: reported(value) for key, value in values.items()}


def worth(rows: Iterable[Any]) -> float | None:
    """Report what rows are worth together; None where a price is unknown."""
    values = [row.value for row in rows]
    return None if None in values else reported(to_decimal(total(map(exact, values))))


def figure(value: float | None) -> float | None:
    return None if value is None else reported(Decimal(str(value)))


def the_bands(raw: Mapping[str, Any]) -> dict[str, band_width.Band]:
    return {line: band_width.Band(**given(band, "abs_pp", "rel")) for line, band in raw.items()}


def portfolio_metrics(case: Case) -> Case:
    return metrics_of(measure(value_of(casefile.snapshot(case.get("snapshot", case))), numbers(case.get("betas"))))


def metrics_of(m: Metrics) -> Case:
    return {
        "value": reported(m.value),
        "spot_value": reported(m.spot_value),
        "cash_value": reported(m.cash_value),
        "upnl": reported(m.upnl),
        "futures_equity": reported(m.futures_equity),
        "weights": table(m.weights),
        "buckets": table(m.buckets),
        "futures_net": reported(m.futures_net),
        "futures_gross": reported(m.futures_gross),
        "futures_net_exposure": reported(m.futures_net_exposure),
        "gross_exposure": reported(m.gross_exposure),
        "sleeve_leverage": reported(m.sleeve_leverage),
        "net_exposure": table(m.net_exposure),
        "net_directional": reported(m.net_directional),
        "beta": reported(m.beta),
    }


def liquidation_price(case: Case) -> Case:
    names = ("qty", "entry", "collateral", "other_mm", "other_upnl", "mark")
    found = liquidation((Bracket(**given(case, "mmr", "cum")),), **given(case, *names))
    return {"liq": reported(found.price), "distance": reported(found.distance)}


def estimate_beta(case: Case) -> Case:
    options = {name: real(case[name]) for name in ("prior", "prior_sd", "lo", "hi") if case.get(name) is not None}
    if case.get("min_obs") is not None:
        options["min_obs"] = whole(case["min_obs"])
    found = beta.estimate_beta(samples(case["asset"]), samples(case["market"]), **options)
    return {
        "n": found.n,
        "ols": figure(found.ols),
        "se": figure(found.se),
        "weight": figure(found.weight),
        "beta": figure(found.beta),
        "source": found.source,
    }


def samples(raw: Iterable[Any]) -> list[float | None]:
    return [sample(value) for value in raw]


def resolve(case: Case) -> Case:
    if case["preset"] not in PRESETS:
        raise Refused("bad_parameter", case["preset"])
    override = dict(case.get("override") or {})
    override |= override.pop("weights", None) or {}
    lines = {key.upper(): number(value) for key, value in override.items() if key.upper() in _LINES}
    lines |= given(override, FUTURES="collateral")
    changes = {_FIGURES[key]: number(value) for key, value in override.items() if key in _FIGURES}
    preset = PRESETS[case["preset"]]
    found = in_money(replace(preset, weights={**preset.weights, **lines}, **changes), number(case["value"]))
    return {
        "dollars": table(found.dollars),
        "futures_notional": reported(found.futures_notional),
        "target_gross": reported(found.target_gross),
        "target_net": reported(found.target_net),
        "sleeve_leverage": reported(found.sleeve_leverage),
        "max_futures_gross": reported(found.max_futures_gross),
        "feasible": found.binding is None,
        "binding": found.binding,
    }


def cap(case: Case) -> Case:
    names = ("value", "spot_risky", "futures_equity", "gross_cap", "sleeve_cap")
    found = cap_futures(**given(case, *names), desired=numbers(case["desired"]))
    return {"scale": reported(found.scale), "room": reported(found.room), "notional": table(found.notional)}


def check_bands(case: Case) -> Case:
    found = bands.check_bands(numbers(case["values"]), numbers(case["targets"]), the_bands(case["bands"]), case.get("mode", "article"))
    lines = {
        name: {
            "weight": reported(line.weight),
            "drift_pp": reported(100 * line.drift),
            "band_pp": None if line.band is None else reported(100 * line.band),
            "breach": line.breach,
            "dollars_to_target": reported(line.dollars),
        }
        for name, line in found.lines.items()
    }
    return {"value": reported(found.value), "lines": lines, "triggered": list(found.triggered)}


def rebalance_destination(case: Case) -> Case:
    found = destination.destination(
        numbers(case["weights"]),
        numbers(case["targets"]),
        the_bands(case["bands"]),
        number(case.get("theta", 1)),
        force=bool(case.get("force", False)),
        mode=case.get("mode", "article"),
    )
    return {
        "triggered": found.triggered,
        "weights": table(found.weights),
        "one_way_turnover": reported(found.one_way_turnover),
    }


def recommend_band(case: Case) -> Case:
    names = ("target", "risk_aversion", "cost", "sigma", "theta", "te_budget")
    found = band_width.recommend(**{name: real(case[name]) for name in names if case.get(name) is not None})
    return {
        "cost_optimal_pp": figure(found.cost_optimal_pp),
        "band_pp": figure(found.band_pp),
        "turnover_per_year": figure(found.turnover_per_year),
        "days_between": figure(found.days_between),
        "tracking_error": figure(found.tracking_error),
        "cost_per_year": figure(found.cost_per_year),
    }


def band_monitor(case: Case) -> Case:
    options: dict[str, Any] = given(case, "rearm", "escalate_pp")
    if case.get("confirm") is not None:
        options["confirm"] = whole(case["confirm"])
    target, band = number(case["target"]), band_width.Band(**given(case["band"], "abs_pp", "rel"))
    band_width.half_width(band, target)  # refused also where there is nothing to look at
    state, events = bands.BandState(), []
    for weight in map(maybe, case["weights"]):
        event = None
        if weight is not None:
            line = bands.check_net(weight, number(1), target, band, case.get("mode", "article"))
            state, event = bands.advance(state, line.drift, line.band, line.breach, **options)
        events.append(event)
    return {"events": events}


def explain_drift(case: Case) -> Case:
    moves = [drift.Move(name=one["name"], event=one["event"], lines=frozenset(one["lines"])) for one in case.get("signals") or ()]
    lines = {name: drifting(line) for name, line in case["lines"].items()}
    found = drift.explain_drift(lines, moves, mode=case.get("mode", "article"), **given(case, "rearm", "escalate_pp"))
    told = {
        name: {
            "event": line.event,
            "explained_by": list(line.explained_by),
            "state": {
                "fired": line.state.side if line.state.fired else None,
                "last_pp": None if line.state.last_drift is None else reported(100 * line.state.last_drift),
            },
        }
        for name, line in found.lines.items()
    }
    return {"lines": told, "reasons": list(found.reasons)}


def drifting(raw: Mapping[str, Any]) -> drift.Line:
    weight, before, now = maybe(raw["weight"]), maybe(raw["before"]), number(raw["now"])
    fired, last = raw["state"]["fired"], maybe(raw["state"]["last_pp"])
    band = band_width.half_width(band_width.Band(abs_pp=number(raw["band_pp"])), now)
    state = bands.BandState(fired=fired is not None, side=fired, last_drift=None if last is None else last / 100)
    return drift.Line(weight=weight, before=before, now=now, band=band, state=state)


def moment(raw: str) -> datetime:
    return datetime.fromisoformat(raw)


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def schedule(raw: Mapping[str, Any]) -> schedules.Schedule:
    return schedules.Schedule(
        freq=str(raw.get("freq")),
        time=str(raw.get("time")),
        tz=str(raw.get("tz", "UTC")),
        **counts(raw, "weekday", "day"),
    )


def next_run(case: Case) -> Case:
    coming = schedules.occurrences(schedule(case["spec"]), moment(case["after"]))
    return {"next": [stamp(next(coming)) for _ in range(whole(case.get("count", 1)))]}


def due_run(case: Case) -> Case:
    grace = sample(case.get("grace_hours"))
    found = schedules.due_run(schedule(case["spec"]), moment(case["last_done"]), moment(case["now"]), grace)
    return {"run": stamp(found.run), "missed": found.missed, "skipped": found.skipped}


def realised_vol(case: Case) -> Case:
    found = volatility.realised_vol(samples(case["prices"]), real(case.get("interval_hours", 1)), real(case.get("coverage", 0.9)))
    return {"sigma": figure(found.sigma), "n": found.n}


def vol_baseline(case: Case) -> Case:
    median, n = volatility.vol_baseline([maybe(reading) for reading in case["history"]])
    return {"baseline": reported(median), "n": n}


def spike_rule(case: Case) -> volatility.SpikeRule:
    if case.get("direction", "both") not in ("both", "down"):
        raise Refused("bad_parameter", "direction")
    figures = given(case, "enter", "exit", "floor", "k_min", "ratchet") | counts(case, "confirm", "max_days")
    return volatility.SpikeRule(**figures, down=case.get("direction") == "down")


def has_fallen(point: Case) -> bool:
    return volatility.has_fallen(maybe(point.get("price")), maybe(point.get("price_7d")))


def vol_spike(case: Case) -> Case:
    rule, target, state, states = spike_rule(case), number(case["target"]), volatility.SpikeState(), []
    for point in case["points"]:
        readings = (maybe(point.get(name)) for name in ("sigma", "base", "weight"))
        state = volatility.advance(state, target, *readings, rule, fallen=has_fallen(point))
        states.append({"active": state.active, "k": reported(state.k), "cap": reported(state.cap)})
    return {"states": states}


def vol_basket(case: Case) -> Case:
    rule, targets, state, states = spike_rule(case), numbers(case["targets"]), volatility.SpikeState(), []
    onset: dict[str, Decimal] = {}
    for point in case["points"]:
        sigma, base = (maybe(point.get(name)) for name in ("sigma", "base"))
        weights = None if point.get("weights") is None else {coin: maybe(weight) for coin, weight in point["weights"].items()}
        known = weights is not None and None not in (weights.get(coin, 0) for coin in targets)
        was, state = state, volatility.advance(state, ONE, sigma, base, ONE if known else None, rule, fallen=has_fallen(point))
        if state.active and not was.active:
            onset = {coin: weights.get(coin) or ZERO for coin in targets}
        caps = {coin: volatility.capped(volatility.factor(state, rule), targets[coin], w0) for coin, w0 in onset.items()}
        states.append({"active": state.active, "k": reported(state.k), "caps": table(caps) if state.active else None})
    return {"states": states}


def basket_vol(case: Case) -> Case:
    closes = {coin: samples(series) for coin, series in case["closes"].items()}
    found = basket.basket_vol(numbers(case["quantities"]), closes, real(case.get("interval_hours", 1)), real(case.get("coverage", 0.9)))
    return {"sigma": figure(found.sigma), "n": found.n, "left_out": list(found.left_out)}


def counts(case: Mapping[str, Any], *names: str) -> dict[str, int]:
    return {name: whole(case[name]) for name in names if case.get(name) is not None}


def zigzag(case: Case) -> Case:
    found = waves.zigzag(bars(case), number(case.get("pct", "0.05")))
    running = found.running
    return {
        "pivots": [{"bar": p.bar, "price": reported(p.price), "kind": p.kind, "confirmed": p.confirmed} for p in found.pivots],
        "running": None if running is None else {"bar": running.bar, "price": reported(running.price), "kind": running.kind},
    }


def bars(case: Case) -> list[Decimal]:
    """Read closes, which are prices."""
    closes = [number(close) for close in case["closes"]]
    waves.check_series(closes, number(case.get("pct", "0.05")))
    return closes


def rsi(case: Case) -> Case:
    return {"rsi": [figure(value) for value in trend.rsi(bars(case), **counts(case, "period"))]}


def last_bar(case: Case) -> int:
    return whole(case["t"]) if case.get("t") is not None else len(case["closes"][1:])


def bearish_divergence(case: Case) -> Case:
    closes, t = bars(case), last_bar(case)
    return {"divergence": trend.diverges(closes, t, trend.find_highs(closes, t))}


def fib_targets(case: Case) -> Case:
    start, top, low = (number(case[name]) for name in "ABC")
    goals = {str(ratio): reported(goal) for ratio, goal in waves.fib_targets(start, top, low).items()}
    level = None if case.get("price") is None else waves.fib_level(start, top, low, number(case["price"]))
    return {"targets": goals, "reached": reported(level)}


def elliott(case: Case) -> Case:
    pivots = [
        waves.Pivot(bar=whole(p["bar"]), price=number(p["price"]), kind=p["kind"], confirmed=whole(p.get("confirmed", p["bar"])))
        for p in case["pivots"]
    ]
    found = waves.elliott(pivots, number(case["price"]))
    return {
        "status": found.status,
        "rules": None if found.rules is None else dict(found.rules),
        "cap": reported(found.cap),
    }


def exhaustion(case: Case) -> Case:
    volumes = [number(volume) for volume in case["volumes"]]
    found = trend.exhaustion(bars(case), volumes, last_bar(case), number(case.get("pct", "0.05")))
    return {
        "score": reported(found.score),
        "families": found.families,
        "trim": reported(found.trim),
        "votes": {
            "divergence": reported(found.divergence),
            "fib": reported(found.fib),
            "fib_level": reported(found.fib_level),
            "elliott": reported(found.elliott),
            "confirm": reported(found.confirm),
        },
    }


def latched_trims(case: Case) -> Case:
    latch, states = trend_latch.Latch(), []
    for bar in case["readings"]:
        pivot = None if bar["pivot"] is None else whole(bar["pivot"])
        seen = trend_latch.Reading(trim=maybe(bar["trim"]), pivot=pivot, resumed=bool(bar["resumed"]))
        latch, step = trend_latch.advance(latch, seen, **counts(case, "hold"))
        states.append({"trim": reported(latch.trim), "event": step})
    return {"states": states}


def funding_annualise(case: Case) -> Case:
    found = funding.annualise(
        number(case["rate"]), number(case["interval_hours"]), number(case.get("notional", 0)), number(case.get("days", 0))
    )
    return {
        "rate_8h": reported(found.rate_8h),
        "apr": reported(found.apr),
        "apy": reported(found.apy),
        "carry": reported(found.carry),
    }


def funding_blocks(case: Case) -> Case:
    settlements = [
        funding.Settlement(hour=number(s["hour"]), rate=number(s["rate"]), interval_hours=number(s["interval_hours"]))
        for s in case["settlements"]
    ]
    blocks = funding.funding_blocks(settlements, whole(case["start_hour"]), whole(case["end_hour"]))
    return {"blocks": [reported(block) for block in blocks]}


def funding_low(case: Case) -> Case:
    figures = given(case, "base", "most", "step", "enter", "exit") | given(case, most="max") | given(case, enter="threshold")
    rule = funding.LowRule(**figures, **counts(case, "n"))
    state, levels = funding.LowState(level=rule.base), []
    for rate in case["rates"]:
        state = funding.advance_low(state, maybe(rate), rule)
        levels.append(reported(state.level))
    return {"levels": levels}


def funding_high(case: Case) -> Case:
    rule = funding.HighRule(**given(case, "enter", "exit", "factor"), **counts(case, "n"))
    base = casefile.targets({"stable": 1, "futures": {"BTC-PERP": case.get("base", "0.15")}})
    state, states = funding.HighState(), []
    for rate in case["rates"]:
        state = funding.advance_high(state, maybe(rate), rule)
        fold = Fold(funding_high=state.active, funding_high_factor=rule.factor)
        states.append({"active": state.active, "level": reported(effective_targets(base, fold, {}).futures_net)})
    return {"states": states}


def fear_greed(case: Case) -> Case:
    options: dict[str, Any] = given(case, "enter", leave="exit") | counts(case, "confirm")
    state, active = sentiment.FearState(), []
    for reading in case["series"]:
        state = sentiment.advance(state, maybe(reading), **options)
        active.append(state.active)
    return {"active": active}


def neutralise_book(case: Case) -> Case:
    book = {p["contract"]: {name: exact(number(p[name])) for name in ("qty", "mark", "lot")} for p in case["positions"]}
    if any(not held["lot"] for held in book.values()):
        raise Refused("bad_parameter", "lot")
    target = sentiment.neutralise_book({contract: sentiment.BookPosition(**held) for contract, held in book.items()})
    changes = {contract: target[contract] - held["qty"] for contract, held in book.items()}
    return {
        "target_qty": {contract: text(to_decimal(qty)) for contract, qty in target.items()},
        "orders": {contract: text(to_decimal(change)) for contract, change in changes.items() if change},
        "net_before": reported(to_decimal(total(held["qty"] * held["mark"] for held in book.values()))),
        "net_after": reported(to_decimal(total(target[contract] * held["mark"] for contract, held in book.items()))),
    }


def limit_price(case: Case) -> Case:
    options: dict[str, Any] = given(case, "offset_bps") | ({"style": case["style"]} if "style" in case else {})
    return {"limit": text(round_price(number(case["mid"]), case["side"], number(case["tick"]), **options))}


def value_after(case: Case) -> Case:
    spot, futures = ([(exact(number(t)), exact(number(v))) for t, v in case.get(name) or ()] for name in ("spot", "futures"))
    fees = (exact(number(case.get(name, 0))) for name in ("fee_spot", "fee_futures"))
    return {"value_after": reported(to_decimal(fee_aware_value(exact(number(case["value"])), spot, futures, *fees)))}


def folded(case: Case) -> Case:
    fold = Fold(
        vol=tuple(Spike(asset=s["asset"], cap=number(s["cap"]), k=number(s["k"])) for s in case.get("vol") or ()),
        funding_low_level=maybe(case.get("funding_low_level")),
        funding_high=bool(case.get("funding_high")),
        trend={trim["contract"]: number(trim["trim"]) for trim in case.get("trend") or ()},
        fear_greed=bool(case.get("fear_greed")),
        fg_mode=case.get("fg_mode") or "book",
        hedge_contract=case.get("hedge_contract") or "BTC-PERP",
        hedges=tuple(Hedge(contract=h["contract"], weight=number(h["weight"])) for h in case.get("hedges") or ()),
        betas=numbers(case.get("betas")),
        **given(case, "coverage"),
    )
    found = effective_targets(casefile.targets(case["base"]), fold, case.get("contract_asset") or {})
    return {
        "spot": table(found.targets.spot),
        "stable": reported(found.targets.stable),
        "collateral": reported(found.targets.collateral),
        "futures": table(found.targets.futures),
        "futures_net": reported(found.futures_net),
        "log": list(found.log),
    }


def beta_completion(case: Case) -> Case:
    names = ("value", "beta_now", "beta_target", "mark", "lot", "tolerance", "hedge_beta", "current_notional", "max_abs_notional")
    found = beta.beta_completion(**given(case, *names))
    return {
        "order_qty": text(found.order_qty),
        "gap": reported(found.gap),
        "residual_gap": reported(found.residual_gap),
    }


def batches(case: Case) -> Case:
    events = [(event["name"], real(event["t"])) for event in case["events"]]
    found = batch_triggers(events, real(case.get("window", 60)))
    return {"blocks": [{"executes": block.executes, "names": list(block.names)} for block in found]}


def hedge_rotation(case: Case) -> Case:
    figures = given(case, "value", "mark", "lot", "sell_fraction", "short_fraction", "hedge_beta")
    found = sizing.rotate(alt=numbers(case["alt"]), betas=numbers(case.get("betas")), **figures)
    return {
        "sells": table(found.sells),
        "proceeds": reported(found.proceeds),
        "short_qty": text(found.short_qty),
        "short_notional": reported(found.short_notional),
        "net_exposure_change": reported(found.net_exposure_change),
        "beta_change": reported(found.beta_change),
        "leverage_on_proceeds": reported(found.leverage_on_proceeds),
    }


def hedge_size(case: Case) -> Case:
    figures = given(case, "value", "coverage", "drop", "mark", "lot", "hedge_beta")
    found = sizing.hedge_size(spot=numbers(case.get("spot")), betas=numbers(case.get("betas")), **figures)
    return {
        "literal_notional": reported(found.literal_notional),
        "literal_qty": text(found.literal_qty),
        "literal_gain_at_drop": reported(found.literal_gain_at_drop),
        "expected_loss": reported(found.expected_loss),
        "literal_share_of_loss": reported(found.literal_share_of_loss),
        "beta_notional": reported(found.beta_notional),
        "beta_qty": text(found.beta_qty),
        "beta_gain_at_drop": reported(found.beta_gain_at_drop),
    }


def shock_table(case: Case) -> Case:
    mmr = given(case, "mmr")
    positions = [shocks.HedgePosition(**(mmr | given(p, "qty", "mark", "collateral", "mmr", "beta"))) for p in case.get("futures") or ()]
    value, rows = shocks.shock_table(
        numbers(case["spot"]),
        number(case.get("cash", 0)),
        numbers(case.get("betas")),
        positions,
        [number(shock) for shock in case["shocks"]],
    )
    return {
        "value": reported(value),
        "rows": [
            {
                "shock": reported(row.shock),
                "spot_pnl": reported(row.spot_pnl),
                "hedge_pnl": reported(row.hedge_pnl),
                "total_pnl": reported(row.total_pnl),
                "total_return": reported(row.total_return),
                "hedged_share": reported(row.hedged_share),
                "liquidated": row.liquidated,
            }
            for row in rows
        ],
    }


def min_variance_hedge(case: Case) -> Case:
    found = sizing.min_variance_hedge(samples(case["portfolio"]), samples(case["hedge"]), real(case["value"]))
    return {
        "ratio": figure(found.ratio),
        "notional": figure(found.notional),
        "effectiveness": figure(found.effectiveness),
    }


def hedge_lifecycle(case: Case) -> Case:
    rule = sizing.LifeRule(**given(case, "stop", "fall", "rebound", "peak", "calm"), **counts(case, "confirm", "days"))
    points = [(maybe(point.get("price")), maybe(point.get("vol_ratio"))) for point in case["points"]]
    if not points or points[0][0] is None:
        raise Refused("bad_price")
    life = sizing.open_hedge(points[0][0], points[0][1], rule)
    for day in points[1:]:
        life = sizing.advance(life, *day, rule)
    return {"closed": life.age_days, "reason": life.closed} if life.closed else {"closed": None, "reason": "open"}


def the_prices(case: Case) -> Case:
    found = finite_prices(case["quotes"])
    return {"mid": {coin: None if price is None else text(price) for coin, price in found.mid.items()}, "unknown": list(found.unknown)}


def cash(case: Case) -> Case:
    quote = case.get("quote") or "USDT"
    rows = [Owned(asset=row["asset"], qty=number(row["qty"]), price=maybe(row.get("price"))) for row in case["holdings"]]
    snapshot = owned(rows, quote)
    found = cash_coins(snapshot, quote)
    prices = {row.asset: row.price for row in (*snapshot.spot, *snapshot.cash)}
    return {
        "bucket": {row.asset: default_bucket(row.asset) for row in rows},
        "price": {row.asset: reported(prices.get(row.asset)) for row in rows},
        "cash_value": reported(found.value),
        "spot_value": worth(snapshot.spot),
        "spendable": reported(found.spendable),
        "depeg": list(found.depeg),
    }


def reserve(case: Case) -> Case:
    wished = {asset: None if qty == "all" else number(qty) for asset, qty in case["reserve"].items()}
    betas = numbers(case.get("betas"))
    snapshot = hold_out(casefile.snapshot(case.get("snapshot", case)), wished)
    found = measure(value_of(snapshot), betas)
    return {
        **metrics_of(found),
        "reserve": {one.asset: {"qty": text(one.qty), "value": reported(one.value)} for one in snapshot.kept},
        "reserve_value": worth(snapshot.kept),
        "beta_with_reserve": reported(beta_with_kept(found, snapshot.kept, betas)),
    }


def returns(case: Case) -> Case:
    moments = [Moment(value=maybe(point["value"]), flows=tuple(map(flow, point.get("flows", ())))) for point in case["points"]]
    found = time_weighted(moments)
    return {"returns": [reported(link) for link in found.links], "total": reported(found.total), "profit": reported(found.profit)}


def flow(raw: Case) -> Decimal | None:
    qty, price = number(raw["qty"]), maybe(raw.get("price", "1"))
    return None if price is None else qty * price


def the_mix(case: Case) -> Case:
    members, prices, held, cut = case["members"], numbers(case["prices"]), numbers(case.get("held")), numbers(case.get("cut"))
    aim, limit, intended = exact(number(case["aim"])), case.get("threshold", 10), numbers(case.get("intended"))
    unwanted = {coin: left_out(intended[coin], held.get(coin, ZERO), sale=False) for coin in case.get("left_out") or () if coin in intended}
    found = intended_shares(
        members,
        prices,
        held,
        None if case.get("forget") else intended | unwanted,
        dict.fromkeys(members, number(10)) | numbers(limit) if isinstance(limit, dict) else dict.fromkeys(members, number(limit)),
        cut=cut,
    )
    return {
        "source": found.source,
        "shares": fractions(found.shares),
        "dollars": fractions(dollars(found.shares, aim, prices, held, cut)),
        "intended": fractions(intended_quantities(found.shares, aim, prices)),
    }


def invested(case: Case) -> Case:
    found = invest(numbers(case["values"]), numbers(case["targets"]), number(case["amount"]), numbers(case.get("fees")))
    book = {name: raised(number(c["notional"]), number(c["weight"]), found.level) for name, c in (case.get("futures") or {}).items()}
    return {
        "level": reported(to_decimal(found.level)),
        "buys": fractions(found.buys),
        "after": fractions(found.after),
        "futures": fractions(book),
    }


def fractions(values: Mapping[str, Fraction]) -> dict[str, float | None]:
    return table({key: to_decimal(value) for key, value in values.items()})


def scope(case: Case) -> Case:
    lines = {coin: {named} if isinstance(named, str) else set(named) for coin, named in case["coins"].items()}
    found = scope_block(
        casefile.block_causes(case["causes"]),
        coins=lines,
        contracts=case["contracts"],
        moved=set(case.get("moved") or ()),
        outside=set(case.get("outside") or ()),
        started=bool(case.get("started", True)),
    )
    return {
        "risk_off": found.risk_off,
        "reductions_first": found.reductions_first,
        "spot": {coin: {"sides": reach.sides, "bps": int(reach.least)} for coin, reach in found.spot.items()},
        "futures": {contract: {"moves": reach.moves, "bps": int(reach.least)} for contract, reach in found.futures.items()},
        "transfers": {"to_futures": found.to_futures.name.lower(), "to_spot": found.to_spot.name.lower(), "bps": int(found.least)},
    }


def strict_cap(case: Case) -> Case:
    contracts = {
        name: Wanted(**given(raw, "qty", "mark", "lot", "goal"), limit=maybe(raw.get("limit"))) for name, raw in case["contracts"].items()
    }
    figures = given(case, "value", "spot_risky", "futures_equity", "gross_cap", "sleeve_cap")
    found = cap_strict(**figures, fee_futures=number(case.get("fee_futures", "0.0005")), contracts=contracts)
    return {
        "target_qty": {name: text(qty) for name, qty in found.target_qty.items()},
        "room": reported(found.room),
        "gross": reported(found.gross),
        "trimmed": list(found.trimmed),
    }


FUNCTIONS: dict[str, Callable[[Case], Any]] = {
    "portfolio_metrics": portfolio_metrics,
    "liquidation_price": liquidation_price,
    "estimate_beta": estimate_beta,
    "resolve_targets": resolve,
    "cap_futures": cap,
    "check_bands": check_bands,
    "rebalance_destination": rebalance_destination,
    "recommend_band": recommend_band,
    "band_monitor": band_monitor,
    "explain_drift": explain_drift,
    "next_run": next_run,
    "due_run": due_run,
    "realised_vol": realised_vol,
    "vol_baseline": vol_baseline,
    "vol_spike": vol_spike,
    "vol_direction": vol_spike,
    "vol_basket": vol_basket,
    "basket_vol": basket_vol,
    "zigzag": zigzag,
    "rsi": rsi,
    "bearish_divergence": bearish_divergence,
    "fib_targets": fib_targets,
    "elliott": elliott,
    "exhaustion": exhaustion,
    "trend_latch": latched_trims,
    "funding_annualise": funding_annualise,
    "funding_blocks": funding_blocks,
    "funding_low": funding_low,
    "funding_high": funding_high,
    "fear_greed": fear_greed,
    "neutralise_book": neutralise_book,
    "round_price": limit_price,
    "fee_aware_value": value_after,
    "plan": casefile.run_plan,
    "scope_block": scope,
    "scoped_plan": casefile.run_plan,
    "cap_strict": strict_cap,
    "effective_targets": folded,
    "beta_completion": beta_completion,
    "batch_triggers": batches,
    "hedge_rotation": hedge_rotation,
    "hedge_size": hedge_size,
    "shock_table": shock_table,
    "min_variance_hedge": min_variance_hedge,
    "hedge_lifecycle": hedge_lifecycle,
    "finite_prices": the_prices,
    "cash_coins": cash,
    "intended_shares": the_mix,
    "invest": invested,
    "reserve": reserve,
    "time_weighted_return": returns,
}
