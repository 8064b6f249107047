"""The exchange itself, without HTTP and without a dialect: what time, orders and prices do to its accounts."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.markets.coins import COINS, perp_market, spot_market
from chatbot.exchanges.testserver.account import Fill, Forced, Moved, Right, VenueOrder
from chatbot.exchanges.testserver.book import spread_around
from chatbot.exchanges.testserver.ledger import HOUSE, MARKET, ZERO, Wallet
from chatbot.exchanges.testserver.matching import match_resting
from chatbot.exchanges.testserver.prices import Price
from chatbot.exchanges.testserver.state import Traits, VenueState
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal, State
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.testserver.account import Account, Stake
    from chatbot.exchanges.testserver.harshness import Harshness
    from chatbot.exchanges.testserver.ledger import Ledger

FUNDING_EVERY = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class _Was:
    """What there was until a moment."""

    until: datetime
    ledger: Ledger
    #: by key
    stakes: dict[str, dict[tuple[str, str], Stake]]


class Venue(VenueState):
    """One exchange and what time, orders and prices do to its accounts."""

    def __init__(self, clock: Clock, harshness: Harshness, traits: Traits, quote: str = "USDT") -> None:
        super().__init__(clock, harshness, traits, quote)
        #: what happens later, with its time on the exchange's clock
        self._due: list[tuple[datetime, Callable[[], object]]] = []
        #: funding that was settled so far: time, contract, rate
        self.settlements: list[tuple[datetime, str, Decimal]] = []
        #: what there was, oldest first, as far back as balances lag
        self._past: list[_Was] = []
        self._matched = self._settled = self.now
        for asset, coin in COINS.items():
            self.list_market(spot_market(asset), perp_market(asset))
            self.move(asset, Decimal(str(coin.price)))

    # --- time

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Let something happen in a while: at the next request after that time, as of that time."""
        self._due.append((self.now + timedelta(seconds=seconds), what))

    def catch_up(self) -> None:
        """Let everything happen whose time has come: late requests, funding, fills of resting orders."""
        now = self.now
        self._remember(now)
        for at, what in sorted((one for one in self._due if one[0] <= now), key=lambda one: one[0]):
            self._due.remove((at, what))
            self._then = at
            what()
            self._then = None
        self._settle_until(now)
        if (now - self._matched).total_seconds() >= self.harshness.refill_s:
            self.match()

    def _remember(self, now: datetime) -> None:
        """Keep what there is until something changes it, where balances lag."""
        if self.harshness.balance_lag_s:
            stakes = {key: {name: replace(stake) for name, stake in account.stakes.items()} for key, account in self.accounts.items()}
            self._past = [*(was for was in self._past if was.until > self._seen_until(now)), _Was(now, self.ledger.copy(), stakes)]

    def _seen_until(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self.harshness.balance_lag_s)

    @contextmanager
    def as_it_is_seen(self) -> Iterator[None]:
        """Let balances and positions be those of a while ago, as far as they lag."""
        was = next((one for one in self._past if one.until > self._seen_until(self.now)), None) if self.harshness.balance_lag_s else None
        if was is None:
            yield
            return
        ledger, stakes = self.ledger, {key: account.stakes for key, account in self.accounts.items()}
        self.ledger = was.ledger
        for key, account in self.accounts.items():
            account.stakes = was.stakes.get(key, account.stakes)
        try:
            yield
        finally:
            self.ledger = ledger
            for key, account in self.accounts.items():
                account.stakes = stakes[key]

    def _settle_until(self, now: datetime) -> None:
        """Settle funding at every hour for it that has passed, as of that hour."""
        boundary = next_settlement(self._settled)
        while boundary <= now:
            self._then = boundary
            for name in self.markets:
                if is_perp(name) and name in self.prices:
                    self.settle_funding(name)
            self._then = None
            boundary += FUNDING_EVERY
        self._settled = now

    def match(self) -> None:
        """Fill the books again and let resting orders trade."""
        self._matched = self.now
        self._books.clear()
        for account in self.accounts.values():
            match_resting(self, account)
            if self.margin(account).broke:
                self.liquidate(account)

    # --- instruments and prices

    def halt(self, instrument: str, *, trading: bool = False) -> None:
        """Stop the trading of an instrument, or let it go on."""
        self.markets[instrument] = replace(self.market(instrument), trading=trading)

    def delist(self, instrument: str) -> None:
        """Take an instrument off the list: its orders end, its positions are closed at the mark."""
        for account in self.accounts.values():
            for order in account.open_orders:
                if order.market.instrument == instrument:
                    order.end(self.now_ms, State.EXPIRED)
            for name, about, stake in account.held():
                if name == instrument:
                    self._force(account, name, about, -stake.qty, Forced.SETTLEMENT)
        del self.markets[instrument]

    def move(self, asset: str, price: Decimal, *, perp: Decimal | None = None) -> None:
        """Say what an asset is worth, on spot and in its contract, quote; resting orders that it comes to are filled."""
        for name, mid in ((asset, price), (asset + PERP, perp or price)):
            if name in self.markets:
                bid, ask = spread_around(self.markets[name], mid)
                old = self.prices.get(name)
                self.say(name, replace(old, bid=bid, ask=ask, mark=mid) if old else Price(bid=bid, ask=ask, mark=mid))
        self.match()

    # --- accounts and money

    def transfer(self, account: Account, source: Wallet, target: Wallet, asset: str, amount: Decimal, client_id: str = "") -> Moved:
        """Move money between two wallets of an account. Raises ``Refusal``: not enough of it is free."""
        if amount <= 0:
            raise Refusal(Reason.BAD_VALUE, str(amount))
        if Right.TRANSFER not in account.rights:
            raise Refusal(Reason.RIGHT, "transfers are not enabled")
        if client_id and any(one.client_id == client_id for one in account.moved):
            raise Refusal(Reason.DUPLICATE, client_id)
        if amount > self._may_leave(account, source, asset):
            raise Refusal(Reason.NO_MONEY, f"{amount} {asset}")
        self.ledger.move(asset, self.purse(account, source), self.purse(account, target), amount)
        moved = Moved(
            number=self.next_number(), at_ms=self.now_ms, source=source, target=target, asset=asset, amount=amount, client_id=client_id
        )
        account.moved.append(moved)
        if Wallet.FUTURES in (source, target):
            self.note_income(account, "TRANSFER", "", amount if target is Wallet.FUTURES else -amount)
        return moved

    def _may_leave(self, account: Account, wallet: Wallet, asset: str) -> Decimal:
        if wallet is Wallet.SPOT:
            return self.free(account, asset)
        if wallet is Wallet.FUTURES and asset == self.quote:
            return self.margin(account).withdrawable
        return self.ledger.held(self.purse(account, wallet), asset)

    # --- what happens to positions

    def settle_funding(self, instrument: str, rate: Decimal | None = None) -> None:
        """Let everybody pay or receive funding: longs pay ``rate`` of their value, the rate that was announced unless one is given."""
        paid = self.prices[instrument].rate if rate is None else rate
        self.settlements.append((self.now, instrument, paid))
        for account in self.accounts.values():
            for name, _, stake in account.held():
                if name == instrument:
                    amount = (-stake.qty * self.price(name) * paid).quantize(Decimal("1e-8"))
                    self.ledger.move(self.quote, MARKET, self.purse(account, Wallet.FUTURES), amount)
                    self.note_income(account, "FUNDING_FEE", name, amount)

    def liquidate(self, account: Account) -> None:
        """Close all positions of an account at the mark; what is left of its margin goes to the house, orders on contracts end."""
        for order in account.open_orders:
            if is_perp(order.market.instrument):
                order.end(self.now_ms, State.EXPIRED)
        kept = self.margin(account).maintenance
        for name, about, stake in account.held():
            self._force(account, name, about, -stake.qty, Forced.LIQUIDATION)
        purse = self.purse(account, Wallet.FUTURES)
        left = self.ledger.held(purse, self.quote)
        fee = min(left, kept)  # below zero the house pays what is missing
        self.ledger.move(self.quote, purse, HOUSE, fee)
        self.note_income(account, "INSURANCE_CLEAR", "", -fee)

    def deleverage(self, account: Account, instrument: str, qty: Decimal) -> None:
        """Take a part of a position away at the mark, without an order of its owner and a fee: auto-deleveraging."""
        stake = account.stake(instrument)
        part = min(abs(qty), abs(stake.qty))
        if part:
            self._force(account, instrument, BOTH, part if stake.qty < 0 else -part, Forced.DELEVERAGING)

    def _force(self, account: Account, instrument: str, about: str, qty: Decimal, why: Forced) -> None:
        """Trade a position away at the mark: the account has an order and a fill that it did not ask for."""
        mark, stake = self.price(instrument), account.stake(instrument, about)
        realised = stake.trade(qty, mark)
        self.ledger.move(self.quote, MARKET, self.purse(account, Wallet.FUTURES), realised)
        self.note_income(account, "REALIZED_PNL", instrument, realised)
        number, now, size = self.next_number(), self.now_ms, abs(qty)
        one = Fill(number=number, at_ms=now, price=mark, qty=size, fee=ZERO, fee_asset=self.quote, maker=False, realised=realised)
        order = VenueOrder(
            number=number,
            client_id=f"{why}-{number}",
            market=self.market(instrument),
            side=Side.BUY if qty > 0 else Side.SELL,
            qty=size,
            limit=mark,
            force=Force.IOC,
            made_ms=now,
            changed_ms=now,
            reduce_only=True,
            about=about,
            forced=why,
            state=State.FILLED,
            fills=[one],
        )
        account.orders.append(order)

    def set_hedge(self, account: Account, *, hedge: bool) -> None:
        """Change the position mode. Raises ``Refusal``: unchanged, or in use."""
        if account.hedge is hedge:
            raise Refusal(Reason.UNCHANGED_MODE)
        if account.held() or any(is_perp(order.market.instrument) for order in account.open_orders):
            raise Refusal(Reason.IN_USE)
        account.hedge = hedge

    def set_leverage(self, account: Account, instrument: str, leverage: Decimal) -> None:
        """Change the leverage of a contract. Raises ``Refusal``: more than its rules allow, or than there is margin for."""
        if not 1 <= leverage <= self.market(instrument).max_leverage:
            raise Refusal(Reason.TOO_MUCH_LEVERAGE, str(leverage))
        account.leverage[instrument] = leverage

    # --- looking things up

    def seen(self, at_ms: int) -> bool:
        """Tell whether what happened then can be looked up already."""
        return at_ms + 1000 * self.harshness.lookup_lag_s <= self.now_ms

    def find(self, account: Account, instrument: str, *, number: int | None = None, client_id: str = "") -> VenueOrder:
        """Return the latest order with this number or client id. Raises ``Refusal``: there is none that can be seen (yet, or any more)."""
        found = [
            order
            for order in account.orders
            if order.market.instrument == instrument and (order.number == number if number is not None else order.client_id == client_id)
        ]
        if not found or not self.seen(found[-1].made_ms) or self._forgotten(found[-1]):
            raise Refusal(Reason.NOT_FOUND, client_id or str(number))
        return found[-1]

    def _forgotten(self, order: VenueOrder) -> bool:
        gone_ms = order.changed_ms + 1000 * self.harshness.forgets_unfilled_s
        return not order.open and not order.fills and gone_ms <= self.now_ms

    def cancel(self, account: Account, instrument: str, *, number: int | None = None, client_id: str = "") -> VenueOrder:
        """End an open order. Raises ``Refusal``: there is none that is open."""
        for order in account.open_orders:
            fits = order.number == number if number is not None else order.client_id == client_id
            if order.market.instrument == instrument and fits:
                order.end(self.now_ms, State.CANCELED)
                return order
        raise Refusal(Reason.NOT_OPEN, client_id or str(number))

    def visible_orders(self, account: Account, *, perp: bool, instrument: str = "") -> list[VenueOrder]:
        """Return the orders that can be seen: of one side of the exchange, or of one instrument; oldest first."""
        return [
            order
            for order in account.orders
            if is_perp(order.market.instrument) is perp
            and instrument in ("", order.market.instrument)
            and self.seen(order.made_ms)
            and not self._forgotten(order)
        ]


def next_settlement(after: datetime) -> datetime:
    """Return when funding is settled next: every eight hours from midnight UTC."""
    passed = (after - after.replace(hour=0, minute=0, second=0, microsecond=0)) // FUNDING_EVERY
    return after.replace(hour=0, minute=0, second=0, microsecond=0) + (passed + 1) * FUNDING_EVERY
