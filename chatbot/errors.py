"""Everything that can go wrong, as a tree with two branches, what the person can fix and what we must; and how it is contained.

BallastError
├── UserError                a sentence for the person, translated by msgid
├── NotYet                   what was asked for is still being worked out: ask again
├── ShutOut                  somebody was blocked while their command was under way: it ends here
├── SettingError             the operator's settings; names the setting and the cure; stops the start
├── CopyError                a copy of the database cannot be made or put back; the text says why
└── InternalError            logged with an id; the person gets the id
    ├── Damaged              a stored row cannot be read; names what it is of
    ├── SealBroken           a sealed exchange key does not open
    └── ExchangeError        what an exchange did or refused
        ├── Rejected         the order does not and will not exist
        │   └── NotEnoughMoney
        ├── OutcomeUnknown   sent, no answer: it may exist; look it up, never assume
        ├── Unreachable      nothing was sent, or a read failed: try again
        │   ├── RateLimited
        │   └── Unreadable   it answered, in words that say nothing
        └── KeyRefused       the key is wrong, expired or lacks a permission
            └── AccountUnfit the account is kept in a way that we do not count with
                └── HedgeMode
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = structlog.get_logger()


class BallastError(Exception):
    """Base of every error that Ballast raises on purpose."""


class UserError(BallastError):
    """Something the person can fix: ``msgid`` is an English catalogue entry, ``params`` fill its placeholders."""

    def __init__(self, msgid: str, **params: object) -> None:
        super().__init__(msgid.format(**params) if params else msgid)
        self.msgid = msgid
        self.params = params


class NotYet(BallastError):
    """What was asked for takes longer than anybody waits: it is worked out beside, and is there for whoever asks again."""


class ShutOut(BallastError):
    """Whoever asked for this may not use the bot any more: nothing further is done and nothing is said."""


class SettingError(BallastError):
    """A setting is missing or wrong; the text names it and says what to do."""

    def __init__(self, setting: str, cure: str) -> None:
        super().__init__(f"{setting}: {cure}")
        self.setting = setting
        self.cure = cure


class CopyError(BallastError):
    """A copy of the database cannot be made or put back; the text says why, and nothing was changed."""


class InternalError(BallastError):
    """Something that we must fix."""


class Damaged(InternalError, ValueError):
    """What is stored cannot be read; ``part`` is a machine word for what it is (:mod:`chatbot.store`), ``number`` a plan's own number."""

    def __init__(self, part: str, number: int | None = None) -> None:
        super().__init__(f"a stored {part} cannot be read")
        self.part = part
        self.number = number


class SealBroken(InternalError):
    """A sealed exchange key does not open: it is another row's, was changed, or its master key is not there."""


class ExchangeError(InternalError):
    """An exchange refused, failed or did not answer."""


class Rejected(ExchangeError):
    """The exchange refused: the order does not exist and will not; ``reason`` is a short machine word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class NotEnoughMoney(Rejected):
    """The account cannot pay for this order or transfer."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("not_enough_money", detail)


class OutcomeUnknown(ExchangeError):
    """A request went out and no answer came: the order may exist."""


class ListedLater(OutcomeUnknown):
    """A request was done, and only a list that lags tells how the order has ended: it was there."""


class Unreachable(ExchangeError):
    """The exchange could not be asked; nothing changed there. ``why`` is a machine word."""

    why = "unreachable"


class Unreadable(Unreachable):
    """The exchange answered, and what it said cannot be read: whatever was asked is not known."""

    why = "unreadable"


class PlaceRefused(Unreachable):
    """The exchange answers nobody at this address: it does not serve the country or the network that this program runs in."""

    why = "place_refused"


class OtherWorld(Unreachable):
    """The portfolio belongs to another market than the one that this program runs on: it is neither valued nor traded here."""

    def __init__(self, exchange: str) -> None:
        super().__init__(f"the portfolio belongs to {exchange}")
        self.exchange = exchange


class RateLimited(Unreachable):
    """The exchange asked us to slow down."""


class KeyRefused(ExchangeError):
    """The exchange does not accept the key for this call; ``why`` is a machine word."""

    why = "key_refused"


class AccountUnfit(KeyRefused):
    """The account is kept in a way that Ballast does not count with: its owner has to change that at the exchange first.

    ``why``: hedge_mode, isolated_margin, borrowed, multi_assets.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the account cannot be used as it is: {why}")
        self.why = why


class HedgeMode(AccountUnfit):
    """The account keeps longs and shorts of one contract apart."""

    def __init__(self) -> None:
        super().__init__("hedge_mode")


@contextmanager
def contained(event: str, **ids: object) -> Iterator[None]:
    """Keep whatever goes wrong in a block inside of it: it is logged as ``event``, with its trace and ``ids``, and what follows goes on.

    For a piece of work whose failure must not stop that of others, and that is done again later. Being cancelled passes through.
    """
    try:
        yield
    except Exception:  # noqa: BLE001 - the one place that is made to catch all
        _LOG.exception(event, **ids)
