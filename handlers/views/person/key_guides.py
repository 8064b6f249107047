"""How a key is made at each exchange, in three steps that fit a phone, and what connecting it was tried on: a row an exchange."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import venue_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One exchange; sentences are msgids."""

    name: str
    #: page on which keys are made, without https://
    page: str
    steps: tuple[str, str, str]
    tried: str
    #: how hedge mode is changed there
    one_way: str
    #: what comes after its name: which of its accounts it is
    kind: str = ""
    #: what is not seen without the right to futures; empty: nothing
    unseen: str = ""


_TRIED_ON = N_("Tried on: recorded answers of {exchange}, and a test exchange of our own. No real account has been connected yet.")
_TEST_TRIED = N_("Only its addresses were tried. No test account of {exchange} has been connected yet.")
_OWN_TRIED = N_("No real exchange is asked, and no real money is in it.")
_BINANCE_ONE_WAY = N_("In Binance: Futures, Preferences, Position Mode, One-way. It can be changed while no position or order is open.")
_BYBIT_ONE_WAY = N_("In Bybit: a USDT contract, Settings, Position Mode, One-Way. It can be changed while no position or order is open.")
_BINGX_ONE_WAY = N_("In BingX: Perpetual Futures, Settings, Position Mode, One-way. It can be changed while no position or order is open.")
_MEXC_ONE_WAY = N_("In MEXC: Futures, Preferences, Position Mode, One-Way. It can be changed while no position or order is open.")
_WEEX_ONE_WAY = N_("In WEEX: a USDT contract, Settings, combined positions. It can be changed while no position or order is open.")
_READ_WRITE = N_("Read-Write lets me trade, Withdrawal stays off.")
_COPY = N_("Copy both parts. The secret is shown only once.")
#: of a test exchange on this machine, whose one key everybody knows
_OWN = (
    N_("This exchange runs on this machine, at the prices of this demo, with one account of play money."),
    N_("It behaves like the real one, so everything that follows is as it would be there."),
)
_OWN_STEPS = (*_OWN, N_("Its key, both parts: {key}"))

#: what the names of test exchanges of our own end with
OWN: Final = ":own"
#: what is the same of all accounts of an exchange: its name, and how hedge mode is changed there
_EXCHANGES: Final = {
    "binance": ("Binance", _BINANCE_ONE_WAY),
    "bybit": ("Bybit", _BYBIT_ONE_WAY),
    "bingx": ("BingX", _BINGX_ONE_WAY),
    "mexc": ("MEXC", _MEXC_ONE_WAY),
    "weex": ("WEEX", _WEEX_ONE_WAY),
}
#: by what stands behind the colon: what comes after the name, and what connecting such an account was tried on
_KINDS: Final = {"": ("", _TRIED_ON), "demo": ("demo", _TEST_TRIED), "testnet": ("testnet", _TEST_TRIED), "own": ("test", _OWN_TRIED)}


def _guides(*rows: tuple[str, str, tuple[str, str, str]], unseen: Mapping[str, str]) -> Mapping[str, Guide]:
    """Return the guides by exchange, each with what is the same of its neighbours."""
    found = {}
    for exchange, url, steps in rows:
        venue, _, account = exchange.partition(":")
        (name, one_way), (kind, tried) = _EXCHANGES[venue], _KINDS[account]
        found[exchange] = Guide(name=name, kind=kind, page=url, steps=steps, tried=tried, one_way=one_way, unseen=unseen.get(exchange, ""))
    return MappingProxyType(found)


#: in the order in which they are offered
GUIDES: Final[Mapping[str, Guide]] = _guides(
    (
        "binance",
        "binance.com/my/settings/api-management",
        (
            N_("On {page}, create an API key of the kind “System generated”."),
            N_(
                "Leave Enable Reading on and Enable Withdrawals off: I refuse a key that can withdraw. "
                "Enable Futures lets me see futures too."
            ),
            N_("Copy both parts. The secret key is shown only once."),
        ),
    ),
    (
        "bybit",
        "bybit.com/app/user/api-management",
        (
            N_("On {page}, create a key of the kind “System-generated”, for API transactions."),
            N_("Choose Read-Only, Withdrawal off: I refuse a key that can withdraw. Without a fixed IP address it expires after 3 months."),
            _COPY,
        ),
    ),
    (
        "bingx",
        "bingx.com/account/api",
        (
            N_("On {page}, create an API key."),
            N_(
                "Leave Read on and Withdraw off: BingX does not tell me whether a key can withdraw. "
                "Spot Trading, Perpetual Futures Trading and Universal Transfer let me trade."
            ),
            _COPY,
        ),
    ),
    (
        "mexc",
        "mexc.com/user/openapi",
        (
            N_("On {page}, create an API key and let it view account, orders and trades, of spot and of futures."),
            N_("Leave Withdraw off: MEXC does not tell me whether it is. Without a fixed IP address the key expires after 90 days."),
            _COPY,
        ),
    ),
    (
        "weex",
        "weex.com",
        (
            N_("On {page}, open API Management in your account and create a key. Make up its passphrase: letters and digits only."),
            N_(
                "Choose Readonly, and nothing that withdraws: WEEX does not tell me what a key may do. "
                "Only you can move money between its two wallets."
            ),
            N_("Copy all three parts: API key, secret and passphrase. The secret is shown only once."),
        ),
    ),
    (
        "binance:demo",
        "demo.binance.com/en/my/settings/api-management",
        (
            N_("Switch to Demo Trading, then on {page} create an API key of the kind “System generated”."),
            N_("Leave Enable Reading, Spot and Futures on. Only you can move money between its two wallets."),
            _COPY,
        ),
    ),
    (
        "bybit:testnet",
        "testnet.bybit.com/app/user/api-management",
        (
            N_("Open an account on {page} and create a key there: those of bybit.com do not work on the testnet."),
            _READ_WRITE,
            _COPY,
        ),
    ),
    (
        "bybit:demo",
        "bybit.com/app/user/api-management",
        (N_("At Bybit, switch to Demo Trading, then create a key on {page}."), _READ_WRITE, _COPY),
    ),
    ("binance:own", "", _OWN_STEPS),
    ("bybit:own", "", _OWN_STEPS),
    ("bingx:own", "", _OWN_STEPS),
    ("mexc:own", "", _OWN_STEPS),
    ("weex:own", "", (*_OWN, N_("Its key, all three parts: {key}"))),
    unseen={
        "binance": N_("Without Enable Futures I do not see the futures account."),
        "mexc": N_("Without the right to view futures I do not see the futures account."),
    },
)


def name_of(exchange: str) -> str:
    """Return what an exchange is called, with the kind of its test accounts where it is one of them: Binance, Binance demo."""
    guide = GUIDES.get(exchange)
    return f"{guide.name} {guide.kind}".rstrip() if guide is not None else venue_name(exchange)


def venue_name(exchange: str) -> str:
    """Return what an exchange itself is called, whichever of its accounts is meant."""
    venue = venue_of(exchange)
    return _EXCHANGES[venue][0] if venue in _EXCHANGES else venue.title()
