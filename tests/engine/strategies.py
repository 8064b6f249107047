"""Nasty but valid inputs for the engine's property tests, and the step from a plan to the portfolio it leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.plan import plan
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot
from chatbot.engine.targets import Targets
from chatbot.engine.triggers import trend
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.engine.planner.scope import Scope

D, F = Decimal, Fraction
ASSETS = ("BTC", "ETH", "SOL", "ADA", "PEPE")
_WIDE = Context(prec=60)

quick = settings(
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCase:
    """Everything that the planner is given."""

    snapshot: Snapshot
    targets: Targets
    rules: Mapping[str, Rules]
    fees: Fees
    config: Config
    halted: frozenset[str] = frozenset()
    scope: Scope | None = None

    def run(self) -> Block:
        """Plan this case."""
        return plan(self.snapshot, self.targets, self.rules, self.fees, self.config, self.halted, scope=self.scope)

    @property
    def prices(self) -> dict[str, F]:
        """Valuation prices by instrument."""
        spot = {h.asset: F(h.price) for h in self.snapshot.spot}
        return spot | {p.contract: F(p.mark) for p in self.snapshot.positions}

    @property
    def held(self) -> dict[str, F]:
        """Quantities before, by instrument; split rows joined."""
        held: dict[str, F] = {}
        for name, qty in [(h.asset, h.qty) for h in self.snapshot.spot] + [(p.contract, p.qty) for p in self.snapshot.positions]:
            held[name] = held.get(name, F(0)) + F(qty)
        return held

    @property
    def cash(self) -> F:
        """Cash before, quote."""
        return sum((F(c.qty) * F(c.price) for c in self.snapshot.cash), F(0))

    @property
    def threshold(self) -> F:
        """The smallest trade worth its trouble."""
        return max(F(self.config.min_trade), F(self.config.min_trade_bps) * F(self.run().value_before) / 10_000)


@cache
def decimals(low: str, high: str, places: int) -> st.SearchStrategy[D]:
    """Return decimals between two bounds with up to ``places`` places."""
    scale = 10**places
    return st.integers(int(D(low) * scale), int(D(high) * scale)).map(lambda n: D(n).scaleb(-places, _WIDE))


@cache
def magnitudes(low: int, high: int, digits: int = 4) -> st.SearchStrategy[D]:
    """Return numbers of very different size: a few digits times a power of ten."""
    return st.builds(lambda n, e: D(n).scaleb(e - digits + 1), st.integers(10 ** (digits - 1), 10**digits - 1), st.integers(low, high))


_EXPOSURES = st.sampled_from((D(0), D("0.1"), D("-0.05"), D(1))) | decimals("-2", "2", 3)


@cache
def _money(size: int) -> st.SearchStrategy[D]:
    return st.just(D(0)) | magnitudes(-1, size)


@cache
def _wallets(size: int) -> st.SearchStrategy[D]:
    return _money(size) | decimals("-1000", "100000", 4)


# made once: one that is made for each draw is looked at and checked again each time
_PARTS = st.sampled_from((0, 1, 1, 2, 3, 5, 10)) | st.integers(0, 1000)
_TICKS, _LOTS, _LEAST = st.integers(2, 5), st.integers(-6, 2), st.sampled_from((D(0), D(5), D(10), D(100)))
_TAKES = st.sampled_from((False, False, True))
_PLACES, _FEWER_PLACES, _SIGNS, _UP_TO_THREE = st.integers(0, 8), st.integers(0, 6), st.sampled_from((1, -1)), st.integers(0, 3)
_MARKS = st.sampled_from((D(1), D("1.001"), D("0.97")))
_ENTRIES = st.sampled_from((D(1), D("0.9"), D("1.1"), D("0.5"), D(2)))
_COUNTS = st.integers(1, len(ASSETS))


@st.composite
def weights(draw: st.DrawFn, lines: int) -> list[D]:
    """Draw weights that add up to exactly 1; some are 0."""
    parts = [draw(_PARTS) for _ in range(lines)]
    parts[0] += 1
    whole = sum(parts)
    found = [D(n * 10_000 // whole).scaleb(-4) for n in parts]
    found[0] += 1 - sum(found)
    return found


def _quantity(value: D, price: D, places: int) -> D:
    return _WIDE.divide(value, price).quantize(D(1).scaleb(-places), ROUND_DOWN, _WIDE)


@st.composite
def rules(draw: st.DrawFn, price: D) -> Rules:
    """Draw market rules that fit a price: the tick is at most a hundredth of it, the lot may be dear."""
    tick = D(1).scaleb(price.adjusted() - draw(_TICKS))
    # a lot is worth between next to nothing and some hundred quote
    lot = D(1).scaleb(draw(_LOTS) - price.adjusted())
    return Rules(tick=tick, lot=lot, min_notional=draw(_LEAST), takes=draw(_TAKES))


@st.composite
def plan_cases(draw: st.DrawFn, *, halts: bool = False, fees: bool = True, size: int = 6) -> PlanCase:
    """Draw a portfolio, its targets and its market; the value before is above 0."""
    assets = ASSETS[: draw(_COUNTS)]
    prices = {asset: draw(magnitudes(-5, 5)) for asset in assets}
    market = {asset: draw(rules(prices[asset])) for asset in assets}
    money = _money(size)
    spot = tuple(Holding(asset=a, qty=_quantity(draw(money), prices[a], draw(_PLACES)), price=prices[a]) for a in assets)
    positions = []
    for asset in assets[: draw(_UP_TO_THREE)]:
        mark = draw(_MARKS) * prices[asset]
        qty = _quantity(draw(money), mark, draw(_FEWER_PLACES)) * draw(_SIGNS)
        entry = mark * draw(_ENTRIES)
        positions.append(Position(contract=f"{asset}-PERP", asset=asset, qty=qty, entry=entry, mark=mark))
        market[f"{asset}-PERP"] = draw(rules(mark))
    snapshot = Snapshot(
        spot=spot,
        cash=(Cash(asset="USDT", qty=draw(money)), Cash(asset="USDC", qty=draw(money), price=D("0.998"))),
        wallet=draw(_wallets(size)),
        positions=tuple(positions),
    )
    t = draw(weights(len(assets) + 2))
    targets = Targets(
        spot=dict(zip(assets, t[2:], strict=True)),
        stable=t[0],
        collateral=t[1],
        futures={p.contract: draw(_EXPOSURES) for p in positions},
    )
    case = PlanCase(
        snapshot=snapshot,
        targets=targets,
        rules=market,
        fees=draw(fee_rates()) if fees else Fees(),
        config=draw(configs()),
        halted=draw(st.frozensets(st.sampled_from(sorted(market)), max_size=2)) if halts else frozenset(),
    )
    try:
        case.run()
    except Refused as refused:
        # nothing left after debts or fees: refused, not planned
        assume(refused.code != "non_positive_value")
        raise
    return case


#: basis points of V around the thresholds of domain 9.5, and far beyond them
_OFF = st.sampled_from((D(0), D(4), D(-4), D(6), D(-6), D(24), D(-24), D(26), D(-26), D(200), D(-200)))


@st.composite
def near_cases(draw: st.DrawFn) -> PlanCase:
    """Draw a portfolio that stands near its targets, where thresholds decide; what an exchange takes at least is small beside them."""
    case, value = draw(plan_cases()), D(100_000)
    targets = case.targets
    spot = tuple(
        replace(h, qty=_quantity(max(D(0), targets.spot[h.asset] + draw(_OFF) / 10_000) * value, h.price, 12)) for h in case.snapshot.spot
    )
    positions = tuple(
        replace(p, entry=p.mark, qty=_quantity((targets.futures[p.contract] / 4 + draw(_OFF) / 10_000) * value, p.mark, 12))
        for p in case.snapshot.positions
    )
    exposures = {contract: f / 4 for contract, f in targets.futures.items()}
    cash = (Cash(asset="USDT", qty=targets.stable * value),)
    return replace(
        case,
        snapshot=Snapshot(spot=spot, cash=cash, wallet=targets.collateral * value, positions=positions),
        targets=replace(targets, futures=exposures),
        rules={name: replace(one, lot=one.lot.scaleb(-4), min_notional=min(D(5), one.min_notional)) for name, one in case.rules.items()},
        config=replace(case.config, cash_buffer=D(0), min_trade=D(10), min_trade_bps=D(5), sleeve_cap=D(100), gross_cap=D(5)),
    )


@st.composite
def walks(draw: st.DrawFn) -> list[D]:
    """Draw closes that go in legs between turning points, with a little noise: trends, reversals and divergences."""
    turns = draw(st.lists(st.integers(60, 240), min_size=2, max_size=8))
    noise = draw(st.lists(st.integers(-9, 9), min_size=1, max_size=7))
    closes = [D(turns[0])]
    for a, b in pairwise(turns):
        n = draw(st.integers(1, 20))
        closes += [D(a) + (D(b) - D(a)) * i / n + D(noise[i % len(noise)]).scaleb(-1) for i in range(1, n + 1)]
    return [close.quantize(D("0.01")) for close in closes]


@cache
def fee_rates() -> st.SearchStrategy[Fees]:
    """Draw fees from none to steep."""
    return st.builds(Fees, spot=st.sampled_from((D(0), D("0.001"), D("0.002"))), futures=st.sampled_from((D(0), D("0.0002"), D("0.0005"))))


@cache
def configs() -> st.SearchStrategy[Config]:
    """Draw settings, the planner's switches included."""
    return st.builds(
        Config,
        gross_cap=st.sampled_from((D("0.5"), D(1), D("1.25"), D(2), D(5))),
        sleeve_cap=st.sampled_from((D(1), D(2), D(3), D(8))),
        offset_bps=st.sampled_from((D(0), D(5), D(30), D(100))),
        style=st.sampled_from(("passive", "marketable")),
        min_trade=st.sampled_from((D(10), D(10), D(0), D(50))),
        min_trade_bps=st.sampled_from((D(5), D(5), D(0), D(20))),
        cash_buffer=st.sampled_from((D(0), D(0), D(100))),
        fee_aware=st.sampled_from((True, True, True, False)),
    )


def signed(block: Block) -> dict[str, F]:
    """Return the signed quantity of every order."""
    return {o.instrument: F(o.qty) * (1 if o.side == "buy" else -1) for o in block.orders}


def filled(case: PlanCase, block: Block) -> PlanCase:
    """Return the case as it stands once every order has filled at its valuation price."""
    moves, wallet = signed(block), case.snapshot.wallet
    spot = tuple(replace(h, qty=h.qty + D_of(moves.get(h.asset, F(0)))) for h in case.snapshot.spot)
    for transfer in block.transfers:
        wallet += transfer.amount if transfer.direction == "to_futures" else -transfer.amount
    futures_fees = sum((o.notional for o in block.orders if o.leg.startswith("futures")), D(0)) * case.fees.futures
    positions: list[Position] = []
    for p in case.snapshot.positions:
        move = D_of(moves.get(p.contract, F(0)))
        closed = min(abs(move), abs(p.qty)) * (-1 if p.qty > 0 else 1) if move * p.qty < 0 else D(0)
        wallet -= closed * (p.mark - p.entry)
        positions.append(replace(p, qty=p.qty + closed))
        if move - closed:
            positions.append(replace(p, qty=move - closed, entry=p.mark))
    cash = (Cash(asset="USDT", qty=block.post.cash),)
    after = Snapshot(spot=spot, cash=cash, wallet=wallet - futures_fees, positions=tuple(positions))
    return replace(case, snapshot=after)


def D_of(number: F) -> D:  # noqa: N802 - the opposite of F
    """Turn a rational that ends back into a decimal."""
    return Context(prec=200).divide(D(number.numerator), D(number.denominator))


def trend_step(
    state: trend.TrendState, closes: Sequence[Decimal], volumes: Sequence[Decimal], pct: Decimal, *, short: bool = False
) -> trend.TrendState:
    """Score the newest bar and take it, as the bot does."""
    found = trend.exhaustion(closes, volumes, len(closes) - 1, pct, short=short)
    return trend.advance(state, closes, range(len(closes)), found, short=short)
