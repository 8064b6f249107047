"""What bands, destinations and alerts keep (domain appendix C, 20 to 22), and the document's examples."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.band_width import Band, half_width, recommend
from chatbot.engine.bands import BandState, advance, check_bands, check_net, quiet_drifts
from chatbot.engine.destination import destination
from chatbot.engine.errors import Refused
from chatbot.engine.targets import split
from tests.engine.strategies import decimals, quick, weights

if TYPE_CHECKING:
    from collections.abc import Sequence

D, F = Decimal, Fraction
#: quotients are cut after 30 places, and the largest line takes up to a cut per line
CUT = F(1, 10**29)
LINES = ("BTC", "ETH", "ALT", "STABLE")


@dataclass(frozen=True)
class Lines:
    """Weights, targets and bands of a few lines."""

    w: dict[str, Decimal]
    t: dict[str, Decimal]
    bands: dict[str, Band]


@st.composite
def lines(draw: st.DrawFn) -> Lines:
    """Draw lines whose weights sit on edges as often as not."""
    n = draw(st.integers(2, 4))
    names = LINES[:n]
    bands = {name: Band(abs_pp=draw(decimals("0.01", "20", 2)), rel=draw(st.none() | decimals("0.01", "1", 2))) for name in names}
    return Lines(w=dict(zip(names, draw(weights(n)), strict=True)), t=dict(zip(names, draw(weights(n)), strict=True)), bands=bands)


thetas = st.sampled_from([D(0), D("0.25"), D("0.5"), D(1)])


@quick
@given(lines(), thetas)
def test_c20_the_destination_is_the_cheapest_point_of_the_inner_bands(case: Lines, theta: Decimal) -> None:
    """Weights sum to exactly 1, each inside its inner band, and no smaller turnover gets there."""
    found = destination(case.w, case.t, case.bands, theta, force=True)
    x = {line: F(v) for line, v in found.weights.items()}
    down, up = F(0), F(0)
    for line, t in case.t.items():
        half = F(half_width(case.bands[line], t)) * (1 - F(theta))
        low, high = max(F(0), F(t) - half), F(t) + half
        assert low - CUT <= x[line] <= high + CUT
        down += max(F(0), F(case.w[line]) - high)
        up += max(F(0), low - F(case.w[line]))
    assert sum(x.values()) == 1
    # what must be sold, or what must be bought: the larger is the least possible turnover
    assert abs(F(found.one_way_turnover) - max(down, up)) < CUT
    if theta == 1:
        assert found.weights == case.t


@quick
@given(lines(), thetas, st.lists(st.sampled_from([D(0), D("0.001"), D("0.001"), D("0.0025"), D("0.01")]), min_size=4, max_size=4))
def test_c20_with_unequal_costs_no_exchange_is_cheaper(case: Lines, theta: Decimal, rates: list[Decimal]) -> None:
    """Moving a little weight from any line to any other inside the inner bands never lowers the cost: the greedy is exact."""
    costs = dict(zip(case.t, rates, strict=False))
    x = {line: F(v) for line, v in destination(case.w, case.t, case.bands, theta, force=True, costs=costs).weights.items()}
    assert sum(x.values()) == 1
    for to, t in case.t.items():
        half = F(half_width(case.bands[to], t)) * (1 - F(theta))
        assert max(F(0), F(t) - half) - CUT <= x[to] <= F(t) + half + CUT
        for away, u in case.t.items():
            floor = max(F(0), F(u) - F(half_width(case.bands[away], u)) * (1 - F(theta)))
            if to == away or x[to] + 4 * CUT >= F(t) + half or x[away] - 4 * CUT <= floor:
                continue
            raising = F(costs[to]) * (1 if x[to] >= F(case.w[to]) - CUT else -1)
            lowering = F(costs[away]) * (1 if x[away] <= F(case.w[away]) + CUT else -1)
            assert raising + lowering >= 0


@quick
@given(lines(), thetas, st.sampled_from([D("0.001"), D(1)]))
def test_c20_equal_costs_change_nothing(case: Lines, theta: Decimal, rate: Decimal) -> None:
    """Whatever it is, one cost for all lines leads where least turnover leads."""
    plain = destination(case.w, case.t, case.bands, theta, force=True)
    assert destination(case.w, case.t, case.bands, theta, force=True, costs=dict.fromkeys(case.t, rate)) == plain


@quick
@given(lines(), thetas, decimals("0", "0.5", 3))
def test_a_turnover_budget_is_met_on_the_straight_way(case: Lines, theta: Decimal, budget: Decimal) -> None:
    """The budget is used up or not needed, and every line has gone the same share of its way."""
    full = destination(case.w, case.t, case.bands, theta, force=True)
    found = destination(case.w, case.t, case.bands, theta, force=True, budget=budget)
    assert sum(map(F, found.weights.values())) == 1
    assert abs(F(found.one_way_turnover) - min(F(budget), F(full.one_way_turnover))) < CUT
    if full.one_way_turnover <= budget:
        assert found == full
    else:
        mu = F(budget) / F(full.one_way_turnover)
        for line, x in found.weights.items():
            w = F(case.w[line])
            assert abs(F(x) - (w + mu * (F(full.weights[line]) - w))) < 10 * CUT


def test_the_cheapest_line_absorbs_the_gap() -> None:
    """Cash left its band: the buy goes to the line that is cheap to trade, and the rest to the next when that one is full."""
    w = {"BTC": D("0.4"), "ALT": D("0.3"), "CASH": D("0.3")}
    t = {"BTC": D("0.45"), "ALT": D("0.35"), "CASH": D("0.2")}
    bands = dict.fromkeys(t, Band(abs_pp=D(5)))
    plain = destination(w, t, bands, D(0))
    assert plain.weights == {"BTC": D("0.425"), "ALT": D("0.325"), "CASH": D("0.25")}
    cheap = destination(w, t, bands, D(0), costs={"BTC": D("0.001"), "ALT": D("0.01")})
    assert cheap.weights == {"BTC": D("0.45"), "ALT": D("0.3"), "CASH": D("0.25")}
    w = {"BTC": D("0.395"), "ALT": D("0.305"), "CASH": D("0.3")}
    t = {"BTC": D("0.38"), "ALT": D("0.37"), "CASH": D("0.25")}
    narrow = {"BTC": Band(abs_pp=D(3)), "ALT": Band(abs_pp=D(5)), "CASH": Band(abs_pp=D(1))}
    # cash falls to 0.26 and ALT must rise to 0.32; of the 0.025 left BTC takes 0.015 to its edge
    full = destination(w, t, narrow, D(0), costs={"BTC": D("0.001"), "ALT": D("0.01")})
    assert full.weights == {"BTC": D("0.41"), "ALT": D("0.33"), "CASH": D("0.26")}
    with pytest.raises(Refused, match="bad_parameter"):
        destination(w, t, bands, D(0), budget=D(-1))


@quick
@given(lines(), thetas)
def test_c20_arriving_twice_changes_nothing(case: Lines, theta: Decimal) -> None:
    """The destination of a destination is itself."""
    once = destination(case.w, case.t, case.bands, theta, force=True)
    twice = destination(once.weights, case.t, case.bands, theta, force=True)
    assert all(abs(twice.weights[line] - x) < D("1e-28") for line, x in once.weights.items())


@quick
@given(lines())
def test_c21_turnover_grows_with_theta(case: Lines) -> None:
    """Trading nearer to the target never costs less turnover."""
    turnovers = [destination(case.w, case.t, case.bands, D(n) / 8, force=True).one_way_turnover for n in range(9)]
    assert all(a <= b + D("1e-28") for a, b in pairwise(turnovers))


@quick
@given(lines(), st.sampled_from(["article", "inclusive", "strict"]), decimals("1", "3", 2))
def test_c22_wider_bands_trigger_less(case: Lines, mode: str, wider: Decimal) -> None:
    """No line fires inside its band, and wider bands fire no line that narrow ones do not."""
    narrow = check_bands(case.w, case.t, case.bands, mode)
    wide_bands = {
        line: Band(abs_pp=(b.abs_pp or D(0)) * wider, rel=None if b.rel is None else b.rel * wider) for line, b in case.bands.items()
    }
    assert set(check_bands(case.w, case.t, wide_bands, mode).triggered) <= set(narrow.triggered)
    for line, check in narrow.lines.items():
        half = half_width(case.bands[line], case.t[line])
        if abs(case.w[line] - case.t[line]) < half:
            assert check.breach is None
        if abs(case.w[line] - case.t[line]) > half:
            assert check.breach == ("over" if case.w[line] > case.t[line] else "under")


def events_of(weights_seen: Sequence[Decimal | None], confirm: int = 1) -> list[str | None]:
    """Return the events of a line with the target 40 % and a band of 5 points, sample by sample; None is a missing one."""
    state, events = BandState(), []
    for w in weights_seen:
        event = None
        if w is not None:
            line = check_net(w, D(1), D("0.4"), Band(abs_pp=D(5)))
            state, event = advance(state, line.drift, line.band, line.breach, confirm=confirm)
        events.append(event)
    return events


@quick
@given(st.lists(st.none() | decimals("0.2", "0.6", 3), max_size=30))
def test_c22_no_event_while_every_sample_is_inside(series: list[Decimal | None]) -> None:
    """Samples inside the band never make an event, and missing ones never do."""
    events = events_of(series)
    for w, event in zip(series, events, strict=True):
        if w is None or abs(w - D("0.4")) < D("0.05"):
            assert event is None
    known = [(w, e) for w, e in zip(series, events, strict=True) if w is not None]
    assert events_of([w for w, _ in known]) == [e for _, e in known]


@quick
@given(st.lists(st.none() | decimals("0.2", "0.6", 2), max_size=20), st.integers(0, 20))
def test_c29_alerts_depend_only_on_the_past(series: list[Decimal | None], cut: int) -> None:
    """The events of a prefix are the prefix of the events."""
    assert events_of(series[:cut]) == events_of(series)[:cut]


@pytest.mark.parametrize(
    ("mode", "w", "breach"),
    [
        ("article", "0.45", "over"),
        ("article", "0.35", None),
        ("article", "0.349999999", "under"),
        ("inclusive", "0.35", "under"),
        ("strict", "0.45", None),
        ("strict", "0.450000001", "over"),
    ],
)
def test_edges_follow_the_mode(mode: str, w: str, breach: str | None) -> None:
    """The article's "hits 45 % or falls below 35 %" to the letter, and its two alternatives."""
    values = {"BTC": D(w), "STABLE": 1 - D(w)}
    found = check_bands(values, {"BTC": D("0.4"), "STABLE": D("0.6")}, {"BTC": Band(abs_pp=D(5))}, mode)
    assert found.lines["BTC"].breach == breach
    assert found.lines["STABLE"].band is None


def test_a_line_without_a_target_may_hold_nothing() -> None:
    """Nothing needs no target; something without one is a row that was forgotten."""
    assert set(check_bands({"A": D(100), "B": D(0)}, {"A": D(1)}, {}).lines) == {"A"}
    assert destination({"A": D(1), "B": D(0)}, {"A": D(1)}, {}, D(1), force=True).weights == {"A": D(1)}
    for forgotten in (
        lambda: check_bands({"A": D(100), "B": D(1)}, {"A": D(1)}, {}),
        lambda: destination({"B": D(1)}, {"A": D(1)}, {}, D(1)),
    ):
        with pytest.raises(Refused, match="missing_target"):
            forgotten()


def test_a_quotient_on_the_edge_is_not_rounded_away() -> None:
    """0.7 of 7 against 0.07 + 0.03 lies exactly on the edge, and thirds do too."""
    found = check_bands({"A": D("0.7"), "B": D("6.3")}, {"A": D("0.07"), "B": D("0.93")}, {"A": Band(abs_pp=D(3))})
    assert found.triggered == ("A",)
    thirds = check_bands({"A": D(1), "B": D(2)}, {"A": D("0.3"), "B": D("0.7")}, {"A": Band(abs_pp=D("3.3333333333333333"))})
    assert thirds.triggered == ("A",)


def test_alerts_chatter_once() -> None:
    """One breach, silence at the edge, an escalation per further point, news when the other side breaks, re-armed at 80 %."""
    weights_seen = [D(w) for w in ("0.45", "0.459", "0.46", "0.45", "0.47", "0.34", "0.36", "0.34", "0.46", "0.44", "0.45")]
    events = events_of(weights_seen)
    expected = ["breach", None, "escalate", None, "escalate", "breach", None, "breach", "breach", None, "breach"]
    assert events == expected


@quick
@given(st.none() | decimals("0", "0.2", 3), st.booleans(), st.booleans(), decimals("-0.3", "0.3", 3))
def test_between_quiet_drifts_nothing_is_told_and_nothing_changes(last: Decimal | None, fired: bool, over: bool, drift: Decimal) -> None:
    """A line that rests between them, armed or fired, is the same after a sample, so that nobody has to take it."""
    state = BandState(fired=True, side="over" if over else "under", last_drift=last) if fired else BandState()
    line = check_net(D("0.4") + drift, D(1), D("0.4"), Band(abs_pp=D(5)))
    assert line.band is not None
    low, high = quiet_drifts(state, line.band)
    towards = -drift if fired and not over else drift
    if low < towards and (high is None or towards < high):
        assert advance(state, line.drift, line.band, line.breach) == (state, None)


def test_a_breach_may_have_to_be_confirmed() -> None:
    """With confirm 2 one sample outside is not news, and the count starts again after a sample inside."""
    series = [D(w) for w in ("0.45", "0.44", "0.45", "0.46", "0.34", "0.33")]
    assert events_of(series, confirm=2) == [None, None, None, "breach", None, "breach"]


def test_state_is_a_plain_value() -> None:
    """A state that was written down and read back goes on as before."""
    state, event = advance(BandState(), D("0.06"), D("0.05"), "over")
    again = BandState(fired=state.fired, side=state.side, last_drift=D(str(state.last_drift)), streak=state.streak)
    assert event == "breach"
    assert advance(again, D("0.07"), D("0.05"), "over")[1] == "escalate"
    # the person widened the band meanwhile: a larger drift inside it is no news
    assert advance(again, D("0.07"), D("0.08"), None)[1] is None


@pytest.mark.parametrize("band", [Band(), Band(abs_pp=D(0)), Band(abs_pp=D(-1)), Band(rel=D(0))])
def test_a_band_without_width_is_refused(band: Band) -> None:
    """A band needs a width above 0."""
    with pytest.raises(Refused, match="bad_band"):
        check_bands({"A": D(1), "B": D(1)}, {"A": D("0.5"), "B": D("0.5")}, {"A": band})


@pytest.mark.parametrize(
    ("target", "cost", "edge", "full"),
    [("0.4", 0.0002, 1.79, 2.85), ("0.5", 0.001, 3.15, 5.00), ("0.2", 0.0025, 3.17, 5.04), ("0.1", 0.01, 3.43, 5.45)],
)
def test_recommended_widths_are_the_documents(target: str, cost: float, edge: float, full: float) -> None:
    """The table of the recommended band, to its two places."""
    found = [recommend(target=float(target), risk_aversion=3, cost=cost, sigma=0.6, theta=theta).band_pp for theta in (0, 1)]
    assert found == pytest.approx([edge, full], abs=0.005)


def test_a_destination_can_be_planned() -> None:
    """Weights that lie on thirds still add up to exactly 1, as the planner demands."""
    w = {"A": D("0.5"), "B": D("0.3"), "C": D("0.1"), "D": D("0.1")}
    t = {"A": D("0.4"), "B": D("0.2"), "C": D("0.2"), "D": D("0.2")}
    x = destination(w, t, {"A": Band(rel=D(1) / 3), "B": Band(rel=D(1) / 7)}, D("0.3"), force=True).weights
    assert sum(map(F, x.values())) == 1
    assert split(x, {}, {}, D(0), {}).spot == x


def test_a_tracking_budget_can_bind() -> None:
    """The narrower of both widths is recommended, and it says which one bound."""
    free = recommend(target=0.4, risk_aversion=3, cost=0.0025, sigma=0.6)
    tight = recommend(target=0.4, risk_aversion=3, cost=0.0025, sigma=0.6, te_budget=free.tracking_error / 2)
    assert (free.bound_by, tight.bound_by) == ("cost", "tracking_error")
    assert tight.band_pp == pytest.approx(free.band_pp / 2)
    assert recommend(target=0.4, risk_aversion=3, cost=0.0025, sigma=0.6, theta=0).days_between is None
