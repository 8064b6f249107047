"""Active triggers folded into effective targets, in the order that matters (domain 9.2).

Legend: t spot weight, f exposure of a contract, L sum of longs, S sum of shorts (above 0), net = L - S.
Every risk-reducing step may be repeated in any order; the step that adds risk (low funding) comes before all but the volatility cut
and is dropped when any risk-off trigger is active, and so are the tilts, which come last.
"""

from __future__ import annotations

from dataclasses import field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, exact, to_decimal, total
from chatbot.engine.portfolio import FUTURES, INDEX, STABLE, prior_beta
from chatbot.engine.presets import check_weights
from chatbot.engine.triggers.fear_greed import BookPosition, neutralise_book
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

    from chatbot.engine.targets import Targets

FG_MODES = ("book", "portfolio", "beta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """An active volatility spike of one asset (domain 5.3)."""

    asset: str
    #: largest weight of the asset
    cap: Decimal
    #: factor on its long contracts
    k: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """An open hedge: a signed weight added to a contract (domain 10)."""

    contract: str
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The triggers that are active now; the default is none."""

    vol: tuple[Spike, ...] = ()
    #: level f* asked for by low funding; None when that trigger is off
    funding_low_level: Decimal | None = None
    funding_high: bool = False
    #: what high funding leaves of the net long (domain 7.4: half)
    funding_high_factor: Decimal = Decimal("0.5")
    #: trim of the long futures by contract, 0 to 1
    trend: Mapping[str, Decimal] = field(default_factory=dict)
    fear_greed: bool = False
    #: book (longs = shorts), portfolio or beta (domain 8.3)
    fg_mode: str = "book"
    #: share of the spot exposure that portfolio and beta mode hedge
    coverage: Decimal = Decimal(1)
    hedge_contract: str = INDEX
    hedges: tuple[Hedge, ...] = ()
    #: bets on drifted assets that come back (domain 9.3), signed weights as of a hedge; none stands beside a risk-off trigger
    tilts: tuple[Hedge, ...] = ()
    #: capital weight that hedges move to the futures account as collateral, by asset or STABLE (domain 10.1)
    moved: Mapping[str, Decimal] = field(default_factory=dict)
    #: betas for beta mode; an asset without one takes its prior
    betas: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Effective targets, and what made them so."""

    targets: Targets
    futures_net: Decimal
    #: one entry per trigger: vol:<asset>, funding_low, funding_low:suppressed, funding_high, trend:<contract>,
    #: fear_greed:<mode>, hedge:<contract>, tilt:<contract>, tilt:suppressed
    log: tuple[str, ...]


def effective_targets(base: Targets, fold: Fold, contract_asset: Mapping[str, str]) -> Folded:
    """Fold the active triggers into the base targets (domain 9.2); capital weights still add up to 1.

    ``contract_asset`` names the underlying of each contract. Raises ``Refused``: negative_target, targets_sum, bad_parameter.
    """
    check_weights({**base.spot, STABLE: base.stable, FUTURES: base.collateral})
    _check(fold)
    log: list[str] = []
    spot = {asset: exact(t) for asset, t in base.spot.items()}
    book = {contract: exact(f) for contract, f in base.futures.items()}
    freed = _cut_spikes(spot, book, fold.vol, contract_asset, log)
    _apply_funding(book, fold, log)
    _trim(book, fold.trend, log)
    if fold.fear_greed:
        _neutralise(spot, book, fold, contract_asset)
        log.append(f"fear_greed:{fold.fg_mode}")
    for hedge in fold.hedges:
        book[hedge.contract] = book.get(hedge.contract, ZERO) + exact(hedge.weight)
        log.append(f"hedge:{hedge.contract}")
    _tilt(book, fold, log)
    stable = exact(base.stable) + freed
    taken = {name: min(exact(w), stable if name == STABLE else spot.get(name, ZERO)) for name, w in fold.moved.items()}
    for asset in taken.keys() & spot.keys():
        spot[asset] -= taken[asset]
    targets = replace(
        base,
        spot={asset: to_decimal(t) for asset, t in spot.items()},
        stable=to_decimal(stable - taken.get(STABLE, ZERO)),
        collateral=to_decimal(exact(base.collateral) + total(taken.values())),
        futures={contract: to_decimal(f) for contract, f in book.items()},
    )
    return Folded(targets=targets, futures_net=to_decimal(total(book.values())), log=tuple(log))


def _check(fold: Fold) -> None:
    in_unit = [fold.coverage, fold.funding_high_factor, *fold.trend.values(), *(spike.k for spike in fold.vol)]
    amounts = [*(spike.cap for spike in fold.vol), *fold.moved.values()]
    if fold.fg_mode not in FG_MODES or any(not 0 <= share <= 1 for share in in_unit) or any(amount < 0 for amount in amounts):
        raise Refused("bad_parameter")


def _cut_spikes(
    spot: dict[str, Fraction], book: dict[str, Fraction], spikes: Iterable[Spike], contract_asset: Mapping[str, str], log: list[str]
) -> Fraction:
    """Cap the asset's weight and scale its longs by k (step 1); return the weight that goes to STABLE."""
    freed = ZERO
    for spike in spikes:
        if spike.asset in spot:
            capped = min(spot[spike.asset], exact(spike.cap))
            freed += spot[spike.asset] - capped
            spot[spike.asset] = capped
        for contract, f in book.items():
            if f > 0 and contract_asset.get(contract) == spike.asset:
                book[contract] = f * exact(spike.k)
        log.append(f"vol:{spike.asset}")
    return freed


def _apply_funding(book: dict[str, Fraction], fold: Fold, log: list[str]) -> None:
    """Lift the net to low funding's level unless a risk-off trigger is active (step 2); cut it under high funding (step 3)."""
    net = total(book.values())
    if fold.funding_low_level is not None:
        if _is_risk_off(fold) or net <= 0:
            log.append("funding_low:suppressed")
        else:
            # this step adds risk or nothing: a level below the net must not make risk-off triggers raise it again
            _set_net(book, max(net, exact(fold.funding_low_level)))
            log.append("funding_low")
    if fold.funding_high:
        net = total(book.values())
        if net > 0:
            _set_net(book, net * exact(fold.funding_high_factor))
        log.append("funding_high")


def _is_risk_off(fold: Fold) -> bool:
    return bool(fold.vol or any(fold.trend.values()) or fold.fear_greed or fold.hedges)


def _tilt(book: dict[str, Fraction], fold: Fold, log: list[str]) -> None:
    """Add the tilts (step 7); what may add risk is left out while anything takes risk away, high funding too."""
    if fold.tilts and (_is_risk_off(fold) or fold.funding_high):
        log.append("tilt:suppressed")
        return
    for tilt in fold.tilts:
        book[tilt.contract] = book.get(tilt.contract, ZERO) + exact(tilt.weight)
        log.append(f"tilt:{tilt.contract}")


def _set_net(book: dict[str, Fraction], net: Fraction) -> None:
    """Scale the longs so that longs - shorts = ``net``; shorts stay."""
    longs = total(f for f in book.values() if f > 0)
    shorts = longs - total(book.values())
    _scale_longs(book, max(ZERO, net + shorts) / longs)


def _scale_longs(book: dict[str, Fraction], factor: Fraction) -> None:
    for contract, f in book.items():
        if f > 0:
            book[contract] = f * factor


def _trim(book: dict[str, Fraction], trims: Mapping[str, Decimal], log: list[str]) -> None:
    """Trim the longs of exhausted trends (step 4)."""
    for contract, trim in trims.items():
        if book.get(contract, ZERO) > 0:
            book[contract] *= ONE - exact(trim)
        log.append(f"trend:{contract}")


def _neutralise(spot: Mapping[str, Fraction], book: dict[str, Fraction], fold: Fold, contract_asset: Mapping[str, str]) -> None:
    """Shrink the heavier side to the lighter; portfolio and beta mode then short the spot exposure (step 5)."""
    book |= neutralise_book({contract: BookPosition(qty=f) for contract, f in book.items()})
    if fold.fg_mode == "book":
        return
    weigh = fold.fg_mode == "beta"
    exposure = total(t * (_beta(fold, asset) if weigh else ONE) for asset, t in spot.items())
    index = _beta(fold, contract_asset.get(fold.hedge_contract, "BTC")) if weigh else ONE
    if index <= 0:
        raise Refused("bad_parameter", "hedge beta")
    book[fold.hedge_contract] = book.get(fold.hedge_contract, ZERO) - exact(fold.coverage) * exposure / index


def _beta(fold: Fold, asset: str) -> Fraction:
    return exact(fold.betas[asset] if asset in fold.betas else prior_beta(asset))
