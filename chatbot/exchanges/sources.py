"""Where prices come from, by name: simulated, a replayed folder, or a real exchange; each is loaded only when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.exchanges.markets.markettime import Slow

#: names of the markets whose prices are played: a portfolio that was opened on any other one is of real prices
PLAYED = frozenset({"simulated", "replay"})
_CURE = "use simulated, replay:<folder> or live:<exchange>"


def must_be_there(spec: str) -> None:
    """Raise ``SettingError`` where a market is to be played from a folder without candles, which is seen before anything is opened."""
    kind, _, folder = spec.partition(":")
    if kind == "replay" and not (Path(folder) / "spot_1h").is_dir():
        raise SettingError("CHATBOT_MARKET", f"{folder!r} holds no spot_1h folder of candles")


def price_source(
    spec: str,
    clock: Clock,
    *,
    start: datetime | None = None,
    speed: float | None = None,
    origin: datetime | None = None,
    slow: Slow | None = None,
    episodes: Collection[tuple[str, datetime]] = (),
    seed: int = 7,
    options: Mapping[str, Any] | None = None,
) -> PriceSource:
    """Return the source that ``spec`` names.

    ``start`` is the market time at ``origin`` (process time, by default now); None takes the source's own default, as does a
    ``speed`` of None. ``slow`` is how it runs now, where that is slower.
    ``episodes`` and ``seed`` concern the simulated market, ``options`` a real exchange. Raises ``SettingError``.
    """
    kind, _, rest = spec.partition(":")
    if kind == "simulated" and not rest:
        return _simulated(clock, seed=seed, start=start, speed=speed, origin=origin, slow=slow, episodes=episodes)
    if kind == "replay" and rest:
        return _replay(rest, clock, start=start, speed=speed, origin=origin, slow=slow)
    if kind == "live" and rest:
        from chatbot.exchanges.live.capabilities import must_tell_prices  # noqa: PLC0415 - 50 MB that paper never needs
        from chatbot.exchanges.live.ccxt_prices import CcxtSource  # noqa: PLC0415

        must_tell_prices(rest)
        return CcxtSource(rest, options or {}, clock=clock)
    raise SettingError("CHATBOT_MARKET", f"{spec!r} is not a market: {_CURE}")


def _simulated(clock: Clock, **given: Any) -> PriceSource:  # noqa: ANN401 - passed on by name
    """Return the simulated market; what is None takes its default."""
    from chatbot.exchanges.markets.simulated import SimulatedSource  # noqa: PLC0415 - loaded when asked for

    return SimulatedSource(clock, **{name: value for name, value in given.items() if value is not None})


def _replay(folder: str, clock: Clock, **given: Any) -> PriceSource:  # noqa: ANN401 - passed on by name
    """Return the replay of a folder; refuse one without candles."""
    from chatbot.exchanges.markets.replay import ReplaySource  # noqa: PLC0415 - loaded when asked for

    must_be_there(f"replay:{folder}")
    return ReplaySource(folder, clock, **{name: value for name, value in given.items() if value is not None})
