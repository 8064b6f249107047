"""What an exchange has: its time, instruments, prices, books, accounts and their money; ``venue`` says what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.account import Account, Income, Passed, Right
from chatbot.exchanges.testserver.book import Book, book_around
from chatbot.exchanges.testserver.ledger import WORLD, ZERO, Ledger, Purse, Wallet
from chatbot.exchanges.testserver.margin import Margin
from chatbot.exchanges.testserver.prices import Path, Price
from chatbot.exchanges.testserver.words import Reason, Refusal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.harshness import Harshness

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the venues differ in beyond their language; a dialect names its own."""

    #: spot and futures are one wallet
    one_wallet: bool = False
    #: share of the value of other coins in the one wallet that carries positions
    coins_carry: Decimal = Decimal(0)
    #: what fees cost when they are paid in the exchange's coin, as a fraction of the fee
    coin_discount: Decimal = Decimal("0.75")
    #: an order that may not take and would is refused; else it is made, and ended at once
    refuses_takers: bool = True
    #: a reduce-only order that is larger than the position is refused; else it is cut to it in silence
    refuses_excess: bool = True
    #: there is a least value of an order; else a least amount alone
    least_value: bool = True
    #: orders of contracts have a least value besides a least amount
    contracts_have_a_least_value: bool = True


class VenueState:
    """The state of one exchange. All money is ``Decimal``; time comes from a clock."""

    def __init__(self, clock: Clock, harshness: Harshness, traits: Traits, quote: str = "USDT") -> None:
        self._clock = clock
        self.harshness = harshness
        self.traits = traits
        self.quote = quote
        self.ledger = Ledger()
        self.accounts: dict[str, Account] = {}
        #: further keys of these accounts
        self.more_keys: dict[str, Account] = {}
        self.markets: dict[str, Market] = {}
        self.prices: dict[str, Price] = {}
        self.paths: dict[str, Path] = {}
        self._books: dict[str, Book] = {}
        self._numbers = count(1001)
        #: the moment at which something late is judged; None: now
        self._then: datetime | None = None

    @property
    def now(self) -> datetime:
        """The exchange's own time."""
        return self._then or self._clock.now() - timedelta(seconds=self.harshness.behind_s)

    @property
    def now_ms(self) -> int:
        """The exchange's own time in milliseconds."""
        return ms_of(self.now)

    def next_number(self) -> int:
        """Return a number that nothing else has."""
        return next(self._numbers)

    def list_market(self, *markets: Market) -> None:
        """Add instruments, or change their rules."""
        for market in markets:
            of_contract = self.traits.contracts_have_a_least_value or not is_perp(market.instrument)
            has_least = self.traits.least_value and of_contract
            self.markets[market.instrument] = market if has_least else replace(market, min_notional=ZERO)

    def market(self, instrument: str) -> Market:
        """Return the rules of an instrument. Raises ``Refusal``: unknown symbol."""
        if instrument not in self.markets:
            raise Refusal(Reason.UNKNOWN_SYMBOL, instrument)
        return self.markets[instrument]

    def say(self, instrument: str, price: Price) -> None:
        """Say the price of one instrument; nothing is matched by it."""
        self.prices[instrument] = price
        self.paths.setdefault(instrument, Path()).say(self.now, price.mark)
        self._books.pop(instrument, None)

    def price(self, instrument: str) -> Decimal:
        """Return what an instrument is worth: its mark, quote."""
        return self.prices[instrument].mark

    def book(self, instrument: str) -> Book:
        """Return the order book of an instrument as it is now; takers eat it up."""
        if instrument not in self._books:
            market, price = self.market(instrument), self.prices[instrument]
            self._books[instrument] = book_around(market, price.bid, price.ask, self.harshness.levels, self.harshness.level_quote)
        return self._books[instrument]

    def open_account(self, key: str, secret: str, spot: Mapping[str, Decimal] | None = None, futures: Decimal = ZERO) -> Account:
        """Open an account with money that comes from outside."""
        account = self.accounts[key] = Account(key=key, secret=secret, number=354_937_868 + len(self.accounts))
        for asset, amount in (spot or {}).items():
            self.ledger.move(asset, WORLD, self.purse(account, Wallet.SPOT), amount)
        self.ledger.move(self.quote, WORLD, self.purse(account, Wallet.FUTURES), futures)
        return account

    def another_key(self, account: Account, key: str, secret: str, *rights: Right) -> Account:
        """Make a second key of an account: the same money and orders, with rights of its own."""
        second = replace(account, key=key, secret=secret, owner=account.owner or account.key, rights={Right.READ, *rights}, revoked=False)
        self.more_keys[key] = second
        return second

    def known(self, key: str, address: str) -> Account:
        """Return the account of a key that comes from an address. Raises ``Refusal``."""
        found = self.accounts.get(key) or self.more_keys.get(key)
        if found is None or found.revoked:
            raise Refusal(Reason.KEY)
        if found.addresses and address not in found.addresses:
            raise Refusal(Reason.ADDRESS, address)
        return found

    def deposit(self, account: Account, asset: str, amount: Decimal, wallet: Wallet = Wallet.SPOT) -> None:
        """Bring money in from outside; what comes into the wallet for trading stands in the account's history."""
        self.ledger.move(asset, WORLD, self.purse(account, wallet), amount)
        if wallet is Wallet.SPOT:
            self._pass(account, asset, amount, ZERO)

    def withdraw(self, account: Account, asset: str, amount: Decimal, fee: Decimal = ZERO) -> Passed:
        """Let an amount, and what that costs, leave for outside."""
        self.ledger.move(asset, self.purse(account, Wallet.SPOT), WORLD, amount + fee)
        return self._pass(account, asset, -amount, fee)

    def call_off(self, account: Account, withdrawal: Passed) -> None:
        """Let a withdrawal come back that its owner, or the exchange, called off before it left."""
        withdrawal.undone_ms = self.now_ms
        self.ledger.move(withdrawal.asset, WORLD, self.purse(account, Wallet.SPOT), withdrawal.fee - withdrawal.amount)

    def _pass(self, account: Account, asset: str, amount: Decimal, fee: Decimal) -> Passed:
        passed = Passed(number=self.next_number(), at_ms=self.now_ms, asset=asset, amount=amount, fee=fee)
        account.passed.append(passed)
        return passed

    def purse(self, account: Account, wallet: Wallet) -> Purse:
        """Return a wallet of an account; where the venue has one for all, futures are in it too."""
        one = self.traits.one_wallet and wallet is Wallet.FUTURES
        return account.purse(Wallet.SPOT if one else wallet)

    def locked(self, account: Account, asset: str) -> Decimal:
        """Return what of an asset the open orders of the spot wallet hold."""
        total = ZERO
        for order in account.open_orders:
            if not is_perp(order.market.instrument) and order.limit is not None:
                spends = self.quote if order.side is Side.BUY else order.market.instrument
                if spends == asset:
                    total += order.left * (order.limit if asset == self.quote else 1)
        return total

    def free(self, account: Account, asset: str) -> Decimal:
        """Return what of an asset may be spent on spot."""
        held = self.ledger.held(self.purse(account, Wallet.SPOT), asset) - self.locked(account, asset)
        if self.traits.one_wallet and asset == self.quote:
            return max(ZERO, min(held, self.margin(account).withdrawable - self.locked(account, asset)))
        return held

    def margin(self, account: Account) -> Margin:
        """Return the futures side of an account at the marks of now."""
        marks = {name: price.mark for name, price in self.prices.items()}
        held = self.ledger.all_of(self.purse(account, Wallet.FUTURES))
        wallet = held.pop(self.quote, ZERO)
        coins = sum((amount * marks[asset] for asset, amount in held.items() if asset in marks), ZERO)
        return Margin(account, wallet, marks, self.markets, coins * self.traits.coins_carry)

    def note_income(self, account: Account, kind: str, instrument: str, amount: Decimal) -> None:
        """Write a change of the futures wallet into the account's history."""
        account.income.append(Income(number=self.next_number(), at_ms=self.now_ms, kind=kind, instrument=instrument, amount=amount))


def ms_of(at: datetime) -> int:
    """Return a moment in milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def at_ms(ms: int) -> datetime:
    """Return the moment of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=ms)
