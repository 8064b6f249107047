"""Tilt: a small bet that a drifted asset comes back, where the book has nothing to reduce or close (domain 9.3, off by default).

Legend: d drift of the asset's spot weight, kappa share of the drift that is bet on, beta_a beta of the asset, w the tilt, a signed
weight of V in the asset's contract: short (below 0) over target, long under it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, to_decimal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from fractions import Fraction

KAPPA_MOST = Decimal("0.5")
#: largest beta that one tilt may add or take
_BETA_MOST = Decimal("0.05")
LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tilt:
    """The tilt of one asset; the default is none."""

    #: signed weight of V in the asset's contract, fixed at the event
    weight: Decimal = Decimal(0)
    #: when it was opened; None while there is none
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDrift:
    """One asset at the moment of a block."""

    #: d, fraction of V
    drift: Decimal
    #: half-width of the inner band of domain 3.3; at theta 1 what is not worth a trade, since nothing stands exactly on target
    inner: Decimal
    beta: Decimal
    #: signed notional that the base rule trades in the asset's contracts, quote; 0 for none
    restore: Decimal = Decimal(0)


def size(kappa: Decimal, asset: AssetDrift) -> Decimal:
    """Return the tilt that an event opens: kappa |d|, at most 0.05 / beta, against the drift; 0 where there is something to restore.

    Over target the base rule reduces a long, under target it closes a short or raises a long: a tilt stands in for that order
    where there is none. Raises ``Refused``: bad_parameter for a kappa outside [0, 0.5].
    """
    if not 0 <= kappa <= KAPPA_MOST:
        raise Refused("bad_parameter", "kappa")
    # an asset that does not follow the market has no contract whose beta could be bounded
    if asset.beta <= 0 or asset.restore * asset.drift < 0:
        return Decimal(0)
    most: Fraction = exact(_BETA_MOST) / exact(asset.beta)
    w = min(exact(kappa) * abs(exact(asset.drift)), most)
    return to_decimal(-w if asset.drift > 0 else w)


def advance(tilt: Tilt, asset: AssetDrift, now: datetime, *, kappa: Decimal, event: bool) -> Tilt:
    """Take one block: a tilt that has done its work or lasted 7 days goes; an ``event`` (the asset left its band) opens one.

    It is latched: while it stands, neither further drift nor a further event changes it. A missed block holds it until the next.
    """
    if tilt.since is not None:
        over = abs(asset.drift) <= asset.inner or now - tilt.since >= LASTS
        return Tilt() if over else tilt
    w = size(kappa, asset)
    return Tilt(weight=w, since=now) if event and w else tilt
