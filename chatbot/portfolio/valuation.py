"""From an account and quotes to the engine's snapshot, and from the engine's figures to what a person is shown."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine import band_width, bands, portfolio
from chatbot.engine.cash import CASH_COINS, is_spendable
from chatbot.engine.liquidation import Bracket, liquidation, maintenance
from chatbot.engine.planner import smallest_trade as engine_trade
from chatbot.engine.portfolio import kept_of
from chatbot.exchanges.base import Balances, Position, Quote, asset_of, is_perp
from chatbot.model import (
    FUTURES,
    NET,
    STABLE,
    AssetExposure,
    KeptOut,
    Leg,
    LegKind,
    LegState,
    LineReading,
    PortfolioFigures,
    Problem,
    Strategy,
)
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from chatbot.exchanges.base import Market
    from chatbot.portfolio.layers import Effective


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an exchange says is there."""

    balances: Balances
    positions: tuple[Position, ...]
    quote_asset: str


def instruments(strategy: Strategy, account: Account | None = None) -> tuple[str, ...]:
    """Return every instrument whose price is needed to value the portfolio and to plan for it."""
    needed = {*strategy.spot_assets, *strategy.contracts}
    if account is not None:
        needed |= {asset for asset, qty in account.balances.spot.items() if qty and asset != account.quote_asset}
        needed -= wholly_kept(strategy, account)
        needed |= {position.instrument for position in account.positions}
    return tuple(sorted(needed))


def managed_instruments(account: Account, strategy: Strategy) -> frozenset[str]:
    """Return what there is something of that is not kept out wholly, by instrument; the quote coin too."""
    spot = {asset for asset, qty in account.balances.spot.items() if qty} - wholly_kept(strategy, account)
    return frozenset(spot | {position.instrument for position in account.positions})


def wholly_kept(strategy: Strategy, account: Account) -> frozenset[str]:
    """Return the coins of which all that is there is kept out: their price is only shown, so nothing waits for it."""
    if not strategy.kept:
        return frozenset()  # of most people, asked several times in every look
    named = {*strategy.spot_assets, account.quote_asset}
    return frozenset(
        asset
        for asset, wish in strategy.kept.items()
        if asset not in named and (qty := account.balances.spot.get(asset)) and kept_of(qty, wish) == qty
    )


def empty_answer(account: Account, *, is_ours: bool) -> Problem | None:
    """Return a problem when the account came back without anything in it.

    Of an exchange an empty answer is not an empty account; where the books ``is_ours`` the portfolio is empty.
    """
    if any(account.balances.spot.values()) or account.balances.futures_wallet or account.positions:
        return None
    return Problem(code="empty" if is_ours else "empty_balance")


def snapshot(
    account: Account,
    strategy: Strategy,
    quotes: Mapping[str, Quote],
    also: Collection[str] = (),
    *,
    idle: Collection[str] = (),
    partial: bool = False,
) -> portfolio.Snapshot:
    """Build the engine's snapshot of what is managed; every instrument of :func:`instruments` and ``also`` must have a quote.

    What is ``idle`` can be neither traded nor valued, and nothing of it is held: it has no part in this, and so no target. With
    ``partial`` one without a quote is left out: what the rest is worth is then less than everything.
    The quote coin is the first of the cash, at the price 1. Other cash coins follow at their price, whatever bucket names them
    (domain 0); one to which the strategy gives a line of its own is no cash. What is kept out stands beside. Raises
    ``engine.errors.Refused``.
    """
    quote = account.quote_asset
    wanted = {asset: Decimal(0) for asset in strategy.spot_assets if not (is_cash(asset, strategy) or asset in idle)}
    held = wanted | {asset: qty for asset, qty in account.balances.spot.items() if qty}
    unseen = {asset for asset in wholly_kept(strategy, account) if asset not in quotes}
    rows = [
        portfolio.Owned(
            asset=asset, qty=qty, price=_price(quotes, asset), bucket=STABLE if is_cash(asset, strategy) else strategy.line_of(asset)
        )
        for asset, qty in sorted(({quote: Decimal(0)} | held).items())
        if asset not in unseen and (asset == quote or asset in quotes or not partial)
    ]
    every = portfolio.owned(rows, quote)
    managed = portfolio.hold_out(every, strategy.kept)
    left = {holding.asset: holding for holding in managed.spot}
    # a coin that has a target keeps its row, whatever is kept out of it
    left |= {one.asset: replace(one, qty=Decimal(0)) for one in every.spot if one.asset in wanted and one.asset not in left}
    positions = {position.instrument: position for position in account.positions}
    book = [name for name in sorted({*positions, *strategy.contracts, *also} - set(idle)) if name in quotes or not partial]
    return replace(
        managed,
        spot=tuple(left[one.asset] for one in every.spot if one.asset in left),
        kept=(*managed.kept, *(portfolio.Kept(asset=asset, qty=held[asset], price=None) for asset in sorted(unseen))),
        wallet=account.balances.futures_wallet,
        positions=tuple(_position(contract, positions.get(contract), quotes[contract]) for contract in book),
    )


def _price(quotes: Mapping[str, Quote], asset: str) -> Decimal | None:
    return quotes[asset].price if asset in quotes else None


def is_cash(asset: str, strategy: Strategy) -> bool:
    """Tell whether an asset is cash in this portfolio (domain 0): a cash coin, unless the strategy has a line of its own for it."""
    return asset in CASH_COINS and asset not in strategy.weights


def managed_coins(spot: Mapping[str, Decimal], strategy: Strategy) -> dict[str, Decimal]:
    """Return what there is of each coin that is no cash, without what is kept out."""
    left = {asset: qty - kept_of(qty, strategy.kept[asset]) if asset in strategy.kept else qty for asset, qty in spot.items()}
    return {asset: qty for asset, qty in left.items() if qty and not is_cash(asset, strategy)}


def without_target(spot: Mapping[str, Decimal], strategy: Strategy) -> tuple[str, ...]:
    """Return the coins that are held and managed, and that no line of the targets takes in: nobody has said what becomes of them."""
    return tuple(sorted(asset for asset in managed_coins(spot, strategy) if strategy.line_of(asset) not in strategy.weights))


def other_cash(snap: portfolio.Snapshot) -> Decimal:
    """Return what cash beside the quote coin is worth, in quote."""
    return sum((cash.value for cash in snap.cash[1:]), Decimal(0))


def unconverted(snap: portfolio.Snapshot, converted: Collection[str]) -> Decimal:
    """Return what dollars beside the quote coin, on their peg and not ``converted``, are worth: plans pay in the quote coin only."""
    others = [cash for cash in snap.cash[1:] if cash.asset not in converted and is_spendable(cash.asset, cash.price)]
    return sum((cash.value for cash in others), Decimal(0))


def off_peg(snap: portfolio.Snapshot) -> dict[str, Decimal]:
    """Return the price of each dollar that is held and off its peg (domain 9.5)."""
    prices = {coin.asset: coin.price for coin in snap.cash}
    return {asset: prices[asset] for asset in portfolio.cash_coins(snap, snap.cash[0].asset).depeg}


def _position(contract: str, held: Position | None, quote: Quote) -> portfolio.Position:
    return portfolio.Position(
        contract=contract,
        asset=asset_of(contract),
        qty=held.qty if held else Decimal(0),
        entry=held.entry if held else quote.price,
        mark=quote.price,
    )


def value_of(snap: portfolio.Snapshot, strategy: Strategy) -> portfolio.Valuation:
    """Return what everything is worth, with every line of the strategy; raises ``engine.errors.Refused``."""
    return portfolio.value_of(snap, strategy.weights)


def has_begun(held: portfolio.Valuation) -> bool:
    """Tell whether there was a first block: of this bot, or of its person, who holds more than cash."""
    return bool(held.spot) or any(position.qty for position in held.snapshot.positions)


def engine_bands(strategy: Strategy) -> dict[str, band_width.Band]:
    """Return the engine's bands by line."""
    return {line: band_width.Band(abs_pp=rule.abs_pp, rel=rule.rel) for line, rule in strategy.bands.items()}


def check_lines(held: portfolio.Valuation, strategy: Strategy, moved: Effective | None = None) -> bands.BandsCheck:
    """Hold every line against its band (domain 3.1); effective targets take the strategy's place, the half-widths stay (domain 5.3)."""
    values = held.by_line
    own = {line: strategy.weights.get(line, Decimal(0)) for line in values}
    edges = engine_bands(strategy)
    if moved is None:
        return bands.check_bands(values, own, edges, strategy.band_mode)
    # a share of a target of 0 has no width to keep: it is taken of what the target has become
    widths = {line: band_width.half_width(band, own.get(line, Decimal(0))) for line, band in edges.items()}
    fixed = {line: band_width.Band(abs_pp=100 * widths[line]) if widths[line] else band for line, band in edges.items()}
    return bands.check_bands(values, {line: moved.lines[line] for line in values}, fixed, strategy.band_mode)


def assets_of(snap: portfolio.Snapshot) -> frozenset[str]:
    """Return every asset that a snapshot has spot or a contract of."""
    return frozenset({holding.asset for holding in snap.spot} | {position.asset for position in snap.positions})


def figures(
    held: portfolio.Valuation,
    strategy: Strategy,
    markets: Mapping[str, Market],
    betas: Mapping[str, Decimal] | None = None,
    moved: Effective | None = None,
) -> PortfolioFigures:
    """Measure a portfolio and put its lines beside their targets and bands; an asset without a beta in ``betas`` takes its prior.

    ``moved`` are the effective targets where triggers or hedges have moved the strategy's; None where they have not.
    """
    metrics = portfolio.measure(held, betas or {})
    check = check_lines(held, strategy, moved)
    return PortfolioFigures(
        value=metrics.value,
        lines=tuple(_line(line, reading, strategy, moved) for line, reading in check.lines.items()),
        net=metrics.net_directional,
        gross=metrics.gross_exposure,
        futures_net=metrics.futures_net_exposure,
        beta=metrics.beta,
        leverage=metrics.sleeve_leverage,
        values={**held.by_asset, **{cash.asset: cash.value for cash in held.snapshot.cash}, FUTURES: held.equity},
        liquidation=nearest_liquidation(held.snapshot, markets),
        book={contract: notional for contract, notional in held.book.items() if notional},
        exposure=net_exposure(metrics, strategy, moved),
        kept={one.asset: KeptOut(qty=one.qty, value=one.value) for one in held.snapshot.kept},
        beta_with_kept=portfolio.beta_with_kept(metrics, held.snapshot.kept, betas) if held.snapshot.kept else None,
        off_peg=off_peg(held.snapshot),
        untargeted=without_target({one.asset: one.qty for one in held.snapshot.spot}, replace(strategy, kept={})),
    )


def _line(line: str, reading: bands.LineCheck, strategy: Strategy, moved: Effective | None) -> LineReading:
    fires = line in strategy.bands
    own = strategy.weights.get(line, Decimal(0))
    target = own if moved is None else moved.lines[line]
    return LineReading(
        line=line,
        weight=reading.weight,
        target=target,
        band=reading.band if fires else None,
        breach=reading.breach if fires else None,
        base=None if target == own else own,
    )


def net_exposure(metrics: portfolio.Metrics, strategy: Strategy, moved: Effective | None = None) -> LineReading | None:
    """Hold the net exposure f against f* and its own band, by the edge rules of the lines (domain 3.1); None without futures."""
    own = strategy.net_target
    target = own if moved is None else moved.futures_net
    if not target and not own and not metrics.futures_gross:
        return None
    band = band_width.Band(abs_pp=strategy.futures_band_pp)
    found = bands.check_net(metrics.futures_net, metrics.value, target, band, strategy.band_mode)
    base = None if target == own else own
    return LineReading(line=NET, weight=found.weight, target=target, band=found.band, breach=found.breach, base=base)


def exposures(held: portfolio.Valuation) -> tuple[AssetExposure, ...]:
    """Return spot and signed futures of every coin that has either, largest first (domain 1.4)."""
    book: dict[str, Decimal] = defaultdict(Decimal)
    for position in held.snapshot.positions:
        book[position.asset] += position.notional
    every = [
        AssetExposure(asset=asset, spot=held.by_asset.get(asset, Decimal(0)), futures=book[asset])
        for asset in sorted({*held.by_asset, *book})
    ]
    return tuple(sorted((one for one in every if one.spot or one.futures), key=lambda one: -(one.spot + abs(one.futures))))


def nearest_liquidation(snap: portfolio.Snapshot, markets: Mapping[str, Market]) -> Decimal | None:
    """Return the smallest distance to liquidation over the book as a fraction of the mark, cross margin (domain 1.6)."""
    return min((distance for distance in liquidations(snap, markets).values() if distance is not None), default=None)


def liquidations(snap: portfolio.Snapshot, markets: Mapping[str, Market]) -> dict[str, Decimal | None]:
    """Return each open position's distance to liquidation as a fraction of its mark, cross margin (domain 1.6); None: there is none."""
    distances: dict[str, Decimal | None] = {}
    open_positions = [position for position in snap.positions if position.qty]
    for position in open_positions:
        others = [other for other in open_positions if other is not position]
        found = liquidation(
            brackets_of(markets[position.contract]),
            qty=position.qty,
            entry=position.entry,
            collateral=snap.wallet,
            other_mm=maintenance_of(others, markets),
            other_upnl=sum((o.upnl for o in others), Decimal(0)),
            mark=position.mark,
        )
        distances[position.contract] = found.distance
    return distances


def maintenance_of(positions: Iterable[portfolio.Position], markets: Mapping[str, Market]) -> Decimal:
    """Return the maintenance margin of some positions together, in quote; a flat one needs none."""
    held = (position for position in positions if position.qty)
    return sum((maintenance(brackets_of(markets[p.contract]), p.notional) for p in held), Decimal(0))


def brackets_of(market: Market) -> tuple[Bracket, ...]:
    """Return the maintenance rates of a contract by size; a market names one rate, which holds for every size."""
    return (Bracket(mmr=market.mmr),)


def smallest_trade(value: Decimal, market: Market | None, price: Decimal) -> Decimal:
    """Return the smallest difference worth an order in a market of a portfolio of ``value``, quote (domain 9.5); None: rules unknown."""
    if market is None:
        return engine_trade.smallest_trade(value)
    return engine_trade.smallest_trade(value, min_notional=market.min_notional, lot=market.lot, price=price)


def after_legs(snap: portfolio.Snapshot, legs: Iterable[Leg], markets: Mapping[str, Market]) -> portfolio.Snapshot:
    """Return the snapshot that these legs lead to, each filled at its valuation price with the modelled fee; dropped legs do nothing."""
    spot = {holding.asset: holding.qty for holding in snap.spot}
    book = {position.contract: position.qty for position in snap.positions}
    money, *others = snap.cash
    cash, dollars = money.qty, {coin.asset: coin.qty for coin in others}
    # Unrealised profit becomes wallet and the entry the mark: the equity is the same, and a trade at the mark changes it by its fee only.
    wallet = snap.wallet + sum((p.upnl for p in snap.positions), Decimal(0))
    for leg in legs:
        if leg.state == LegState.DROPPED:
            continue
        signed = -leg.qty if leg.side == "sell" else leg.qty
        if leg.is_transfer:
            moved = leg.qty if leg.kind == LegKind.TO_SPOT else -leg.qty
            cash, wallet = cash + moved, wallet - moved
        elif is_perp(leg.instrument):
            book[leg.instrument] = book.get(leg.instrument, Decimal(0)) + signed
            wallet -= leg.notional * markets[leg.instrument].taker_fee
        else:
            coins = dollars if leg.instrument in dollars else spot
            coins[leg.instrument] = coins.get(leg.instrument, Decimal(0)) + signed
            cash -= signed * leg.price + leg.notional * markets[leg.instrument].taker_fee
    return portfolio.Snapshot(
        spot=tuple(replace(holding, qty=spot[holding.asset]) for holding in snap.spot),
        cash=(replace(money, qty=cash), *(replace(coin, qty=dollars[coin.asset]) for coin in others)),
        wallet=wallet,
        positions=tuple(replace(p, qty=book[p.contract], entry=p.mark) for p in snap.positions),
        kept=snap.kept,
    )
