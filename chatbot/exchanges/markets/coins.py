"""Rules and character of the ten coins that the simulated and the replayed market know, as data."""

from __future__ import annotations

from decimal import Decimal

from chatbot.exchanges.base import PERP, Market
from chatbot.values import dataclass


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin: its trading rules, and what a synthetic market needs to know."""

    #: spot price step, spot quantity step, perpetual price step, perpetual quantity step
    steps: tuple[str, str, str, str]
    #: smallest perpetual order in quote
    perp_minimum: str
    #: maintenance margin rate of the smallest bracket
    mmr: str
    #: half the bid-ask spread in basis points of the mid
    half_spread_bps: float
    #: where a simulated price starts, in quote
    price: float
    #: beta to BTC of a simulated price
    beta: float
    #: own daily volatility beside the market's, as a fraction
    own_vol: float
    #: traded per day, millions of quote
    daily_millions: float


#: steps are fine enough for the prices of 2019 and those of today
COINS: dict[str, Coin] = {
    "BTC": Coin(("0.01", "0.00001", "0.1", "0.001"), "100", "0.004", 0.4, 60_000, 1.0, 0.006, 15_000),
    "ETH": Coin(("0.01", "0.0001", "0.01", "0.001"), "20", "0.005", 0.5, 3_000, 1.1, 0.014, 8_000),
    "SOL": Coin(("0.01", "0.001", "0.01", "0.01"), "5", "0.01", 1.0, 150, 1.3, 0.028, 2_500),
    "XRP": Coin(("0.0001", "0.1", "0.0001", "0.1"), "5", "0.01", 1.2, 0.6, 1.0, 0.028, 1_200),
    "ADA": Coin(("0.00001", "0.1", "0.00001", "1"), "5", "0.01", 1.5, 0.45, 1.1, 0.026, 350),
    "LINK": Coin(("0.001", "0.01", "0.001", "0.01"), "5", "0.01", 1.5, 15, 1.15, 0.028, 300),
    "DOGE": Coin(("0.000001", "1", "0.000001", "1"), "5", "0.01", 1.5, 0.12, 1.2, 0.032, 800),
    "AVAX": Coin(("0.001", "0.01", "0.001", "1"), "5", "0.01", 2.0, 30, 1.3, 0.03, 250),
    "BNB": Coin(("0.01", "0.0001", "0.01", "0.01"), "5", "0.01", 0.8, 550, 0.9, 0.016, 900),
    "LTC": Coin(("0.01", "0.001", "0.01", "0.001"), "20", "0.01", 1.5, 80, 0.95, 0.022, 300),
}

#: the dollar beside the quote coin that a simulated market knows: it stands at one, with this half spread in basis points
DOLLAR, DOLLAR_HALF_SPREAD_BPS = "USDC", 1.0
#: of it, traded per day, millions of quote
DOLLAR_MILLIONS = 2_000.0

#: default fees of domain 11.1 as fractions: (maker, taker)
SPOT_FEES = (Decimal("0.001"), Decimal("0.001"))
PERP_FEES = (Decimal("0.0002"), Decimal("0.0005"))
SPOT_MINIMUM = Decimal(5)
MAX_LEVERAGE = Decimal(50)


def spot_market(asset: str) -> Market:
    """Return the rules of ``asset`` on the spot market."""
    tick, lot = COINS[asset].steps[:2]
    maker, taker = SPOT_FEES
    return Market(
        instrument=asset,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=SPOT_MINIMUM,
        min_qty=Decimal(lot),
        maker_fee=maker,
        taker_fee=taker,
    )


def dollar_market(asset: str) -> Market:
    """Return the rules of a dollar beside the quote coin, on the spot market; it has no perpetual."""
    maker, taker = SPOT_FEES
    return Market(
        instrument=asset,
        tick=Decimal("0.0001"),
        lot=Decimal("0.01"),
        min_notional=SPOT_MINIMUM,
        min_qty=Decimal("0.01"),
        maker_fee=maker,
        taker_fee=taker,
    )


def perp_market(asset: str) -> Market:
    """Return the rules of the perpetual on ``asset``."""
    coin = COINS[asset]
    tick, lot = coin.steps[2:]
    maker, taker = PERP_FEES
    return Market(
        instrument=asset + PERP,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=Decimal(coin.perp_minimum),
        min_qty=Decimal(lot),
        maker_fee=maker,
        taker_fee=taker,
        mmr=Decimal(coin.mmr),
        max_leverage=MAX_LEVERAGE,
    )
