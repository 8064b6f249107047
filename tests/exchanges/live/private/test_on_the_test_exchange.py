"""A live account at the test exchange, harsh as it is by default: whatever goes wrong, each intention is there once, or never."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import (
    AccountUnfit,
    ExchangeError,
    HedgeMode,
    KeyRefused,
    NotEnoughMoney,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from chatbot.exchanges.base import Direction, Exchange, Order, OrderRequest, OrderStatus, SentTransfer, Side
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.faults import faults_of
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.server import Door, Server
from chatbot.model import Credentials
from tests.exchanges.live.private.wire import NOW, Written
from tests.exchanges.testserver.silence import PATIENCE_S, made_hopeless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from chatbot.exchanges.live.private.account import LiveAccount

DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}
#: longer than the late window, the clocks and the look-up's lag together
QUARANTINE_S = 13.0
#: longer than any pause that a venue is given after too many requests
BAN_S = 601.0
#: everybody behind an address that was shut out waits for so long
SHUT_OUT_S = 61.0


@pytest.fixture(params=["binance", "bybit", *(pytest.param(one, marks=pytest.mark.long) for one in ("bingx", "mexc", "weex"))])
def venue(request: pytest.FixtureRequest) -> str:
    """Return each venue that takes keys."""
    return str(request.param)


@dataclass
class Room:
    """A server, and one account of it."""

    server: Server
    clock: ManualClock
    account: LiveAccount
    accounts: Accounts
    journal: Written

    @property
    def theirs(self) -> Any:
        """The account as the server keeps it."""
        return self.server.venue.accounts["key"]

    def reopened(self) -> Exchange:
        """Return the account as it is after a restart."""
        journal = self.journal
        return self.accounts.account(
            self.account.name, Credentials(api_key="key", secret="secret", passphrase="passphrase"), tag="t", journal=journal
        )


@asynccontextmanager
async def room(venue: str, harshness: Harshness | None = None, *, door: Door = Door.TRADING, watch: bool = False) -> AsyncIterator[Room]:
    """Return an account with 100,000 USDT on spot and 50,000 in futures."""
    clock, journal = ManualClock(NOW.replace(minute=30)), Written()

    def prepare(made: Any) -> None:
        made.ssl_context = False
        made.timeout, made.timeout_on_exit = PATIENCE_S * 1000, 0
        made.enableRateLimit = False  # the server is our own; what is asked of a real one is counted elsewhere

    async with Server(DIALECTS[venue], clock, harshness=harshness or Harshness(), door=door) as server:
        made_hopeless(server)
        server.venue.open_account("key", "secret", {"USDT": Decimal(100_000), "BTC": Decimal(1)}, Decimal(50_000))
        accounts = Accounts(clock, {venue: server.options()}, prepare=prepare)
        account = accounts.account(
            venue, Credentials(api_key="key", secret="secret", passphrase="passphrase"), tag="t", journal=journal, watch=watch
        )
        yield Room(server, clock, account, accounts, journal)
        await accounts.close()


def order(
    instrument: str, name: str = "b1-0-1", *, qty: str = "0.01", limit: str = "61000", side: Side = Side.BUY, **flags: bool
) -> OrderRequest:
    """Return an order that takes at once, by its limit."""
    return OrderRequest(client_id=name, instrument=instrument, side=side, qty=Decimal(qty), limit=Decimal(limit), **flags)


async def settled(place: Room, request: OrderRequest) -> Order:
    """Do what the executor does: send, wait out what is unknown, look, and send again only what is certainly not there."""
    for _ in range(4):
        try:
            taken = await place.account.place(request)
        except OutcomeUnknown:
            place.clock.advance(QUARANTINE_S)
        except Unreachable:
            place.clock.advance(BAN_S)
            continue
        except Rejected as refusal:
            assert refusal.reason == "duplicate_id"  # noqa: PT017 - it is there then
        else:
            if taken.status is not OrderStatus.OPEN or not request.immediate:
                return taken
        found = await seen(place, request)
        if found is not None:
            return found
    raise AssertionError(request)


async def seen(place: Room, request: OrderRequest) -> Order | None:
    """Look three times, as the executor does; an order that takes is looked at until it has ended."""
    for _ in range(3):
        place.clock.advance(2)
        with suppress(Unreachable):
            found = await place.account.find(request.instrument, request.client_id)
            if found is not None and not (request.immediate and found.status is OrderStatus.OPEN):
                return found
    return None


def joined(order: Any) -> str:
    """Return the id of an order as we write it: BingX takes no hyphens in one."""
    return str(order.client_id).replace("_", "-")


def passing(call: str) -> list[str]:
    """Return the faults of a call; a key that is revoked stays so."""
    return [fault for fault in faults_of(call) if fault != "revoked"]


@pytest.mark.long
@pytest.mark.parametrize("instrument", ["BTC", "BTC-PERP"])
async def test_whatever_happens_to_an_order_it_is_there_once(venue: str, instrument: str) -> None:
    """Every fault at the sending: definite, or unknown and then found; never a second order, never a lost one, never a lost fee."""
    async with room(venue) as place:
        await place.account.balances()
        for number, fault in enumerate(passing("place"), start=1):
            place.server.faults.add(call="place", fault=fault)
            taken = await settled(place, order(instrument, f"b1-0-{number}", immediate=True))
            place.clock.advance(QUARANTINE_S)
            await patiently(place.account.balances)
            theirs = place.theirs.orders
            assert (not place.server.faults.left, len(theirs)) == (True, number), fault
            assert (taken.filled, theirs[-1].filled, joined(theirs[-1])) == (Decimal("0.01"), Decimal("0.01"), f"t-b1-0-{number}"), fault
            assert sum(taken.fees.values()) > 0, fault


@pytest.mark.long
async def test_whatever_happens_to_a_look_it_is_true_or_says_so(venue: str) -> None:
    """Balances, positions and look-ups under every fault: the truth, or that it could not be read; never an empty account."""
    async with room(venue, Harshness(lookup_lag_s=0)) as place:
        await settled(place, order("BTC-PERP", immediate=True))
        truth = {name: await read() for name, read in reads(place).items()}
        for call, name in READS[venue]:
            for fault in (one for one in passing(call) if not one.endswith("_before") and "late" not in one):  # to a look they are the same
                if fault == "unlisted":
                    continue  # no account can tell it from the truth: the executor has other proofs
                place.server.faults.add(call=call, fault=fault)
                with suppress(Unreachable):
                    assert await reads(place)[name]() == truth[name], (fault, call)
                place.clock.advance(BAN_S if fault == "ban" else 70)  # funding is paid eight hours later
                assert not place.server.faults.left
                assert await patiently(reads(place)[name]) == truth[name], "and the next look is well again"


async def test_rows_that_are_told_twice_in_another_order_or_with_exponents_say_the_same(venue: str) -> None:
    """Pages overlap while something happens; nobody promises an order of rows, or how a number is written."""
    async with room(venue, Harshness(lookup_lag_s=0, level_quote=Decimal(300))) as place:
        taken = await place.account.place(order("BTC-PERP", immediate=True))
        assert len(place.theirs.orders[0].fills) > 1
        truth = {name: await read() for name, read in reads(place).items()}
        assert (truth["find"].filled, len(truth["positions"])) == (taken.filled, 1)
        for fault in ("twice", "reversed", "exponent"):
            for call, name in READS[venue]:
                place.server.faults.add(call=call, fault=fault)
                if (venue, fault, call) in UNCLEAR:
                    with pytest.raises(Unreachable, match=UNCLEAR[venue, fault, call]):
                        await reads(place)[name]()
                    continue
                assert await reads(place)[name]() == truth[name], (fault, call)
        assert not place.server.faults.left


async def test_nobody_is_sent_elsewhere_with_an_order(venue: str) -> None:
    """Whoever follows would order twice; what stands in such an answer is none."""
    async with room(venue) as place:
        place.server.faults.add(call="place", fault="redirect_after")
        with pytest.raises(OutcomeUnknown):
            await place.account.place(order("BTC"))
        assert (len(place.server.asked("place")), len(place.theirs.orders)) == (1, 1)


async def patiently(read: Callable[[], Awaitable[Any]]) -> Any:
    """Look until it can be seen: a busy machine takes longer than the short patience of these tests."""
    for _ in range(5):
        with suppress(Unreachable):
            return await read()
    return await read()


#: what cannot be told from another truth is none: a second account, or a second trade where trades have no ids
UNCLEAR = {("bybit", "twice", "balances"): "2 unified accounts", ("bingx", "twice", "fills"): "the trades of"}
#: the calls behind each look
READS = {
    "binance": [("balances", "balances"), ("futures", "balances"), ("positions", "positions"), ("find", "find"), ("fills", "find")],
    "bingx": [("balances", "balances"), ("futures", "balances"), ("positions", "positions"), ("find", "find"), ("fills", "find")],
    "bybit": [("balances", "balances"), ("positions", "positions"), ("find", "find"), ("fills", "find")],
    "mexc": [
        *(("balances", "balances"), ("futures", "balances"), ("account", "positions"), ("positions", "positions"), ("marks", "positions")),
        *(("find", "find"), ("fills", "find")),
    ],
    "weex": [
        *(("balances", "balances"), ("futures", "balances"), ("positions", "positions"), ("marks", "positions")),
        *(("find", "find"), ("fills", "find")),
    ],
}


def reads(place: Room) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return the looks at an account by name."""
    account = place.account
    return {"balances": account.balances, "positions": account.positions, "find": lambda: account.find("BTC-PERP", "b1-0-1")}


@pytest.mark.long
async def test_whatever_happens_to_a_cancellation_the_order_ends_once(venue: str) -> None:
    """A DELETE whose answer is lost is repeated by the library, and then answered with "unknown order"."""
    async with room(venue) as place:
        for number, fault in enumerate(passing("cancel")):
            name = f"b1-0-{number}"
            await settled(place, order("BTC", name, limit="50000"))
            place.clock.advance(5)
            place.server.faults.add(call="cancel", fault=fault)
            ended = await taken_back(place, name)
            assert (ended.status, ended.filled, place.server.faults.left) == (OrderStatus.CANCELED, 0, {}), fault
            assert not any(one.open for one in place.theirs.orders), fault


async def taken_back(place: Room, name: str) -> Order:
    """Cancel until it is certain that the order has ended."""
    for _ in range(4):
        try:
            ended = await place.account.cancel("BTC", name)
        except ExchangeError:
            place.clock.advance(BAN_S)
            continue
        if ended.status is not OrderStatus.OPEN:
            return ended
        place.clock.advance(5)
    raise AssertionError(name)


async def test_where_there_is_one_purse_a_transfer_is_a_line_in_our_books() -> None:
    """FACTS 3: spot and futures of a unified account are the same money, and are never added; nothing is asked of the exchange."""
    async with room("bybit") as place:
        before = await place.account.balances()
        assert (before.spot["USDT"], before.futures_wallet) == (Decimal(150_000), 0)
        await place.account.transfer(Direction.TO_FUTURES, Decimal(40_000), "b1-0-1")
        place.journal["b1-0-1"] = SentTransfer(direction=Direction.TO_FUTURES, amount=Decimal(40_000), at=place.clock.now())
        for account in (place.account, place.reopened()):
            told = await account.balances()
            assert (told.spot["USDT"], told.free["USDT"], told.futures_wallet) == (110_000, 110_000, 40_000)
            assert await account.find_transfer("b1-0-1")
        with pytest.raises(NotEnoughMoney):
            await place.account.transfer(Direction.TO_SPOT, Decimal("40000.01"), "b1-0-2")
        assert not place.server.asked("transfer")


@pytest.mark.long
@pytest.mark.parametrize("venue", ["binance", "bingx", "mexc"])
async def test_whatever_happens_to_a_transfer_it_is_made_once(venue: str) -> None:
    """No venue takes an id for it: after the process has ended, amount, direction and time of the journal find it."""
    async with room(venue) as place:
        await place.account.balances()
        for number, fault in enumerate(passing("transfer"), start=1):
            place.server.faults.add(call="transfer", fault=fault)
            await moved(place, f"b1-{number}-1", Decimal("12.34"))
            place.clock.advance(QUARANTINE_S)
            balances = await patiently(place.account.balances)
            told = balances.spot["USDT"], balances.futures_wallet
            assert told == (100_000 - number * Decimal("12.34"), 50_000 + number * Decimal("12.34")), fault


async def moved(place: Room, name: str, amount: Decimal) -> None:
    """Do what the executor does, with a process that ends after each answer that was lost."""
    for _ in range(3):
        place.journal[name] = SentTransfer(direction=Direction.TO_FUTURES, amount=amount, at=place.clock.now())
        try:
            return await place.account.transfer(Direction.TO_FUTURES, amount, name)
        except OutcomeUnknown:
            place.clock.advance(max(QUARANTINE_S, SHUT_OUT_S))
            if await place.reopened().find_transfer(name):
                return None
        except Unreachable:
            place.clock.advance(BAN_S)
    raise AssertionError(name)


async def test_a_clock_that_is_far_off_costs_nothing(venue: str) -> None:
    """The exchange's time is asked for before the first signature, whatever ours says."""
    async with room(venue, Harshness(behind_s=90, lookup_lag_s=0)) as place:
        taken = await place.account.place(order("BTC-PERP", immediate=True, limit="59000"))
        assert taken.status is OrderStatus.CANCELED
        assert len(place.server.asked("time")) == 1


async def test_a_revoked_key_is_a_matter_of_the_key_at_every_call(venue: str) -> None:
    """FACTS 7: ccxt would call it a rate limit after the first success."""
    async with room(venue) as place:
        await place.account.ping()
        place.theirs.revoked = True
        for call in (place.account.ping, place.account.balances, place.account.positions, lambda: place.account.place(order("BTC"))):
            with pytest.raises(KeyRefused):
                await call()


async def test_hedge_mode_is_seen_before_anything_is_traded(venue: str) -> None:
    async with room(venue) as place:
        place.server.venue.set_hedge(place.theirs, hedge=True)
        with pytest.raises(HedgeMode):
            await place.account.ping()
        with pytest.raises(Rejected, match="hedge_mode"):
            await place.account.place(order("BTC-PERP"))
        assert place.theirs.orders == []


@pytest.mark.parametrize("venue", ["binance", pytest.param("bingx", marks=pytest.mark.long)])
async def test_other_coins_as_margin_are_seen_before_futures_are_traded(venue: str) -> None:
    """What carries a position, and where it is liquidated, is another sum there."""
    async with room(venue) as place:
        place.theirs.multi_assets = True
        with pytest.raises(AccountUnfit) as unfit:
            await place.account.ping()
        assert unfit.value.why == "multi_assets"
        place.theirs.multi_assets = False
        await place.account.ping()


async def test_a_watched_account_never_reaches_a_door_that_trades(venue: str) -> None:
    """The server fails this test on any request that would change something."""
    async with room(venue, door=Door.READING, watch=True) as place:
        await place.account.ping()
        await place.account.balances()
        await place.account.positions()
        for attempt in (
            lambda: place.account.place(order("BTC")),
            lambda: place.account.cancel("BTC", "x"),
            lambda: place.account.transfer(Direction.TO_SPOT, Decimal(1), "t"),
            lambda: place.account.set_leverage("BTC-PERP", Decimal(2)),
        ):
            with pytest.raises(Rejected, match="watched"):
                await attempt()


async def test_where_no_order_can_be_forbidden_to_take_it_takes_no_worse_than_its_limit() -> None:
    """WEEX has no such order (FACTS 2): a plain limit, without a field that it does not know."""
    async with room("weex", Harshness(lookup_lag_s=0)) as place:
        for instrument in ("BTC", "BTC-PERP"):
            taken = await place.account.place(order(instrument, f"b1-{instrument}", post_only=True))
            assert (taken.status, taken.filled) == (OrderStatus.FILLED, Decimal("0.01"))
            assert taken.average is not None
            assert taken.average <= taken.limit
        assert not any("postOnly" in request.body for request in place.server.asked("place"))


@pytest.mark.parametrize("venue", ["binance", "bybit", *(pytest.param(one, marks=pytest.mark.long) for one in ("bingx", "mexc"))])
async def test_a_post_only_order_that_would_take_takes_nothing(venue: str) -> None:
    """Bybit, BingX and MEXC make the order and end it at once; when that is seen late, it is one that ended without a fill."""
    for lag in (0.0, 1.5):
        async with room(venue, Harshness(lookup_lag_s=lag)) as place:
            for instrument in ("BTC", "BTC-PERP"):
                try:
                    taken = await place.account.place(order(instrument, f"b1-{instrument}", post_only=True))
                except Rejected as refusal:
                    assert refusal.reason == "would_take"  # noqa: PT017 - one of two good ends
                    continue
                assert (venue != "binance", lag, taken.status) == (True, 1.5, OrderStatus.OPEN)
                place.clock.advance(5)
                found = await place.account.find(instrument, taken.client_id)
                assert found is not None
                assert (found.status, found.filled) == (OrderStatus.CANCELED, 0)
            assert not any(one.fills for one in place.theirs.orders)


async def test_asking_too_much_pauses_before_the_exchange_bans(venue: str) -> None:
    """Real limits: two hundred accounts on one address are read again and again, and no request is ever refused."""
    async with room(venue) as place:
        for _ in range(40):
            try:
                await place.account.balances()
            except RateLimited:
                place.clock.advance(20)
        assert not place.server.unknown
        for bucket, limit in place.server.dialect.limits.items():
            assert place.server.limits.used(bucket, place.server.venue.now_ms) <= limit.weight
