"""What an account at an exchange held at its last look, and which of its flows are counted already."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from chatbot.exchanges.base import Holdings
from chatbot.model.flow import FLOWS, EntryKind
from chatbot.portfolio.amounts import differences
from chatbot.portfolio.amounts.not_managed import DUST, NO_MARKET
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.model.flow import Entry
    from chatbot.portfolio.valuation import Account

#: places beside the portfolio whose coins are worth nothing to it, and where the lent ones are
WORTHLESS: Final = (NO_MARKET, DUST)
_LENT: Final = "earn"
#: an exchange tells of a withdrawal that is called off as long as that; older ones are forgotten
_KEPT: Final = timedelta(days=10)
#: and no history that is asked for begins earlier before the last look than this
_ASKED_AGAIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """An account as everything that is known of it explains it."""

    #: when it was read
    at: datetime
    held: Holdings
    #: what is lent to the exchange, beside the portfolio
    lent: Mapping[str, Decimal] = field(default_factory=dict)
    #: by the exchange's id: when a flow happened, and what of it was counted, signed
    counted: Mapping[str, tuple[datetime, Decimal]] = field(default_factory=dict)
    #: since when there has been something that nobody can explain; None: there is nothing
    unclear_since: datetime | None = None
    #: funding received less paid since the book was begun, quote, and by the exchange's id when the last of it was
    funding: Decimal = Decimal(0)
    funded: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Account, at: datetime) -> Book:
        """Return the book that begins with what is in an account, of which nothing is counted yet.

        What has no market, and dust, is in it: it comes and goes like everything else, and is worth nothing to the portfolio.
        """
        held, positions = account.balances, {one.instrument: (one.qty, one.entry) for one in account.positions if one.qty}
        spot = {coin: qty for place in (held.spot, *(held.aside.get(name, {}) for name in WORTHLESS)) for coin, qty in place.items() if qty}
        lent = {coin: qty for coin, qty in held.aside.get(_LENT, {}).items() if qty}
        return cls(at=at, held=Holdings(spot=spot, futures_wallet=held.futures_wallet, positions=positions), lent=lent)

    def turned(self, there: Book, entries: Iterable[Entry]) -> Book:
        """Return the book after a look that is accounted for."""
        at = there.at
        seen = {one.id: (one.at, one.amount) for one in entries if one.kind in FLOWS}
        kept = {name: known for name, known in {**self.counted, **seen}.items() if known[0] > at - _KEPT}
        return replace(there, counted=kept, funding=self.funding, funded=self.funded)

    def paid(self, quote: str, entries: Iterable[Entry]) -> Book:
        """Return the book with the funding among what explains it, each payment once."""
        new = {one.id: one for one in entries if one.kind is EntryKind.FUNDING and one.coin == quote and one.id not in self.funded}
        funded = {name: at for name, at in self.funded.items() if at > self.at - _ASKED_AGAIN} | {name: one.at for name, one in new.items()}
        return replace(self, funding=self.funding + sum((one.amount for one in new.values()), Decimal(0)), funded=funded)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "at": self.at.isoformat(),
            "held": differences.to_plain(self.held),
            "lent": {coin: str(qty) for coin, qty in self.lent.items()},
            "counted": {name: [at.isoformat(), str(amount)] for name, (at, amount) in self.counted.items()},
            "unclear_since": self.unclear_since.isoformat() if self.unclear_since else "",
            "funding": str(self.funding),
            "funded": {name: at.isoformat() for name, at in self.funded.items()},
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Book:
        """Read it back."""
        return cls(
            at=datetime.fromisoformat(body["at"]),
            held=differences.from_plain(body["held"]),
            lent={coin: Decimal(qty) for coin, qty in body.get("lent", {}).items()},
            counted={name: (datetime.fromisoformat(at), Decimal(amount)) for name, (at, amount) in body["counted"].items()},
            unclear_since=datetime.fromisoformat(body["unclear_since"]) if body["unclear_since"] else None,
            funding=Decimal(body.get("funding", "0")),
            funded={name: datetime.fromisoformat(at) for name, at in body.get("funded", {}).items()},
        )
