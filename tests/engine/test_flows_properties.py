"""Returns know nothing of money that comes and goes (domain 9.15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.flows import Moment, time_weighted

D = Decimal
money = st.decimals(min_value="0.01", max_value="1e9", places=2)
growths = st.lists(st.decimals(min_value="0.5", max_value="2", places=3), min_size=1, max_size=12)


def halves(moment: Moment) -> tuple[Decimal | None, ...]:
    """Return the same money in twice as many flows."""
    return tuple(part for flow in moment.flows if flow is not None for part in (flow - 1, D(1)))


@given(money, growths, st.data())
def test_c54_any_flows_at_any_moment_leave_the_return_as_it_was(start: Decimal, steps: list[Decimal], data: st.DataObject) -> None:
    """The same market, with money coming and going as it likes, in how many parts ever: the same return; what was not put in is profit."""
    value, moments, put_in = start, [Moment(value=start)], D(0)
    plain = [Moment(value=start)]
    for step in steps:
        flows = data.draw(st.lists(st.decimals(min_value=-value / 4, max_value=10**9, places=2), max_size=3))
        moments[-1] = Moment(value=moments[-1].value, flows=tuple(flows))
        put_in += sum(flows, D(0))
        value = (value + sum(flows, D(0))) * step
        moments.append(Moment(value=value))
        plain.append(Moment(value=(plain[-1].value or D(0)) * step))
    got, undisturbed = time_weighted(moments), time_weighted(plain)
    assert got.total is not None
    assert undisturbed.total is not None
    assert abs(got.total - undisturbed.total) < D("1e-18")
    assert time_weighted([replace(moment, flows=halves(moment)) for moment in moments]) == got
    assert got.profit is not None
    assert abs(got.profit - (value - start - put_in)) < D("1e-12")


@given(st.lists(st.one_of(st.none(), st.decimals(min_value=-100, max_value=1000, places=1)), min_size=2, max_size=6))
def test_a_return_over_anything_unknown_or_negative_is_unknown(values: list[Decimal | None]) -> None:
    """It is never 0, and the links on both sides of it are unknown too."""
    got = time_weighted([Moment(value=value) for value in values])
    assert len(got.links) == len(values)
    for before, after, link in zip(values, values[1:], got.links[1:], strict=False):
        if before is None or after is None or before < 0 or after < 0:
            assert link is None
            assert got.total is None


def test_edges() -> None:
    """One value alone is a dash, everything lost stays lost, empty and still empty is 0, something in an emptied portfolio is unknown."""
    assert time_weighted([]) == time_weighted([Moment(value=None)]).__class__(links=(), total=None, profit=None)
    assert time_weighted([Moment(value=D(5), flows=(D(3),))]).total is None
    lost = time_weighted([Moment(value=D(5)), Moment(value=D(0), flows=(D(7),)), Moment(value=D(14))])
    assert (lost.links, lost.total) == ((None, D(-1), D(1)), D(-1))
    emptied = [Moment(value=D(5), flows=(D(-5),)), Moment(value=D(0)), Moment(value=D(0))]
    assert time_weighted(emptied).links == (None, D(0), D(0))
    assert time_weighted([*emptied, Moment(value=D(1))]).total is None
    with pytest.raises(Refused):
        time_weighted([Moment(value=D("1e2000")), Moment(value=D(1))])
