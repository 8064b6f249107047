"""Random portfolios under random signals and hedges, and what an evaluation makes of them; for property tests of the services."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from chatbot.engine.portfolio import INDEX, Cash, Holding, Position, Snapshot
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Subject
from chatbot.exchanges.base import Quote, asset_of
from chatbot.exchanges.markets.coins import perp_market, spot_market
from chatbot.model import CORE, HEDGE_KINDS, STABLE, BandRule, Cause, Mode, OpenHedge, Portfolio, Reason, Signal, Strategy, TriggerSetting
from chatbot.model.trigger_info import INFO, Effect
from chatbot.plans import draft, intended_mix
from chatbot.portfolio import strategies, valuation
from chatbot.portfolio.evaluation import Evaluation, measured
from chatbot.portfolio.layers import Anchor, Layers, Memory
from chatbot.portfolio.states import PortfolioStates
from tests.examples import examples

if TYPE_CHECKING:
    from chatbot.engine.planner.block import Block
    from chatbot.engine.targets import Targets

D = Decimal
PRICES = {"BTC": D("60000"), "ETH": D("3000.5"), "SOL": D("149.87"), "XRP": D("0.6123"), "ADA": D("0.4507"), "LINK": D("15.03")}
SPOT, PERPS = tuple(PRICES), ("BTC-PERP", "ETH-PERP", "SOL-PERP")
MARKETS = {asset: spot_market(asset) for asset in SPOT} | {name: perp_market(asset_of(name)) for name in PERPS}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JOINED = NOW - timedelta(days=20)

quick = settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One portfolio, what its triggers see, and what it remembers."""

    snap: Snapshot
    strategy: Strategy
    signals: tuple[Signal, ...] = ()
    states: PortfolioStates = field(default_factory=PortfolioStates)

    def look(self) -> Evaluation:
        """Evaluate it as ``Evaluator`` does, without an exchange."""
        portfolio = Portfolio(id=1, person_id=1, name="p", mode=Mode.PAPER, exchange="paper", strategy=self.strategy, created_at=JOINED)
        marks = {h.asset: h.price for h in self.snap.spot} | {p.contract: p.mark for p in self.snap.positions}
        quotes = {name: Quote(instrument=name, bid=price, ask=price, at=NOW) for name, price in marks.items()}
        seen = Evaluation(portfolio=portfolio, quotes=quotes, markets=MARKETS, states=self.states, layers=Layers(signals=self.signals))
        return measured(seen, self.snap, {}, JOINED)


def planned(found: Evaluation) -> tuple[Targets, Block]:
    """Plan for an evaluation."""
    targets = draft.targets_for(found)
    return targets, draft.block_for(found, targets, (Reason(trigger=Cause.EVERYTHING),))


def carried_out(case: Case, found: Evaluation, block: Block) -> Case:
    """Return the case once every leg has filled at its price and the memory was stored."""
    assert found.snapshot is not None
    plan = draft.draft(found, draft.targets_for(found), block, (), now=NOW, expiry=timedelta(minutes=5))
    after = valuation.after_legs(found.snapshot, plan.legs, MARKETS)
    return replace(case, snap=after, states=replace(case.states, memory=found.memory, mix=intended_mix.confirmed(found.layers.mix, plan)))


def threshold(found: Evaluation) -> D:
    """Return the smallest trade worth its trouble (domain 9.5)."""
    assert found.figures is not None
    return max(D(10), found.figures.value * 5 / 10_000)


@st.composite
def own_strategies(draw: st.DrawFn) -> Strategy:
    """Draw a preset or own weights, any trigger on or off, any destination inside the bands."""
    base = strategies.preset(draw(st.sampled_from(strategies.preset_names())), MARKETS)
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(("BTC", "SOL", "XRP", "CORE", "ALT", "FUTURES")), min_size=1, max_size=4, unique=True))
        parts = {name: draw(st.integers(0, 100 // len(names))) for name in names}
        own, problems = strategies.own_weights({**{n: D(p) for n, p in parts.items()}, "USDT": D(100 - sum(parts.values()))}, MARKETS, base)
        if own is not None:
            base = own
        assert not problems
    band = BandRule(abs_pp=draw(st.sampled_from((D(1), D(5)))), rel=draw(st.sampled_from((None, D("0.25")))))
    return replace(
        base,
        theta=draw(st.sampled_from((D(1), D(1), D("0.5"), D(0)))),
        bands=dict.fromkeys(base.bands, band),
        triggers={name: draw(_settings(name)) for name in INFO},
    )


def _settings(trigger: Cause) -> st.SearchStrategy[TriggerSetting]:
    return st.builds(TriggerSetting, on=st.sampled_from((True, True, False)), mode=st.sampled_from(("", *INFO[trigger].modes)))


@st.composite
def snapshots(draw: st.DrawFn, strategy: Strategy) -> Snapshot:
    """Draw what is held: the strategy's coins, now and then others, cash, a sleeve and a book."""
    worth = draw(st.sampled_from((D(1_000), D(20_000), D(300_000), D(8_000_000))))
    part = st.just(D(0)) | st.decimals("0", "1", places=4, allow_nan=False)
    named = set(strategy.spot_assets)
    coins = sorted(named | set(draw(st.lists(st.sampled_from(SPOT), max_size=2))))
    spot = tuple(
        Holding(asset=a, qty=_lots(draw(part) * worth, PRICES[a], MARKETS[a].lot), price=PRICES[a], bucket=strategy.line_of(a))
        for a in coins
    )
    contracts = sorted({*strategy.contracts, *draw(st.lists(st.sampled_from(PERPS), max_size=1))})
    return Snapshot(
        spot=spot,
        cash=(Cash(asset="USDT", qty=draw(part) * worth + D(100), price=D(1)),),
        wallet=draw(part) * worth / 2 + D(100),
        positions=tuple(draw(_positions(contract, worth)) for contract in contracts),
    )


@st.composite
def _positions(draw: st.DrawFn, contract: str, worth: D) -> Position:
    mark = PRICES[asset_of(contract)] * draw(st.sampled_from((D(1), D("1.001"))))
    size = draw(st.just(D(0)) | st.decimals("-0.1", "0.3", places=3, allow_nan=False))
    qty = _lots(size * worth, mark, MARKETS[contract].lot)
    # a profit or loss of a tenth of the notional leaves the sleeve above water
    entry = mark * draw(st.sampled_from((D(1), D("0.9"), D("1.1"))))
    return Position(contract=contract, asset=asset_of(contract), qty=qty, entry=entry, mark=mark)


def _lots(value: D, price: D, lot: D) -> D:
    return (value / price).quantize(lot, ROUND_DOWN)


@st.composite
def signals(draw: st.DrawFn, strategy: Strategy, snap: Snapshot) -> tuple[Signal, ...]:
    """Draw where every trigger stands, about everything it could be about."""
    subjects = {Subject.ASSET: strategy.spot_assets, Subject.CONTRACT: tuple(p.contract for p in snap.positions), Subject.MARKET: ("",)}
    return tuple(draw(one_signal(name, subject, strategy)) for name in INFO for subject in subjects[TRIGGERS[name].per])


@st.composite
def one_signal(draw: st.DrawFn, trigger: Cause, subject: str, strategy: Strategy, *, active: bool | None = None) -> Signal:
    """Draw one signal; what it does when it is active lies in the range of its trigger."""
    sizes = {
        Effect.CUT_COIN: st.decimals("0.25", "0.8", places=20, allow_nan=False),
        Effect.TRIM_LONGS: st.sampled_from((D("0.25"), D("0.5"))),
        Effect.RAISE_NET: st.integers(1, 5).map(lambda n: strategy.futures_net + D(n) / 100),
        Effect.CUT_NET: st.sampled_from((D("0.5"), D(0), D("0.9"))),
        Effect.NEUTRALISE: st.sampled_from((D(1), D("0.5"), D(0))),
    }
    is_on = draw(st.booleans()) if active is None else active
    return Signal(
        trigger=trigger,
        subject=subject,
        at=NOW,
        enter=D(1),
        leave=D(1),
        active=is_on,
        since=NOW - timedelta(days=draw(st.integers(0, 40))) if is_on else None,
        size=draw(sizes[INFO[trigger].effect]) if is_on else None,
    )


@st.composite
def memories(draw: st.DrawFn, strategy: Strategy, seen: tuple[Signal, ...]) -> Memory:
    """Draw what was told and anchored before: of this spike, of an earlier one, or of one that is over."""
    anchors: dict[str, Anchor] = {}
    # the shares that the coins of a line once had
    parts = {asset: D(draw(st.integers(1, 9))) for asset in strategy.spot_assets}
    for signal in seen:
        if INFO[signal.trigger].effect is Effect.CUT_COIN and draw(st.booleans()):
            line = strategy.line_of(signal.subject)
            whole = sum((part for asset, part in parts.items() if strategy.line_of(asset) == line), D(0))
            own_line = line == signal.subject
            anchors[signal.subject] = Anchor(
                since=draw(st.sampled_from((signal.since or NOW, NOW - timedelta(days=60)))),
                weight=draw(st.none() | st.decimals("0", "0.6", places=6, allow_nan=False)),
                share=None if own_line else (parts[signal.subject] / whole).quantize(D("1e-12"), ROUND_DOWN),
                over=draw(st.booleans()),
            )
    words = {Effect.RAISE_NET: ("", "0.11", "suppressed 0.11"), Effect.TRIM_LONGS: ("", "0.25", "0.5")}
    told = {signal.key: draw(st.sampled_from(words.get(INFO[signal.trigger].effect, ("", "0.5", "begin")))) for signal in seen}
    return Memory(told={key: word for key, word in told.items() if word}, anchors=anchors)


@st.composite
def meant(draw: st.DrawFn, strategy: Strategy) -> dict[str, dict[str, D]]:
    """Draw the quantities that an earlier plan was about to reach, of some buckets, and not of every coin of them."""
    worth = st.sampled_from((D(0), D(40), D(5_000), D(200_000)))
    buckets = {line: coins for line, coins in strategy.members.items() if len(coins) > 1 and draw(st.booleans())}
    return {line: {coin: draw(worth) / PRICES[coin] for coin in coins[draw(st.integers(0, 1)) :]} for line, coins in buckets.items()}


@st.composite
def hedges(draw: st.DrawFn, snap: Snapshot) -> dict[str, OpenHedge]:
    """Draw up to one hedge of each kind, open or over, with or without money of its own."""
    listed = [p for p in snap.positions if p.contract == INDEX]
    worth = sum((h.qty * h.price for h in snap.spot), D(0)) + snap.cash[0].qty + snap.wallet
    found: dict[str, OpenHedge] = {}
    for kind in HEDGE_KINDS if listed else ():
        if draw(st.sampled_from((True, False, False))):
            price = listed[0].mark
            lot = MARKETS[INDEX].lot
            qty = _lots(worth * draw(st.sampled_from((D("0.02"), D("0.05"), D("0.2")))), price, lot)
            sources = [STABLE, *(h.asset for h in snap.spot if h.bucket != CORE)]
            moved = {name: draw(st.sampled_from((D("0.01"), D("0.025")))) for name in sources if draw(st.booleans())}
            found[kind] = OpenHedge(
                kind=kind,
                contract=INDEX,
                qty=-qty,
                opened_at=NOW,
                price=price,
                low=price,
                moved=moved,
                closed=draw(st.sampled_from(("", "", "expired"))),
            )
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw everything."""
    strategy = draw(own_strategies())
    snap = draw(snapshots(strategy))
    # an exchange would have closed a thinner sleeve long before
    assume(snap.wallet + sum(p.upnl for p in snap.positions) > sum((abs(p.notional) for p in snap.positions), D(0)) / 20)
    seen = draw(signals(strategy, snap))
    memory = draw(memories(strategy, seen))
    states = PortfolioStates(memory=memory, hedges=tuple(draw(hedges(snap)).values()), mix=draw(meant(strategy)))
    return Case(snap=snap, strategy=strategy, signals=seen, states=states)
