"""Whatever a portfolio lives through, what its triggers brought and its funding are what it has more than by holding (domain 12.4).

The ledger here knows nothing of the journal: it keeps two purses, of which one trades and the other only holds, and links returns itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model import Cause, Flow, FlowKind, Mark
from chatbot.reports.review.review import Records, review
from chatbot.store.flows import Opening
from tests.reports.review.test_review import PORTFOLIO, UPGRADED, an_order, day, traded

D, F = Decimal, Fraction
NOTHING, ONE, MONEY = F(0), F(1), F(10_000)
COINS, PERP = ("BTC", "BNB"), "BTC-PERP"
TRIGGERS = (Cause.DRIFT, Cause.VOLATILITY, Cause.TREND)
#: what happens, with which coin, hundredths of it, per cent that its price moves, fee coin, thousandths, what triggers wanted alone
Step = tuple[str, str, int, int, str, int, list[int]]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "futures", "deposit", "withdraw", "funding", "keep", "mark", "nothing"]),
        st.sampled_from(COINS),
        st.integers(-80, 80).filter(bool),
        st.integers(-15, 18),
        st.sampled_from(["USDT", *COINS]),
        st.integers(-20, 40),
        st.lists(st.integers(-30, 30), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=20,
)


@dataclass
class Purse:
    """What is there: coins, contracts, and the futures wallet less what its positions cost."""

    amounts: defaultdict[str, F] = field(default_factory=lambda: defaultdict(F))
    wallet: F = MONEY

    def worth(self, prices: dict[str, F]) -> F:
        """Return its value, quote."""
        return sum((qty * prices[name] for name, qty in self.amounts.items()), self.wallet)


@dataclass
class Life:
    """A portfolio that is traded, one that only holds, and what is written down about the first."""

    prices: dict[str, F] = field(default_factory=lambda: {"BTC": F(100), "BNB": F(50), "USDT": F(1), PERP: F(101)})
    own: Purse = field(default_factory=Purse)
    holding: Purse = field(default_factory=Purse)
    funding: F = NOTHING
    #: what a unit became, and the value that it has been counted up to
    growth: F = ONE
    counted: F = NOTHING
    marks: list[Opening] = field(default_factory=list)
    orders: list[Any] = field(default_factory=list)
    plans: list[Any] = field(default_factory=list)
    moved: list[Flow] = field(default_factory=list)

    def __post_init__(self) -> None:
        for purse in (self.own, self.holding):
            purse.amounts |= {"BTC": F(100), "BNB": F(40), "USDT": F(50_000)}
        self.counted = self.own.worth(self.prices)
        self.mark(0)

    def mark(self, at: float) -> None:
        """Write down how it stands."""
        value = self.own.worth(self.prices)
        self.growth, self.counted = self.growth * value / self.counted, value
        mark = Mark(
            held={name: plain(qty) for name, qty in self.own.amounts.items()},
            prices={name: plain(price) for name, price in self.prices.items()},
            futures_cash=plain(self.own.wallet),
            funding=plain(self.funding),
        )
        self.marks.append(Opening(day=day(at).date(), at=day(at), value=plain(value), mark=mark))

    def flow(self, at: float, kind: FlowKind, coin: str, qty: F) -> None:
        """Let something in or out, of both purses."""
        value, amount = self.own.worth(self.prices), qty * self.prices[coin]
        word = "moved" if kind is FlowKind.RESERVE else "changes"
        facts = {word: {coin: str(plain(qty))}}
        self.moved.append(
            Flow(id=len(self.moved) + 1, portfolio_id=1, at=day(at), kind=kind, value=plain(value), amount=plain(amount), facts=facts)
        )
        self.growth, self.counted = self.growth * value / self.counted, value + amount
        for purse in (self.own, self.holding):
            purse.amounts[coin] += qty

    def trade(self, at: float, name: str, qty: F, fee: tuple[str, F], wanted: list[int]) -> None:
        """Trade what a plan of its own says; several triggers may have wanted it."""
        coin, amount = fee
        price, number = self.prices[name], len(self.plans) + 1
        self.own.amounts[name] += qty
        self.own.amounts[coin] -= amount
        if name == PERP:
            self.own.wallet -= qty * price
        else:
            self.own.amounts["USDT"] -= qty * price
        worth = plain(amount * self.prices[coin])
        order = an_order(number, at, "buy" if qty > 0 else "sell", str(plain(abs(qty))), str(plain(price)), str(worth))
        order = replace(order, instrument=name, fees={coin: str(plain(amount))})
        causes = TRIGGERS[: len(wanted)]
        alone = {cause.value: {name: str(one)} for cause, one in zip(causes, wanted, strict=True)}
        plan = traded(number, at, order, *causes, alone=alone)
        known = {one: plain(self.prices[one]) for one in self.prices if one != "USDT"}
        self.plans.append(replace(plan, legs=(replace(plan.legs[0], instrument=name),), prices=known))
        self.orders.append(order)


def plain(number: F) -> D:
    """Return a number as it would be written down."""
    return (D(number.numerator) / D(number.denominator)).quantize(D("1e-12"))


def rounded(number: F) -> F:
    """Return a number of at most twelve decimals, so that both ledgers hold the same."""
    return F(plain(number))


def lived(steps: list[Step]) -> Life:
    """Do what can be done of some steps, half a day apart, and look once more at the end."""
    life = Life()
    for number, (kind, coin, hundredths, move, fee_coin, thousandths, wanted) in enumerate(steps, 1):
        at, qty = number * 0.5, F(hundredths, 100)
        life.prices[coin] = rounded(life.prices[coin] * (100 + move) / 100)
        life.prices[PERP] = rounded(life.prices["BTC"] * F(101, 100))
        if kind in ("trade", "futures"):
            name = coin if kind == "trade" else PERP
            life.trade(at, name, qty, (fee_coin, F(thousandths, 1000)), wanted)
        elif kind in ("deposit", "withdraw"):
            came = abs(qty) if kind == "deposit" else -abs(qty)
            life.flow(at, FlowKind.DEPOSIT if came > 0 else FlowKind.WITHDRAWAL, coin, came)
        elif kind == "keep":
            life.flow(at, FlowKind.RESERVE, coin, qty)
        elif kind == "funding":
            life.funding += qty
            life.own.wallet += qty
        elif kind == "mark":
            life.mark(at)
    life.mark(len(steps) * 0.5 + 1)
    return life


@pytest.mark.long
@given(STEPS)
def test_parts_and_funding_are_what_it_has_more_than_by_holding(steps: list[Step]) -> None:
    """Trades of coins and contracts, fees and rebates in three coins, money that comes and goes, coins kept out, triggers that cross."""
    life = lived(steps)
    records = Records(
        plans=tuple(reversed(life.plans)),
        filled=tuple(life.orders),
        moved=tuple(life.moved),
        marked=tuple(life.marks),
        strategies=(UPGRADED,),
    )
    found = review(PORTFOLIO, records, None, fee=0, zone=UTC)
    own, holding = life.own.worth(life.prices), life.holding.worth(life.prices)
    assert found.series is not None
    assert found.card.attribution is not None
    assert found.series.actual[-1] == pytest.approx(float(life.growth), rel=1e-9)
    assert found.ahead is not None
    assert found.unexplained is not None
    assert abs(F(found.ahead) - (own - holding)) < own / 10**9
    assert abs(F(found.unexplained)) < own / 10**9
    parts = sum((F(one.gain) for one in found.card.scores), F(found.card.attribution.funding))
    assert abs(parts - (own - holding)) < own / 10**9
