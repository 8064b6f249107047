"""Cross margin: equity, what is in use, what is free, and where an account is liquidated."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.ledger import ZERO
from chatbot.exchanges.testserver.words import BOTH
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.account import Account, Stake

#: what an exchange sets when nobody did
DEFAULT_LEVERAGE = Decimal(20)


def leverage_of(account: Account, instrument: str) -> Decimal:
    """Return the leverage that is set for a contract."""
    return account.leverage.get(instrument, DEFAULT_LEVERAGE)


@dataclass(frozen=True, slots=True)
class Margin:
    """The futures side of an account at given marks."""

    account: Account
    #: wallet balance, quote: without unrealised profit
    wallet: Decimal
    marks: Mapping[str, Decimal]
    markets: Mapping[str, Market]
    #: what other coins add to what carries the positions, quote
    collateral: Decimal = ZERO

    def profit(self, instrument: str, stake: Stake) -> Decimal:
        """Return the unrealised profit of one position, quote."""
        return stake.qty * self.marks[instrument] - stake.cost

    @property
    def unrealised(self) -> Decimal:
        """Unrealised profit of all positions, quote."""
        return sum((self.profit(name, stake) for name, _, stake in self.account.held()), ZERO)

    @property
    def equity(self) -> Decimal:
        """Wallet, unrealised profit and what other coins carry, quote."""
        return self.wallet + self.unrealised + self.collateral

    def position_margin(self, instrument: str, stake: Stake) -> Decimal:
        """Return the initial margin of one position, quote."""
        return abs(stake.qty) * self.marks[instrument] / leverage_of(self.account, instrument)

    @property
    def positions_margin(self) -> Decimal:
        """Initial margin of all positions, quote."""
        return sum((self.position_margin(name, stake) for name, _, stake in self.account.held()), ZERO)

    @property
    def orders_margin(self) -> Decimal:
        """Initial margin of what the open orders would add to the positions, quote."""
        names = {order.market.instrument for order in self.account.open_orders if is_perp(order.market.instrument)}
        return sum((self._orders_margin(name) for name in names), ZERO)

    def _orders_margin(self, instrument: str) -> Decimal:
        orders = [one for one in self.account.open_orders if one.market.instrument == instrument and not one.reduce_only]
        qty = self.account.stake(instrument, BOTH).qty
        bought = sum((one.left for one in orders if one.side is Side.BUY), ZERO)
        sold = sum((one.left for one in orders if one.side is Side.SELL), ZERO)
        worst = max(abs(qty), abs(qty + bought), abs(qty - sold))
        return (worst - abs(qty)) * self.marks[instrument] / leverage_of(self.account, instrument)

    @property
    def free(self) -> Decimal:
        """What new positions may use, quote; never below 0."""
        return max(ZERO, self.equity - self.positions_margin - self.orders_margin)

    @property
    def withdrawable(self) -> Decimal:
        """What may leave the wallet, quote: unrealised profit may not."""
        held = self.wallet + self.collateral - self.positions_margin - self.orders_margin
        return max(ZERO, min(self.wallet, held, self.free))

    def kept(self, instrument: str, stake: Stake) -> Decimal:
        """Return the maintenance margin of one position, quote."""
        return abs(stake.qty) * self.marks[instrument] * self.markets[instrument].mmr

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin of all positions, quote."""
        return sum((self.kept(name, stake) for name, _, stake in self.account.held()), ZERO)

    @property
    def broke(self) -> bool:
        """Tell whether the account is to be liquidated."""
        return bool(self.account.held()) and self.equity < self.maintenance

    def liquidation(self, instrument: str, stake: Stake) -> Decimal:
        """Return the mark at which the account is liquidated if only this one moves, quote; 0 where there is none."""
        mark = self.marks[instrument]
        slack = self.equity - self.maintenance - (stake.qty * mark - self.kept(instrument, stake))
        slope = stake.qty - abs(stake.qty) * self.markets[instrument].mmr
        return max(ZERO, -slack / slope)
