"""Whatever happens at the test exchange, no money appears or disappears, and what it tells of an account adds up."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.account import Account
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.venue import Venue
from chatbot.exchanges.testserver.words import Force, Refusal
from tests.exchanges.testserver.desk import NOW

START, FUTURES = {"USDT": Decimal(20_000), "BTC": Decimal("0.2"), "BNB": Decimal(1)}, Decimal(8_000)
PRICES = st.integers(45_000, 75_000).map(Decimal)
ORDERS = st.tuples(
    st.just("order"),
    st.sampled_from(["BTC", "BTC-PERP"]),
    st.sampled_from(list(Side)),
    st.integers(1, 400).map(lambda lots: Decimal(lots) / 1000),
    st.one_of(st.none(), PRICES),
    st.sampled_from(list(Force)),
    st.booleans(),
)
STEPS = st.one_of(
    ORDERS,
    ORDERS,
    st.tuples(st.just("move"), PRICES),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2, 9 * 3600])),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("transfer"), st.integers(-9_000, 9_000).filter(bool)),
    st.tuples(st.just("deleverage"), st.integers(1, 90).map(lambda lots: Decimal(lots) / 1000)),
    st.tuples(st.just("burn"), st.booleans()),
)


class World:
    """One exchange with two accounts, of which the first does something."""

    def __init__(self, *, one_wallet: bool) -> None:
        self.clock = ManualClock(NOW)
        self.venue = Venue(self.clock, Harshness(level_quote=Decimal(4_000)), Traits(one_wallet=one_wallet))
        self.account = self.venue.open_account("a", "s", START, FUTURES)
        self.other = self.venue.open_account("b", "s", START, FUTURES)

    def do(self, kind: str, *what: object) -> None:
        """Do one step; what the exchange refuses changes nothing."""
        before = self.shape()
        try:
            getattr(self, f"_{kind}")(*what)
        except Refusal:
            assert self.shape() == before

    def shape(self) -> object:
        """Return all that an account is, as text."""
        purses = [self.venue.ledger.all_of(self.account.purse(wallet)) for wallet in Wallet]
        return repr((purses, self.account.held(), self.account.orders, self.account.income))

    def _order(self, name: str, side: Side, qty: Decimal, limit: Decimal | None, force: Force, reduces: bool) -> None:
        wish = Wish(
            client_id="",
            instrument=name,
            side=side,
            qty=qty,
            limit=limit,
            force=force,
            reduce_only=reduces and is_perp(name),
        )
        place(self.venue, self.account, wish)

    def _move(self, price: Decimal) -> None:
        self.venue.move("BTC", price)

    def _wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.venue.catch_up()

    def _cancel(self, which: int) -> None:
        for order in self.account.open_orders[which : which + 1]:
            self.venue.cancel(self.account, order.market.instrument, number=order.number)

    def _transfer(self, amount: int) -> None:
        ways = [(Wallet.SPOT, Wallet.FUTURES), (Wallet.FUTURES, Wallet.SPOT)]
        self.venue.transfer(self.account, *ways[amount < 0], "USDT", Decimal(abs(amount)))

    def _deleverage(self, qty: Decimal) -> None:
        self.venue.deleverage(self.account, "BTC-PERP", qty)

    def _burn(self, burns: bool) -> None:
        self.account.pays_in = "BNB" if burns else ""


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.lists(STEPS, max_size=25))
def test_no_money_appears_or_disappears(one_wallet: bool, steps: list[tuple[object, ...]]) -> None:
    """All purses together hold nothing, of every asset, after every step; and nobody touched the other account."""
    world = World(one_wallet=one_wallet)
    for step in steps:
        world.do(*step)  # type: ignore[arg-type]
        assert set(world.venue.ledger.sums().values()) <= {0}
    held = world.venue.ledger.all_of(world.other.purse(Wallet.SPOT))
    assert held == ({**START, "USDT": START["USDT"] + FUTURES} if one_wallet else START)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_what_is_told_adds_up(steps: list[tuple[object, ...]]) -> None:
    """Wallets follow from the fills, the income and the transfers that an account can read; nothing more is locked than is there."""
    world = World(one_wallet=False)
    for step in steps:
        world.do(*step)  # type: ignore[arg-type]
        account, venue = world.account, world.venue
        assert venue.ledger.all_of(account.purse(Wallet.SPOT)) == {asset: one for asset, one in _spot_told(account).items() if one}
        wallet = venue.ledger.held(account.purse(Wallet.FUTURES), "USDT")
        assert wallet == FUTURES + sum(one.amount for one in account.income)
        for asset in START:
            assert 0 <= venue.locked(account, asset) <= venue.ledger.held(account.purse(Wallet.SPOT), asset)
        assert all(order.filled <= order.qty and order.qty % order.market.lot == 0 for order in account.orders)
        assert not venue.margin(account).broke or not account.held()


def _spot_told(account: Account) -> dict[str, Decimal]:
    """Return the spot wallet as the fills and the transfers of an account make it."""
    held = dict(START)
    for order in account.orders:
        if is_perp(order.market.instrument):
            continue
        way = 1 if order.side is Side.BUY else -1
        for fill in order.fills:
            held["BTC"] += way * fill.qty
            held["USDT"] -= way * fill.qty * fill.price
            held[fill.fee_asset] -= fill.fee
    for moved in account.moved:
        held["USDT"] += moved.amount * (1 if moved.target is Wallet.SPOT else -1)
    return held


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5).filter(bool).map(Decimal), PRICES), min_size=1, max_size=8), PRICES)
def test_a_position_earns_what_its_trades_earn(trades: list[tuple[Decimal, Decimal]], mark: Decimal) -> None:
    """Realised and unrealised profit together are Σ q · (mark − price), to the last unit, whatever was closed in between."""
    account = Account(key="a", secret="s")
    stake = account.stake("BTC-PERP")
    realised = sum((stake.trade(qty, price) for qty, price in trades), Decimal(0))
    assert stake.qty == sum(qty for qty, _ in trades)
    assert realised + stake.qty * mark - stake.cost == sum(qty * (mark - price) for qty, price in trades)
    assert stake.qty * stake.cost >= 0
