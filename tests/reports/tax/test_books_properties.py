"""Whatever happened, nothing is lost: what was realised, what is not yet, funding and what came and went are the change of value."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.reports.tax.books import books
from chatbot.reports.tax.entries import BookKind, Entry, Journal

D, F = Decimal, Fraction
NOTHING = F(0)
COINS = ("BTC", "BNB")
PERP = "BTC-PERP"
AT = datetime(2025, 12, 31, 12, tzinfo=UTC)
#: kind, coin, hundredths of a unit, price, fee coin, thousandths of the fee
Step = tuple[str, str, int, int, str, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "deposit", "withdraw", "futures", "funding", "write off", "split"]),
        st.sampled_from(COINS),
        st.integers(-500, 500).filter(bool),
        st.integers(1, 300),
        st.sampled_from(["USDT", "BTC", "BNB"]),
        st.integers(-50, 50),
    ),
    max_size=25,
)


@dataclass
class Ledger:
    """The same money without any books: amounts, and for each coin its units with what they cost."""

    spot: defaultdict[str, F] = field(default_factory=lambda: defaultdict(F))
    lots: defaultdict[str, list[list[F]]] = field(default_factory=lambda: defaultdict(list))
    position: F = NOTHING
    #: what the position cost, signed
    paid: F = NOTHING
    #: came in less what left, at what it had cost
    flows: F = NOTHING
    entries: list[Entry] = field(default_factory=list)

    def came(self, coin: str, qty: F, cost: F) -> None:
        """Take units in for what they cost in all."""
        self.spot[coin] += qty
        if coin != "USDT":
            self.lots[coin].append([qty, cost])

    def left(self, coin: str, qty: F) -> F:
        """Take units out, oldest first; return what they had cost."""
        self.spot[coin] -= qty
        cost = F(0)
        while qty:
            lot = self.lots[coin][0]
            part = min(qty, lot[0])
            share = lot[1] * part / lot[0]
            cost, qty = cost + share, qty - part
            lot[0], lot[1] = lot[0] - part, lot[1] - share
            if not lot[0]:
                self.lots[coin].pop(0)
        return cost

    def fee(self, coin: str, fee: F, price: F) -> bool:
        """Pay a fee, or take a rebate; False: there is too little."""
        if coin == "USDT":
            self.spot[coin] -= fee
        elif fee < 0:
            self.came(coin, -fee, -fee * price)
        elif fee > self.spot[coin]:
            return False
        else:
            self.left(coin, fee)
        return True

    @property
    def worth_at_cost(self) -> F:
        """Money, coins at what they cost, and what the futures account is owed for its position."""
        return self.spot["USDT"] + sum((cost for lots in self.lots.values() for _, cost in lots), F(0))


def carried_out(steps: list[Step]) -> Ledger:
    """Do what can be done of some steps, one a minute or several in the same."""
    ledger = Ledger()
    for number, step in enumerate(steps):
        one = _done(ledger, step)
        if one is not None:
            ledger.entries.append(replace(one, at=AT + timedelta(minutes=number // 2 * 40)))
    return ledger


def _done(ledger: Ledger, step: Step) -> Entry | None:
    kind, coin, hundredths, cents, fee_coin, thousandths = step
    qty, price, fee = F(abs(hundredths), 100), F(cents), F(thousandths, 1000)
    prices = {name: D(cents) for name in COINS}
    fees = {fee_coin: D(thousandths) / 1000} if thousandths else {}
    plain = Entry(at=AT, kind=BookKind.DEPOSIT, instrument=coin, qty=D(abs(hundredths)) / 100, price=D(cents))
    traded = replace(plain, fees=fees, fee_prices={name: prices[name] for name in fees if name in prices})
    if kind == "buy":
        return _bought(ledger, traded, qty, price, fee_coin, fee)
    if kind == "futures":
        signed = qty if hundredths > 0 else -qty
        if not ledger.fee(fee_coin, fee, price):
            return None
        ledger.spot["USDT"] -= signed * price  # as if it were bought: what it is owed stands against it
        ledger.position, ledger.paid = ledger.position + signed, ledger.paid + signed * price
        return replace(traded, kind=BookKind.FUTURES, instrument=PERP, qty=D(hundredths) / 100)
    if kind == "funding":
        ledger.spot["USDT"] += F(hundredths, 100)
        return replace(plain, kind=BookKind.FUNDING, instrument="USDT", qty=D(hundredths) / 100, price=D(1))
    if kind == "deposit":
        ledger.came(coin, qty, qty * price)
        ledger.flows += qty * price
        return plain
    return _gone(ledger, kind, traded, qty, price, (fee_coin, fee))


def _bought(ledger: Ledger, entry: Entry, qty: F, price: F, fee_coin: str, fee: F) -> Entry | None:
    if fee_coin == entry.instrument:
        if qty - fee <= 0:
            return None
        ledger.came(entry.instrument, qty - fee, qty * price)
    elif ledger.fee(fee_coin, fee, price):
        worth = fee if fee_coin == "USDT" else fee * price
        ledger.came(entry.instrument, qty, qty * price + worth)
    else:
        return None
    ledger.spot["USDT"] -= qty * price
    return replace(entry, kind=BookKind.BUY)


def _gone(ledger: Ledger, kind: str, entry: Entry, qty: F, price: F, paid: tuple[str, F]) -> Entry | None:
    coin, (fee_coin, fee) = entry.instrument, paid
    more = max(F(0), fee) if kind == "sell" and fee_coin == coin else F(0)
    if qty + more > ledger.spot[coin]:
        return None
    if kind == "sell":
        if fee_coin not in ("USDT", coin) and fee > ledger.spot[fee_coin]:
            return None
        ledger.left(coin, qty)
        ledger.fee(fee_coin, fee, price)
        ledger.spot["USDT"] += qty * price
        return replace(entry, kind=BookKind.SELL, qty=-entry.qty)
    if kind == "split":
        for lot in ledger.lots[coin]:
            lot[0] *= 1000
        whole, ledger.spot[coin] = ledger.spot[coin], ledger.spot[coin] * 1000
        held = D(whole.numerator) / D(whole.denominator)
        return replace(entry, kind=BookKind.RENAMED, qty=-held, price=None, fees={}, to=coin, to_qty=held * 1000)
    cost = ledger.left(coin, qty)
    ledger.flows -= cost if kind == "withdraw" else F(0)
    written_off = kind == "write off"
    of = BookKind.WRITTEN_OFF if written_off else BookKind.WITHDRAWAL
    return replace(entry, kind=of, qty=-entry.qty, price=D(0) if written_off else entry.price, fees={})


@pytest.mark.long
@given(STEPS, st.integers(1, 300))
def test_realised_and_unrealised_funding_and_flows_are_the_change_of_value(steps: list[Step], mark: int) -> None:
    """Purchases, sales, fees and rebates in three coins, flips of futures, funding, splits and dead coins, over a New Year."""
    ledger = carried_out(steps)
    told = books(Journal(quote="USDT", entries=tuple(ledger.entries)), UTC)
    assert not any(one.unknown or one.unknown_trades for one in told.years)
    realised = sum((F(one.coins or 0) + F(one.futures or 0) + F(one.funding) for one in told.years), F(0))
    open_futures = ledger.position * mark - ledger.paid
    closed = sum((F(row.gain or 0) for row in told.rows if row.entry.instrument == PERP), F(0))
    fees_of_futures = sum((F(row.fee or 0) for row in told.rows if row.entry.instrument == PERP), F(0))
    value = ledger.worth_at_cost + ledger.position * mark
    unrealised_futures = open_futures - closed - fees_of_futures
    assert abs(value - ledger.flows - realised - unrealised_futures) < F(1, 10**9)
    assert F(sum(one.fees for one in told.years)) == sum((F(row.fee or 0) for row in told.rows), F(0))
