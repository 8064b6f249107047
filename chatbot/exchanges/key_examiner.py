"""What asks an exchange about a key: made for whoever keeps keys, and loaded when the first is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.model import venue_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from chatbot.clock import Clock
    from chatbot.model import Credentials, KeyReport


def examiner(options: Mapping[str, Any], clock: Clock) -> Callable[[str, Credentials], Awaitable[KeyReport]]:
    """Return what asks an exchange about a key; ``options`` are those of each exchange."""

    async def examine(exchange: str, credentials: Credentials) -> KeyReport:
        from chatbot.exchanges.live import key_doctor  # noqa: PLC0415 - only for who connects an exchange

        return await key_doctor.examine(exchange, credentials, clock, options.get(venue_of(exchange), {}))

    return examine
