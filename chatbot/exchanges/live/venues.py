"""What differs from exchange to exchange, as data; how each line is known is written beside it.

An exchange that is not in this table is read by ``OTHER``. One that takes keys has, beside its line here, a dialect that
``private/opening.py`` names (what that is asked for is in ``private/dialect.py``), what a key of it may do in ``key_doctor.py``, and a
guide in ``handlers/views/person/key_guides.py``.

Seen in ccxt 4.5.90: which calls carry bid and ask, in which units a perpetual is counted, how many candles one call returns.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from chatbot.model import venue_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Accounts of one kind at an exchange: with real money, or for testing (FACTS 4)."""

    #: parts of ccxt's ``urls`` (the way through a tree of them: ``spot/private``) that carry signed requests -> the one host that may
    #: get them; empty: one that the options name
    hosts: Mapping[str, str]
    #: ccxt's name of these addresses
    urls: str = "api"
    #: the method by which ccxt takes them; empty: it has them
    switch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One exchange as ccxt 4.5.90 shows it."""

    #: ccxt call that returns bid and ask of many perpetuals at once
    perp_touch: str = "fetch_tickers"
    #: ccxt call that returns mark prices and funding rates of many perpetuals; None where the ticker carries them
    perp_marks: str | None = "fetch_funding_rates"
    #: ccxt call that returns the funding rates of many perpetuals, where ``perp_marks`` does not carry them; None: it does
    perp_rates: str | None = None
    #: field of a funding rate, or of the raw ticker, that holds the rate to be paid next
    next_rate: str = "fundingRate"
    #: field of the raw ticker that holds the mark price, where ``perp_marks`` is None
    raw_mark: str = ""
    #: True where one unit of a perpetual is ``contractSize`` base units; False where it is one base unit
    counts_contracts: bool = False
    #: candles that one call returns: spot, perpetual
    page: tuple[int, int] = (1000, 500)
    #: extra parameters of a candle call on perpetuals
    perp_candles: Mapping[str, Any] = field(default_factory=dict)
    #: there is a request that moves money between the wallets; else its person alone can
    moves_money: bool = True
    #: a key has a third part, which its person makes up
    passphrase: bool = False
    #: merged into ccxt's ``options``: load only what is needed
    options: Mapping[str, Any] = field(default_factory=dict)
    #: kinds of accounts that take keys here, that with real money under ""; none: its traps are not written down
    places: Mapping[str, Place] = field(default_factory=dict)


def _places(real: Mapping[str, str], **tests: Place) -> Mapping[str, Place]:
    """Return the kinds of accounts of an exchange; ``own`` is a test exchange of ours that speaks like it, on this machine alone."""
    return {"": Place(hosts=real), **tests, "own": Place(hosts=dict.fromkeys(real, ""))}


_BINANCE = {
    "public": "api.binance.com",
    "private": "api.binance.com",
    "sapi": "api.binance.com",
    "fapiPrivate": "fapi.binance.com",
    "fapiPrivateV2": "fapi.binance.com",
    "fapiPrivateV3": "fapi.binance.com",
}
#: no wallet endpoints there: money is moved between the wallets by hand
_BINANCE_DEMO = {part: f"demo-{host}" for part, host in _BINANCE.items() if part != "sapi"}


#: every part of it that is asked for something with a key, by ccxt's way to it
_BINGX = dict.fromkeys(
    (
        *("swap/v2/public", "swap/v1/private", "swap/v2/private", "swap/v3/private", "spot/v1/private"),
        *("api/v3/private", "api/asset/v1/private", "account/v1/private", "fund/v1/private"),
    ),
    "open-api.bingx.com",
)


def _bybit(host: str, urls: str, switch: str) -> Place:
    return Place(hosts={"public": host, "private": host}, urls=urls, switch=switch)


#: ccxt's sandbox of it goes to the same hosts, and knows a few calls alone: there are no test accounts that could be told from real ones
_WEEX = {
    "public": "api-spot.weex.com",
    "private": "api-spot.weex.com",
    "contract": "api-contract.weex.com",
    "contractPrivate": "api-contract.weex.com",
}

VENUES: dict[str, Venue] = {
    # futures tickers carry no bid and ask
    "binance": Venue(
        perp_touch="fetch_bids_asks",
        options={"fetchMarkets": {"types": ["spot", "linear"]}},
        # its testnet has spot alone: ccxt knows no futures there any more
        places=_places(_BINANCE, demo=Place(hosts=_BINANCE_DEMO, urls="demo", switch="enable_demo_trading")),
    ),
    "bybit": Venue(
        page=(1000, 1000),
        # without this it also loads every option and the inverse contracts; the default type is swap
        options={"defaultType": "spot", "fetchMarkets": {"types": ["spot", "linear"]}},
        places=_places(
            {"public": "api.bybit.com", "private": "api.bybit.com"},
            testnet=_bybit("api-testnet.bybit.com", "test", "set_sandbox_mode"),
            demo=_bybit("api-demo.bybit.com", "demotrading", "enable_demo_trading"),
        ),
    ),
    # its play money is for contracts alone (FACTS 4)
    "bingx": Venue(page=(1440, 1440), places=_places(_BINGX)),
    # amounts are base units although contractSize is not 1; fundingRate is the last one that was paid
    "weex": Venue(
        perp_touch="fetch_bids_asks",
        next_rate="nextFundingRate",
        page=(300, 100),
        perp_candles={"historical": True},
        passphrase=True,
        # neither ccxt nor a recording has a request for it
        moves_money=False,
        places=_places(_WEEX),
    ),
    # no call for many funding rates, but the ticker carries mark ("fairPrice") and rate; amounts are contracts
    "mexc": Venue(
        perp_marks=None,
        next_rate="fundingRate",
        raw_mark="fairPrice",
        counts_contracts=True,
        page=(500, 2000),
        # no test accounts: ccxt raises where they are asked for, and keeps the live addresses (FACTS 4)
        places=_places(dict.fromkeys(("spot/public", "spot/private", "contract/public", "contract/private"), "api.mexc.com")),
    ),
}


#: any other exchange, by the rules of ccxt that the five above have exceptions to: contracts are counted in ``contractSize``
OTHER = Venue(perp_marks="fetch_mark_prices", perp_rates="fetch_funding_rates", counts_contracts=True, page=(100, 100))


def venue_named(name: str) -> Venue:
    """Return what differs at an exchange; at one that is not written down here, what ccxt promises of all."""
    return VENUES.get(name, OTHER)


def has_passphrase(exchange: str) -> bool:
    """Tell whether a key of an exchange, or of its test accounts, has a third part."""
    return venue_named(venue_of(exchange)).passphrase


def accounts_of(venue: str) -> tuple[str, ...]:
    """Return what the kinds of accounts of an exchange are called, those with real money first: binance, binance:demo, ..."""
    return tuple(f"{venue}:{kind}" if kind else venue for kind in VENUES[venue].places)
