"""How a key is made at each exchange, in three steps that fit a phone, and what connecting it was tried on: a row an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_

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
    #: what is not seen without the right to futures; empty: nothing
    unseen: str = ""


_TRIED = N_("Tried on: recorded answers of {exchange}, and a test exchange of our own. No real account has been connected yet.")

#: in the order in which they are offered
GUIDES: Final[Mapping[str, Guide]] = MappingProxyType(
    {
        "binance": Guide(
            name="Binance",
            page="binance.com/my/settings/api-management",
            steps=(
                N_("On {page}, create an API key of the kind “System generated”."),
                N_(
                    "Leave Enable Reading on and Enable Withdrawals off: I refuse a key that may withdraw."
                    " Enable Futures lets me see futures too."
                ),
                N_("Copy both parts. The secret key is shown only once."),
            ),
            tried=_TRIED,
            one_way=N_("In Binance: Futures, Preferences, Position Mode, One-way. It can be changed while no position or order is open."),
            unseen=N_("Without Enable Futures I do not see the futures account."),
        ),
        "bybit": Guide(
            name="Bybit",
            page="bybit.com/app/user/api-management",
            steps=(
                N_("On {page}, create a key of the kind “System-generated”, for API transactions."),
                N_(
                    "Choose Read-Only, Withdrawal off: I refuse a key that may withdraw. Without a fixed IP address it ends after 3 months."
                ),
                N_("Copy both parts. The secret is shown only once."),
            ),
            tried=_TRIED,
            one_way=N_(
                "In Bybit: a USDT contract, Settings, Position Mode, One-Way. It can be changed while no position or order is open."
            ),
        ),
    }
)


def name_of(exchange: str) -> str:
    """Return what an exchange is called."""
    return GUIDES[exchange].name if exchange in GUIDES else exchange.title()
