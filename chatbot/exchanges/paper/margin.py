"""Cross margin of a paper account: equity, initial and maintenance margin, what may be withdrawn, where liquidation stands."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Market, Position, Side, is_perp
from chatbot.exchanges.paper.account import ZERO, AccountState

if TYPE_CHECKING:
    from collections.abc import Mapping

#: what an exchange sets when nobody did
DEFAULT_LEVERAGE = Decimal(10)


def equity(state: AccountState, marks: Mapping[str, Decimal]) -> Decimal:
    """Return E = W + Σ (q · mark − cost) (domain 1.2)."""
    return state.futures_wallet + sum((stake.qty * marks[name] - stake.cost for name, stake in state.positions.items()), ZERO)


def leverage_of(state: AccountState, instrument: str) -> Decimal:
    """Return the leverage that is set for an instrument."""
    return state.leverage.get(instrument, DEFAULT_LEVERAGE)


def initial_margin(state: AccountState, marks: Mapping[str, Decimal]) -> Decimal:
    """Return the margin in use: positions and open orders at their worst, each by its leverage."""
    bought: dict[str, Decimal] = {}
    sold: dict[str, Decimal] = {}
    for order in state.open_orders:
        if is_perp(order.request.instrument) and not order.request.reduce_only:
            side = bought if order.request.side is Side.BUY else sold
            side[order.request.instrument] = side.get(order.request.instrument, ZERO) + order.left
    total = ZERO
    for name in {*state.positions, *bought, *sold}:
        qty = state.positions[name].qty if name in state.positions else ZERO
        worst = max(abs(qty), abs(qty + bought.get(name, ZERO)), abs(qty - sold.get(name, ZERO)))
        total += worst * marks[name] / leverage_of(state, name)
    return total


def maintenance(state: AccountState, marks: Mapping[str, Decimal], markets: Mapping[str, Market]) -> Decimal:
    """Return Σ |q| · mark · mmr."""
    return sum((abs(stake.qty) * marks[name] * markets[name].mmr for name, stake in state.positions.items()), ZERO)


def withdrawable(state: AccountState, marks: Mapping[str, Decimal]) -> Decimal:
    """Return what may leave the futures wallet: unrealised profit may not, margin in use neither (domain 9.7)."""
    return max(ZERO, min(state.futures_wallet, equity(state, marks) - initial_margin(state, marks)))


def liquidation_price(state: AccountState, instrument: str, marks: Mapping[str, Decimal], markets: Mapping[str, Market]) -> Decimal | None:
    """Return the mark at which the account is liquidated if only this one moves (domain 1.6, cross margin); None if there is none."""
    stake, mmr = state.positions[instrument], markets[instrument].mmr
    others = {name: one for name, one in state.positions.items() if name != instrument}
    free = state.futures_wallet + sum(
        (one.qty * marks[name] - one.cost - abs(one.qty) * marks[name] * markets[name].mmr for name, one in others.items()), ZERO
    )
    side = 1 if stake.qty > 0 else -1
    price = (stake.cost - free) / (stake.qty * (1 - side * mmr))
    return price if price > 0 else None


def public_positions(state: AccountState, marks: Mapping[str, Decimal], markets: Mapping[str, Market]) -> tuple[Position, ...]:
    """Return the positions as anybody may see them, by name."""
    return tuple(
        Position(
            instrument=name,
            qty=stake.qty,
            entry=stake.entry,
            mark=marks[name],
            leverage=leverage_of(state, name),
            liquidation=liquidation_price(state, name, marks, markets),
        )
        for name, stake in sorted(state.positions.items())
    )
