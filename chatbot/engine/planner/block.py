"""What the planner is given and what it returns: market rules, fees, settings, and one block of orders (domain 9)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.planner.smallest_trade import MIN_TRADE, MIN_TRADE_BPS, MIN_TRADE_BPS_OTHER
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLES = ("passive", "marketable")
SPOT_SELL, SPOT_BUY, FUTURES_REDUCE, FUTURES_INCREASE = "spot_sell", "spot_buy", "futures_reduce", "futures_increase"
TO_SPOT, TO_FUTURES = "to_spot", "to_futures"
_LEGS = (SPOT_SELL, TO_SPOT, SPOT_BUY, TO_FUTURES, FUTURES_REDUCE, FUTURES_INCREASE)
_REDUCTIONS_FIRST = (FUTURES_REDUCE, SPOT_SELL, TO_SPOT, SPOT_BUY, TO_FUTURES, FUTURES_INCREASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an exchange accepts for one instrument."""

    #: price step
    tick: Decimal
    #: quantity step, base units
    lot: Decimal
    #: smallest order, quote; 0 where there is none
    min_notional: Decimal = Decimal(0)
    #: its orders take at once, so their limits go through the spread whatever the block's style is (domain 9.6)
    takes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Fees as fractions of notional."""

    spot: Decimal = Decimal(0)
    futures: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How one portfolio wants its plans made."""

    #: L_max: (spot + |futures|) / V
    gross_cap: Decimal
    #: l_max: |futures| / futures equity
    sleeve_cap: Decimal
    #: distance of limits from mid, basis points
    offset_bps: Decimal = Decimal(5)
    #: passive (inside the spread) or marketable (through it)
    style: str = "passive"
    #: smallest trade worth its trouble, quote
    min_trade: Decimal = MIN_TRADE
    #: the same as basis points of V, of what the causes of a block name; the larger counts
    min_trade_bps: Decimal = MIN_TRADE_BPS
    #: the same, of everything else in the block
    min_trade_bps_other: Decimal = MIN_TRADE_BPS_OTHER
    #: cash that is never spent, quote
    cash_buffer: Decimal = Decimal(0)
    #: solve for the value after fees; False aims at the value before
    fee_aware: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One limit order of a block."""

    #: spot_sell, spot_buy, futures_reduce or futures_increase
    leg: str
    instrument: str
    #: buy or sell
    side: str
    qty: Decimal
    limit: Decimal
    reduce_only: bool
    #: quantity at the price the plan was valued at, quote
    notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money between the wallets: ``to_spot`` after the sells, ``to_futures`` after the buys."""

    direction: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What the portfolio is when every order fills at its valuation price."""

    value: Decimal
    cash: Decimal
    futures_equity: Decimal
    spot_qty: Mapping[str, Decimal]
    futures_qty: Mapping[str, Decimal]
    #: by asset, with STABLE and FUTURES; sums to 1
    weights: Mapping[str, Decimal]
    gross_exposure: Decimal
    futures_net_exposure: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One batch of orders, executed together in the order of domain 9.8."""

    orders: tuple[Order, ...]
    transfers: tuple[Transfer, ...]
    #: fees if everything fills at the valuation price, quote
    fees: Decimal
    value_before: Decimal
    #: V' of domain 9.4
    value_target: Decimal
    post: Post
    #: what could not be done (domain 9.12), or was done otherwise than by its own target (beta_completion); sorted
    flags: tuple[str, ...]
    #: the futures reductions stand before everything else: margin or a futures signal is among the causes (domain 9.8)
    reductions_first: bool = False

    @property
    def legs(self) -> tuple[str, ...]:
        """Return the kinds of orders and transfers in the order in which they are executed."""
        return leg_order(reductions_first=self.reductions_first)

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to do."""
        return not self.orders and not self.transfers


def leg_order(*, reductions_first: bool) -> tuple[str, ...]:
    """Return the order of legs of domain 9.8: spot first, but where margin or a futures signal asks, which reduce futures first."""
    return _REDUCTIONS_FIRST if reductions_first else _LEGS


def check_config(config: Config, fees: Fees) -> None:
    """Refuse settings that mean nothing (``bad_parameter``)."""
    amounts = (config.gross_cap, config.sleeve_cap, config.offset_bps, config.cash_buffer, fees.spot, fees.futures)
    least = (config.min_trade, config.min_trade_bps, config.min_trade_bps_other)
    if min(*amounts, *least) < 0 or max(fees.spot, fees.futures) >= 1 or config.style not in STYLES:
        raise Refused("bad_parameter", "config")
