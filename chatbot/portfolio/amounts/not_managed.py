"""What stands in a real account and is no part of the portfolio: lent out, without a market here, or dust; and what open orders hold.

An account at an exchange is not kept tidy for us. Whatever no target names and nobody can trade here would else keep all the rest from
being valued, or ask for a target of its own.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import Strategy
    from chatbot.portfolio.valuation import Account

#: places beside the portfolio: those that the exchange names ("earn", "futures"), and these
NO_MARKET, DUST, ORDERS = "no_market", "dust", "orders"
_ZERO = Decimal(0)


def without_market(account: Account, strategy: Strategy, markets: Mapping[str, Market], known: Iterable[str]) -> Account:
    """Return an account without the coins that its exchange does not list against the quote coin.

    One that a target names, that is kept out by hand or of which a price is ``known`` stays: that was traded, and has gone.
    """
    listed = {*markets, *known, *_named(strategy), account.quote_asset}
    return _moved(account, NO_MARKET, [asset for asset in account.balances.spot if asset not in listed])


def without_dust(account: Account, strategy: Strategy, markets: Mapping[str, Market], quotes: Mapping[str, Quote]) -> Account:
    """Return an account without the coins of which there is less than one order takes, and that no target names."""
    named = {*_named(strategy), *CASH_COINS, account.quote_asset}
    small = [
        asset
        for asset, qty in account.balances.spot.items()
        if asset not in named and asset in quotes and asset in markets and _is_dust(qty, quotes[asset].price, markets[asset])
    ]
    return _moved(account, DUST, small)


def _is_dust(qty: Decimal, price: Decimal, market: Market) -> bool:
    return qty < market.lot or market.is_too_small(qty, price)


def _named(strategy: Strategy) -> set[str]:
    return {*strategy.weights, *(asset for members in strategy.members.values() for asset in members), *strategy.kept}


def _moved(account: Account, place: str, assets: Iterable[str]) -> Account:
    """Return an account with these coins beside the portfolio."""
    held = account.balances
    out = {asset: held.spot[asset] for asset in sorted(assets) if held.spot[asset]}
    if not out:
        return account
    left = {asset: qty for asset, qty in held.spot.items() if asset not in out}
    free = {asset: qty for asset, qty in held.free.items() if asset not in out}
    return replace(account, balances=replace(held, spot=left, free=free, aside={**held.aside, place: out}))


def beside(account: Account) -> dict[str, dict[str, Decimal]]:
    """Return, by place, what is shown beside the portfolio; what open orders hold is a part of it, and is only named."""
    held = account.balances
    locked = {asset: qty - held.free.get(asset, _ZERO) for asset, qty in held.spot.items() if qty > held.free.get(asset, _ZERO)}
    places = {**held.aside, ORDERS: locked}
    return {place: dict(coins) for place, coins in places.items() if coins}
