"""What only takes risk away, whichever legs fill and however far; and when quiet hours end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chatbot.alerts import quiet_hours
from chatbot.model import AlertSettings, Leg, LegKind, LegState, Plan
from chatbot.plans import autonomy
from tests.portfolio.still_market import D
from tests.store import samples

COINS = ("BTC", "SOL", "USDC")
money = st.integers(1, 20_000).map(D)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, dict[str, D], dict[str, D]]:
    """Return a plan with what is held before it: spot and signed futures, quote."""
    spot = {coin: draw(money) for coin in COINS}
    book = {f"{coin}-PERP": draw(st.integers(-20_000, 20_000).map(D)) for coin in ("BTC", "SOL")}
    legs = []
    for coin, held in spot.items():
        kind = draw(st.sampled_from((LegKind.SPOT_SELL, LegKind.SPOT_BUY, None)))
        if kind is not None:
            legs.append(_leg(kind, coin, held * draw(st.integers(1, 100)) / 100))
    for contract, size in book.items():
        kind = draw(st.sampled_from((LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE, None)))
        if kind is not None and size:
            closing = kind == LegKind.FUTURES_REDUCE
            qty = abs(size) * draw(st.integers(1, 100)) / 100
            legs.append(replace(_leg(kind, contract, qty), reduce_only=closing, sells=(size > 0) == closing))
    legs.append(_leg(LegKind.TO_SPOT, "USDT", draw(money)))
    value = sum(spot.values()) + D(5000)
    net = (spot["BTC"] + spot["SOL"] + sum(book.values())) / value
    figures = replace(samples.FIGURES, value=value, net=net)
    left_out = draw(st.sets(st.integers(0, len(legs) - 1)))
    numbered = (replace(leg, index=at, state=LegState.DROPPED if at in left_out else LegState.PLANNED) for at, leg in enumerate(legs))
    return samples.plan(1, before=figures, legs=tuple(numbered)), spot, book


def _leg(kind: LegKind, instrument: str, qty: D) -> Leg:
    return Leg(index=0, kind=kind, instrument=instrument, qty=qty)


@given(plans(), st.data())
def test_reducing_legs_never_raise_net_gross_or_any_long(drawn: tuple[Plan, dict[str, D], dict[str, D]], data: st.DataObject) -> None:
    """Whichever of them are filled, and however far: no exposure is larger afterwards, and the net exposure keeps its sign."""
    plan, spot, book = drawn
    after = {**spot, **book}
    for leg in autonomy.reducing(plan):
        assert leg.state is LegState.PLANNED
        assert not leg.is_transfer
        filled = leg.notional * data.draw(st.integers(0, 100)) / 100
        after[leg.instrument] += -filled if leg.side == "sell" else filled
    before, risky = {**spot, **book}, [name for name in (*spot, *book) if name != "USDC"]
    assert after["USDC"] == spot["USDC"]
    net, left = (sum(held[name] for name in risky) for held in (before, after))
    assert abs(left) <= abs(net) + D("1e-20")
    assert net * left >= -D("1e-15")
    assert sum(abs(after[name]) for name in risky) <= sum(abs(before[name]) for name in risky)
    for name in risky:
        assert max(after[name], D(0)) <= max(before[name], D(0))


def test_an_ordinary_plan_keeps_its_sale_and_leaves_the_purchase() -> None:
    """The case that everybody has: long coins, one sold, one bought."""
    plan = samples.plan(1)
    assert [leg.instrument for leg in autonomy.reducing(plan)] == ["BTC"]
    assert autonomy.alone(plan) == ()  # nobody knows what it costs
    priced = replace(plan, legs=tuple(replace(leg, slippage_bps=D(3)) for leg in plan.legs))
    assert [leg.instrument for leg in autonomy.alone(priced)] == ["BTC"]


ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
moments = st.integers(0, 2 * 366 * 1440).map(lambda minute: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(moments, st.sampled_from(ZONES), clocks, clocks)
def test_quiet_hours_end_within_a_day_and_are_over_then(now: datetime, zone: str, begin: time, end: time) -> None:
    """Across midnight and across changes of the clock: the end lies ahead, shows the chosen time, and is outside."""
    settings = AlertSettings(quiet_from=f"{begin:%H:%M}", quiet_to=f"{end:%H:%M}")
    found = quiet_hours.ends(settings, zone, now)
    clock = now.astimezone(ZoneInfo(zone)).time()
    inside = begin != end and (begin <= clock < end if begin < end else clock >= begin or clock < end)
    assert (found is not None) == inside
    if found is not None:
        assert now < found <= now + timedelta(hours=25)
        shown = found.astimezone(ZoneInfo(zone))
        if datetime.combine(shown.date(), end, ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone)).time() == end:
            assert shown.time() == end
