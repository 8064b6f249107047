"""From keys to an account: what all accounts of one exchange share is made once, and when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.errors import SettingError
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.hosts import Addresses
from chatbot.exchanges.live.listing import QUOTES
from chatbot.exchanges.live.private.account import LiveAccount
from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.exchanges.live.private.bingx.speech import BingX
from chatbot.exchanges.live.private.budget import Budget
from chatbot.exchanges.live.private.bybit.speech import Bybit
from chatbot.exchanges.live.private.line import PrivateLine
from chatbot.exchanges.live.private.mexc.speech import Mexc
from chatbot.exchanges.live.private.weex.speech import Weex
from chatbot.exchanges.live.venues import VENUES, accounts_of
from chatbot.model import venue_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource, TransferJournal
    from chatbot.exchanges.live.private.dialect import Dialect
    from chatbot.model import Credentials

#: how each venue is spoken to
_SPOKEN: Mapping[str, Callable[[], Dialect]] = {"binance": Binance, "bybit": Bybit, "bingx": BingX, "mexc": Mexc, "weex": Weex}
#: the venues that may be given keys: those whose traps are written down and tried, which their rows tell by naming accounts
DIALECTS: Mapping[str, Callable[[], Dialect]] = {name: made for name, made in _SPOKEN.items() if VENUES[name].places}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the accounts of one exchange have in common."""

    prices: CcxtSource
    line: PrivateLine
    dialect: Dialect


class Accounts:
    """Makes accounts; one for the whole process, so that all of them keep to one budget."""

    def __init__(
        self,
        clock: Clock,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        prepare: Callable[[Any], object] | None = None,
        here: PriceSource | None = None,
    ) -> None:
        """Take the options of CHATBOT_EXCHANGE_OPTIONS by exchange, and the prices that the program has anyway.

        Accounts of the exchange that ``here`` tells of share it; ``prepare`` sees each other ccxt object before its first use.
        """
        self._clock = clock
        self._options = options or {}
        self._prepare = prepare
        self._here = here
        self._shared: dict[str, _Shared] = {}

    def prices(self, exchange: str, *, quote: str = QUOTES[0]) -> CcxtSource:
        """Return the public prices by which accounts of an exchange are valued; its test accounts have their own."""
        prices = self._of(exchange).prices
        return prices if quote == prices.quote_asset else prices.quoted_in(quote)

    def account(
        self,
        exchange: str,
        keys: Credentials,
        *,
        tag: str,
        journal: TransferJournal,
        watch: bool = False,
        futures: bool = True,
        quote: str = QUOTES[0],
    ) -> LiveAccount:
        """Return one account.

        ``tag`` is a short word that no other portfolio of any installation has, ``journal`` tells of its transfers. ``watch``
        only looks, ``futures`` tells whether the key has the right to them. Test accounts are those of an exchange like ``binance:demo``.
        Raises ``SettingError`` for one that takes no keys here.
        """
        shared = self._of(exchange)
        prices = self.prices(exchange, quote=quote)
        return LiveAccount(
            prices, shared.line, shared.dialect, keys, clock=self._clock, tag=tag, journal=journal, watch=watch, futures=futures
        )

    async def close(self) -> None:
        """Close every line."""
        for shared in self._shared.values():
            await shared.line.close()
            await shared.prices.close()

    def _of(self, exchange: str) -> _Shared:
        venue = venue_of(exchange)
        if venue not in DIALECTS or exchange not in accounts_of(venue):
            raise SettingError("/connect", f"{exchange!r} takes no keys here: use one of {', '.join(DIALECTS)}")
        if exchange not in self._shared:
            dialect, options = DIALECTS[venue](), self._options.get(venue, {})
            budget = Budget(dialect.limits, self._clock)
            line = PrivateLine(exchange, dialect, budget, self._clock, options=options, prepare=self._prepare)
            here = self._here if isinstance(self._here, CcxtSource) and self._here.name == exchange else None
            prices = here or CcxtSource(venue, options, clock=self._clock, prepare=self._prepare_prices(Addresses(exchange, options)))
            prices.connection.budget = budget
            self._shared[exchange] = _Shared(prices=prices, line=line, dialect=dialect)
        return self._shared[exchange]

    def _prepare_prices(self, addresses: Addresses) -> Callable[[Any], object]:
        def prepare(made: Any) -> None:  # noqa: ANN401 - ccxt is untyped
            addresses.take(made)
            if self._prepare is not None:
                self._prepare(made)

        return prepare
