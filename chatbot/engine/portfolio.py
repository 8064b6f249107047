"""What a portfolio is worth and how it is exposed: value, weights, exposure, leverage, beta (domain 1).

Legend: s quantity, P price, v = s P; C cash; W futures wallet; q signed position, e entry, m mark, N = q m notional;
E = W + sum of q (m - e) futures equity; V = sum v + C + E.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS, DOLLARS, counted_price, is_off_peg, is_spendable
from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: lines of the target table: the two buckets of risky coins, and those beside them (domain 1.3)
CORE, ALT, STABLE, FUTURES = "CORE", "ALT", "STABLE", "FUTURES"
#: coins of CORE; their contracts carry the futures base and tell the funding of the market (domain 2.3, 7.2)
MAJORS = ("BTC", "ETH")
#: contract that hedges the whole market where it is listed (domain 2.3)
INDEX = "BTC-PERP"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A spot holding: ``qty`` is everything held, free and locked."""

    asset: str
    qty: Decimal
    #: mid price in quote
    price: Decimal
    #: CORE, ALT or another line of the target table
    bucket: str = ALT

    @property
    def value(self) -> Decimal:
        """Return v = s P, quote."""
        return self.qty * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """A stablecoin; the quote's own price is 1, others are marked at market."""

    asset: str
    qty: Decimal
    price: Decimal = Decimal(1)

    @property
    def value(self) -> Decimal:
        """Return what it is worth, quote."""
        return self.qty * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A row of an account before it is known what it counts as."""

    asset: str
    qty: Decimal
    #: at market; None: unknown
    price: Decimal | None
    #: line of the target table; empty: the asset's usual one
    bucket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A quantity that its person keeps out (domain 2.3): shown, but part of no value, weight, exposure or order."""

    asset: str
    qty: Decimal
    #: None: unknown, which keeps nothing else from being known
    price: Decimal | None

    @property
    def value(self) -> Decimal | None:
        """Return what it is worth, quote."""
        return None if self.price is None else self.qty * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A linear perpetual position; a flat one (qty 0) still tells the mark."""

    contract: str
    asset: str
    #: signed base units, long > 0
    qty: Decimal
    entry: Decimal
    mark: Decimal

    @property
    def notional(self) -> Decimal:
        """Return N = q m, quote; below 0 for a short."""
        return self.qty * self.mark

    @property
    def upnl(self) -> Decimal:
        """Return the unrealised profit q (m - e), quote."""
        return self.qty * (self.mark - self.entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that is owned and managed at one moment, and what is kept out of it."""

    spot: tuple[Holding, ...] = ()
    cash: tuple[Cash, ...] = ()
    #: wallet balance W of the futures account, without unrealised profit
    wallet: Decimal = Decimal(0)
    positions: tuple[Position, ...] = ()
    #: no part of any figure
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CashCoins:
    """What is cash in a snapshot, and how much of it a plan may spend (domain 0, 9.5)."""

    #: quote, all cash coins at the price that counts
    value: Decimal
    #: quote, without euros and what is off its peg
    spendable: Decimal
    #: dollars that are held and off their peg, sorted
    depeg: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The figures of domain 1.3 and 1.4; weights and exposures are fractions of value."""

    value: Decimal
    spot_value: Decimal
    cash_value: Decimal
    upnl: Decimal
    futures_equity: Decimal
    #: by asset, risky spot only
    weights: Mapping[str, Decimal]
    #: by bucket, with STABLE and FUTURES; sums to 1
    buckets: Mapping[str, Decimal]
    futures_net: Decimal
    futures_gross: Decimal
    futures_net_exposure: Decimal
    gross_exposure: Decimal
    #: gross notional / equity; None when there is a book and no equity
    sleeve_leverage: Decimal | None
    #: net exposure by asset, spot and futures together
    net_exposure: Mapping[str, Decimal]
    net_directional: Decimal
    beta: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """What is owned at one moment and what it is worth, in quote (domain 1.2): measured once and handed on."""

    snapshot: Snapshot
    value: Decimal
    spot: Decimal
    cash: Decimal
    upnl: Decimal
    equity: Decimal
    #: risky spot by asset
    by_asset: Mapping[str, Decimal]
    #: by line of the target table, STABLE and FUTURES (the equity) among them; sums to :attr:`value`
    by_line: Mapping[str, Decimal]
    #: signed notional by contract, flat positions included
    book: Mapping[str, Decimal]

    @property
    def weights(self) -> dict[str, Decimal]:
        """Return the weight of each risky asset, as a fraction of V."""
        return {asset: value / self.value for asset, value in self.by_asset.items()}

    @property
    def parts(self) -> dict[str, Decimal]:
        """Return what the whole value is made of: risky assets, STABLE and FUTURES."""
        return {**self.by_asset, STABLE: self.cash, FUTURES: self.equity}

    def position(self, contract: str) -> Position | None:
        """Return the position in a contract, flat or not; None where the snapshot does not name it."""
        return next((position for position in self.snapshot.positions if position.contract == contract), None)


def prior_beta(asset: str) -> Decimal:
    """Return the beta to BTC assumed without an estimate (domain 1.7): BTC 1, ETH 1.1, cash 0, everything else 1.2."""
    if asset in CASH_COINS:
        return Decimal(0)
    return {"BTC": Decimal(1), "ETH": Decimal("1.1")}.get(asset, Decimal("1.2"))


def default_bucket(asset: str) -> str:
    """Return the bucket of an asset that names none (domain 0, 1.3): CORE for BTC and ETH, STABLE for cash, else ALT."""
    if asset in CASH_COINS:
        return STABLE
    return CORE if asset in MAJORS else ALT


def owned(rows: Iterable[Owned], quote: str) -> Snapshot:
    """Sort the rows of a spot account into cash and the rest, at the prices that count (domain 0); the quote coin stands first.

    A row of nothing needs no price. Raises ``Refused``: negative_quantity, bad_price, missing_price; bad_parameter where ``quote`` is
    no dollar.
    """
    if quote not in DOLLARS:
        raise Refused("bad_parameter", quote)
    spot: list[Holding] = []
    cash: list[Cash] = []
    for row in rows:
        price, bucket = counted_price(row.asset, row.price, quote), row.bucket or default_bucket(row.asset)
        if row.qty < 0:
            raise Refused("negative_quantity", row.asset)
        if price is None and row.qty:
            raise Refused("missing_price", row.asset)
        if price is None:
            continue
        if price <= 0:
            raise Refused("bad_price", row.asset)
        if bucket == STABLE:
            cash.append(Cash(asset=row.asset, qty=row.qty, price=price))
        else:
            spot.append(Holding(asset=row.asset, qty=row.qty, price=price, bucket=bucket))
    return Snapshot(spot=tuple(spot), cash=tuple(sorted(cash, key=lambda coin: coin.asset != quote)))


def cash_coins(snapshot: Snapshot, quote: str) -> CashCoins:
    """Return what the cash of a snapshot is worth, what of it can be spent, and which dollars are off their peg."""
    with wide():
        return CashCoins(
            value=sum((coin.value for coin in snapshot.cash), _ZERO),
            spendable=spendable(snapshot),
            depeg=tuple(sorted({coin.asset for coin in snapshot.cash if coin.qty and is_off_peg(coin.asset, coin.price, quote)})),
        )


def spendable(snapshot: Snapshot) -> Decimal:
    """Return what plans may pay with (domain 9.5): a dollar off its peg and a euro are counted but never spent."""
    with wide():
        return sum((coin.value for coin in snapshot.cash if is_spendable(coin.asset, coin.price)), _ZERO)


def hold_out(snapshot: Snapshot, reserve: Mapping[str, Decimal | None]) -> Snapshot:
    """Return what is managed beside what is kept out (domain 2.3): of each asset so much, or all of it where the reserve says None.

    Of two rows of an asset the first gives first. A coin that is kept wholly has no row any more; cash keeps its row of nothing.
    Raises ``Refused``: negative_quantity, bad_price.
    """
    check_snapshot(snapshot)
    if not reserve:
        return snapshot
    left = dict(reserve)
    kept: dict[str, Kept] = {}

    def managed(row: Holding | Cash) -> Decimal:
        wish = left.get(row.asset, _ZERO)
        out = kept_of(row.qty, wish)
        if wish is not None:
            left[row.asset] = wish - out
        if out:
            before = kept[row.asset].qty if row.asset in kept else _ZERO
            kept[row.asset] = Kept(asset=row.asset, qty=before + out, price=row.price)
        return row.qty - out

    if any(wish is not None and wish < 0 for wish in reserve.values()):
        raise Refused("negative_quantity", "reserve")
    with wide():
        rows = [(holding, managed(holding)) for holding in snapshot.spot]
        cash = tuple(replace(coin, qty=managed(coin)) for coin in snapshot.cash)
    spot = tuple(replace(holding, qty=qty) for holding, qty in rows if qty or not holding.qty)
    return replace(snapshot, spot=spot, cash=cash, kept=(*snapshot.kept, *kept.values()))


def kept_of(qty: Decimal, wish: Decimal | None) -> Decimal:
    """Return what is kept out of a quantity: so much as is wished, or all of it (None)."""
    return qty if wish is None else min(wish, qty)


def tradable(held: Mapping[str, Decimal], free: Mapping[str, Decimal], reserve: Mapping[str, Decimal | None]) -> dict[str, Decimal]:
    """Return what orders may use of an account: what is free beyond what is kept out, whoever's orders have locked the rest."""
    out = {asset: kept_of(held.get(asset, _ZERO), wish) for asset, wish in reserve.items()}
    return {asset: max(_ZERO, qty - out.get(asset, _ZERO)) for asset, qty in free.items()}


def beta_with_kept(measured: Metrics, kept: Iterable[Kept], betas: Mapping[str, Decimal] | None = None) -> Decimal | None:
    """Return the portfolio's beta with what is kept out counted in, over the same value; None where a price of it is unknown."""
    beta = measured.beta
    with wide():
        for one in kept:
            if one.value is None:
                return None
            beta += _beta(betas, one.asset) * one.value / measured.value
    return beta


def check_snapshot(snapshot: Snapshot) -> None:
    """Refuse negative quantities (``negative_quantity``) and prices that are not above 0 (``bad_price``)."""
    owned = [(h.asset, h.qty, h.price) for h in snapshot.spot] + [(c.asset, c.qty, c.price) for c in snapshot.cash]
    for asset, qty, price in owned:
        if qty < 0:
            raise Refused("negative_quantity", asset)
        if price <= 0:
            raise Refused("bad_price", asset)
    for position in snapshot.positions:
        # a flat position often comes with entry 0
        if position.mark <= 0 or (position.qty and position.entry <= 0):
            raise Refused("bad_price", position.contract)


def value_of(snapshot: Snapshot, lines: Iterable[str] = ()) -> Valuation:
    """Count everything once (domain 1.2): spot, cash, wallet and unrealised profit; never margin or notional.

    ``lines`` are those of the target table in their order; one that holds nothing stands with 0. Raises ``Refused``:
    negative_quantity, bad_price, non_positive_value.
    """
    check_snapshot(snapshot)
    by_asset: dict[str, Decimal] = defaultdict(Decimal)
    by_line: dict[str, Decimal] = defaultdict(Decimal, dict.fromkeys(lines, _ZERO))
    book: dict[str, Decimal] = defaultdict(Decimal)
    with wide():
        for holding in snapshot.spot:
            by_asset[holding.asset] += holding.value
            by_line[holding.bucket] += holding.value
        for position in snapshot.positions:
            book[position.contract] += position.notional
        spot = sum(by_asset.values(), _ZERO)
        cash = sum((cash.value for cash in snapshot.cash), _ZERO)
        upnl = sum((position.upnl for position in snapshot.positions), _ZERO)
        equity = snapshot.wallet + upnl
        value = spot + cash + equity
    if value <= 0:
        raise Refused("non_positive_value")
    by_line |= {STABLE: cash, FUTURES: equity}
    return Valuation(
        snapshot=snapshot,
        value=value,
        spot=spot,
        cash=cash,
        upnl=upnl,
        equity=equity,
        by_asset=dict(by_asset),
        by_line=dict(by_line),
        book=dict(book),
    )


def measure(held: Valuation, betas: Mapping[str, Decimal] | None = None) -> Metrics:
    """Measure a portfolio (domain 1); an asset without a beta takes its prior."""
    V = held.value
    with wide():
        exposed = defaultdict(Decimal, held.by_asset)
        for position in held.snapshot.positions:
            exposed[position.asset] += position.notional
        notionals = [position.notional for position in held.snapshot.positions]
        net, gross = sum(notionals, _ZERO), sum(map(abs, notionals), _ZERO)
        x = {asset: value / V for asset, value in exposed.items()}
        beta = sum((_beta(betas, asset) * share for asset, share in x.items()), _ZERO)
        return Metrics(
            value=V,
            spot_value=held.spot,
            cash_value=held.cash,
            upnl=held.upnl,
            futures_equity=held.equity,
            weights=held.weights,
            buckets={line: value / V for line, value in held.by_line.items()},
            futures_net=net,
            futures_gross=gross,
            futures_net_exposure=net / V,
            gross_exposure=(held.spot + gross) / V,
            sleeve_leverage=leverage(gross, held.equity),
            net_exposure=x,
            net_directional=sum(x.values(), _ZERO),
            beta=beta,
        )


def leverage(gross: Decimal, equity: Decimal) -> Decimal | None:
    """Return gross notional / equity: 0 for an empty book, None when a book stands on no equity."""
    if gross == 0:
        return Decimal(0)
    if equity <= 0:
        return None
    with wide():
        return gross / equity


def _beta(betas: Mapping[str, Decimal] | None, asset: str) -> Decimal:
    """Return the given beta of ``asset`` or its prior."""
    given = None if betas is None else betas.get(asset)
    return prior_beta(asset) if given is None else given
