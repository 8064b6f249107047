"""Every error of ccxt in our words: a total table, so that no foreign exception gets past the door."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from chatbot.errors import (
    ExchangeError,
    KeyRefused,
    NotEnoughMoney,
    OutcomeUnknown,
    PlaceRefused,
    RateLimited,
    Rejected,
    Unreachable,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meaning(StrEnum):
    """What an error says about the request."""

    #: refused for good; the row's second word is the reason
    REJECTED = "rejected"
    #: refused for want of money
    MONEY = "money"
    #: the key is not good for this
    KEY = "key"
    #: nobody is served at this address
    PLACE = "place"
    #: refused because of too many requests
    LIMITED = "limited"
    #: it did not get through
    NOT_SENT = "not_sent"
    #: it may have got through: a failed read, but an unknown outcome after an order
    UNSURE = "unsure"


#: ccxt class name -> (meaning, reason); a class is looked up before its parents
TABLE: Mapping[str, tuple[Meaning, str]] = {
    "BaseError": (Meaning.UNSURE, ""),
    # weex answers a rate limit with the bare class, others use it for "internal error": never taken for a refusal
    "ExchangeError": (Meaning.UNSURE, ""),
    "AuthenticationError": (Meaning.KEY, ""),
    "PermissionDenied": (Meaning.KEY, ""),
    "AccountNotEnabled": (Meaning.KEY, ""),
    "AccountSuspended": (Meaning.KEY, ""),
    "ArgumentsRequired": (Meaning.REJECTED, "bad_request"),
    "BadRequest": (Meaning.REJECTED, "bad_request"),
    "BadSymbol": (Meaning.REJECTED, "unknown_instrument"),
    "OperationRejected": (Meaning.REJECTED, "refused"),
    "NoChange": (Meaning.REJECTED, "no_change"),
    "MarginModeAlreadySet": (Meaning.REJECTED, "no_change"),
    "MarketClosed": (Meaning.REJECTED, "halted"),
    "ManualInteractionNeeded": (Meaning.KEY, ""),
    "RestrictedLocation": (Meaning.PLACE, ""),
    "InsufficientFunds": (Meaning.MONEY, ""),
    "InvalidAddress": (Meaning.REJECTED, "bad_request"),
    "AddressPending": (Meaning.REJECTED, "bad_request"),
    # binance and bybit say so for a duplicate client id as well: look the order up before believing it
    "InvalidOrder": (Meaning.REJECTED, "invalid_order"),
    "OrderNotFound": (Meaning.REJECTED, "unknown_order"),
    "OrderNotCached": (Meaning.REJECTED, "unknown_order"),
    "OrderImmediatelyFillable": (Meaning.REJECTED, "would_take"),
    "OrderNotFillable": (Meaning.REJECTED, "not_fillable"),
    "DuplicateOrderId": (Meaning.REJECTED, "duplicate_id"),
    "ContractUnavailable": (Meaning.REJECTED, "halted"),
    "NotSupported": (Meaning.REJECTED, "not_supported"),
    "InvalidProxySettings": (Meaning.NOT_SENT, ""),
    "ExchangeClosedByUser": (Meaning.NOT_SENT, ""),
    "OperationFailed": (Meaning.UNSURE, ""),
    "NetworkError": (Meaning.UNSURE, ""),
    # binance answers its weight limit (429, 418) with this class
    "DDoSProtection": (Meaning.LIMITED, ""),
    "RateLimitExceeded": (Meaning.LIMITED, ""),
    "ExchangeNotAvailable": (Meaning.UNSURE, ""),
    "OnMaintenance": (Meaning.UNSURE, ""),
    # a clock that is off: refused before anything was done
    "InvalidNonce": (Meaning.NOT_SENT, ""),
    "ChecksumError": (Meaning.NOT_SENT, ""),
    "RequestTimeout": (Meaning.UNSURE, ""),
    "BadResponse": (Meaning.UNSURE, ""),
    "NullResponse": (Meaning.UNSURE, ""),
    "CancelPending": (Meaning.UNSURE, ""),
    "UnsubscribeError": (Meaning.NOT_SENT, ""),
}


#: what ccxt's text holds where an exchange serves nobody from here: the status (Binance, OKX), or the words of the wall before it (Bybit)
_NOT_HERE = re.compile(r"https?://\S+ 451 |restricted location|block access from your country")


def translate(error: Exception, *, changes: bool) -> ExchangeError:
    """Return our error for one of ccxt's. ``changes`` tells whether the request would have changed something at the exchange."""
    if _NOT_HERE.search(str(error)):
        return PlaceRefused(f"{type(error).__name__}: {error}")
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if "BadResponse" in kinds and not changes:
        return Unreadable(f"{type(error).__name__}: {error}")
    meaning, reason = next((TABLE[kind] for kind in kinds if kind in TABLE), (Meaning.UNSURE, ""))
    return told(meaning, reason, f"{type(error).__name__}: {error}", changes=changes)


_OURS: Mapping[Meaning, type[NotEnoughMoney | KeyRefused | Unreachable]] = {
    Meaning.MONEY: NotEnoughMoney,
    Meaning.KEY: KeyRefused,
    Meaning.PLACE: PlaceRefused,
    Meaning.LIMITED: RateLimited,
    Meaning.NOT_SENT: Unreachable,
}


def told(meaning: Meaning, reason: str, detail: str, *, changes: bool) -> ExchangeError:
    """Return our error for what an answer means; ``changes`` as in :func:`translate`."""
    if meaning is Meaning.REJECTED:
        return Rejected(reason, detail)
    if meaning is Meaning.UNSURE:
        return OutcomeUnknown(detail) if changes else Unreachable(detail)
    return _OURS[meaning](detail)
