"""One line to one exchange: the ccxt object, made when it is first needed, and every call through it with our errors."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

from chatbot.errors import ExchangeError, RateLimited, Rejected, Unreachable, Unreadable
from chatbot.exchanges.live.answers import STUMBLES, guard, rows_expected
from chatbot.exchanges.live.ccxt_errors import translate
from chatbot.exchanges.live.ccxt_loader import check_name, error_classes, exchange_class
from chatbot.exchanges.live.venues import venue_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.live.private.budget import Budget

#: seconds that nobody behind this address asks for anything after too many calls without a key
_PAUSE_S = 60.0
#: what a question about prices and rules can be refused for
_REFUSES = frozenset({"unknown_instrument", "bad_request", "halted", "not_supported"})


class Connection:
    """What the sources of one exchange share. ``options`` go into ccxt's constructor; ``prepare`` sees the object before its first use."""

    def __init__(self, name: str, options: Mapping[str, Any] | None = None, prepare: Callable[[Any], object] | None = None) -> None:
        check_name(name)
        self.name = name
        self.venue = venue_named(name)
        self._given = dict(options or {})
        self._prepare = prepare
        #: what the accounts with keys at this exchange share: a pause that it asked for holds for calls without a key too
        self.budget: Budget | None = None
        self._ccxt: Any = None
        self._opening = asyncio.Lock()

    async def open(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Return the ccxt object.

        Loading an exchange takes 0.2 s and 30 MB: it comes after the start, in a thread beside whoever chats.
        """
        async with self._opening:
            if self._ccxt is None:
                loaded = await asyncio.to_thread(exchange_class, self.name)
                gc.freeze()  # what was imported lives for ever; the collector need not look through it again and again
                self._ccxt = self._made(loaded)
            return self._ccxt

    def _made(self, loaded: type[Any]) -> Any:  # noqa: ANN401 - ccxt is untyped
        given = {"enableRateLimit": True, "timeout": 10_000, **self._given}
        given["options"] = {**self.venue.options, **given.get("options", {})}
        made = loaded(given)
        made.has["fetchCurrencies"] = False  # on some exchanges a private call
        if self._prepare is not None:
            self._prepare(made)
        guard(made, error_classes().BadResponse)
        return made

    async def ask(self, call: str, *args: object) -> Any:  # noqa: ANN401 - ccxt is untyped
        """Make one public call; every failure comes out as one of ours."""
        if self.budget is not None and self.budget.paused_s:
            raise RateLimited(f"{self.name}: {self.budget.paused_s:.0f} s to wait")
        expected = rows_expected.set(call != "fetch_time")
        try:
            return await getattr(await self.open(), call)(*args)
        except error_classes().BaseError as error:
            failure = translate(error, changes=False)
            if self.budget is not None and isinstance(failure, RateLimited):
                self.budget.pause(_PAUSE_S, "(prices)")
            raise _of_a_question(failure) from error
        except STUMBLES as error:
            raise Unreadable(f"{self.name}: unreadable answer to {call}: {error!r}") from error
        finally:
            rows_expected.reset(expected)

    async def close(self) -> None:
        """Close it; the next call opens it again."""
        if self._ccxt is not None:
            await self._ccxt.close()
            self._ccxt = None


def _of_a_question(failure: ExchangeError) -> ExchangeError:
    """Return what a failure means where nothing was ordered.

    Such a question has no money and no order that it could be refused for: a code of many meanings that stands for these too (BingX's
    80012, say) tells that the exchange cannot answer now.
    """
    return Unreachable(str(failure)) if isinstance(failure, Rejected) and failure.reason not in _REFUSES else failure
