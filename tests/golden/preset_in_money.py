"""A preset in money, as the golden cases ask for it: a plan asks each of these questions of its own targets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, exact, to_decimal, wide
from chatbot.engine.margin import check_caps, room_at_target
from chatbot.engine.planner.block import Config
from chatbot.engine.planner.lines import precap
from chatbot.engine.portfolio import FUTURES, STABLE, leverage
from chatbot.engine.targets import Targets, check_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.presets import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class InMoney:
    """A preset in money, and whether its futures target fits under the caps."""

    dollars: Mapping[str, Decimal]
    futures_notional: Decimal
    target_gross: Decimal
    target_net: Decimal
    #: None when a notional stands on no collateral
    sleeve_leverage: Decimal | None
    #: head-room R of domain 2.4 at target
    max_futures_gross: Decimal
    #: the cap that is too small: gross_cap or sleeve_cap; None when the target fits
    binding: str | None


def in_money(preset: Preset, value: Decimal) -> InMoney:
    """Say what a preset means for a portfolio of ``value`` (domain 2.1, 2.2, 2.4).

    Raises ``Refused``: non_positive_value, negative_target, targets_sum, bad_parameter.
    """
    if value <= 0:
        raise Refused("non_positive_value")
    spot = {line: weight for line, weight in preset.weights.items() if line not in (STABLE, FUTURES)}
    collateral, net = preset.weights[FUTURES], preset.futures_net
    targets = Targets(spot=spot, stable=preset.weights[STABLE], collateral=collateral, futures={"BOOK": net})
    check_targets(targets)
    check_caps(preset.gross_cap, preset.sleeve_cap)
    with wide():
        risky = sum(spot.values(), Decimal(0))
        by_gross, by_sleeve = exact(preset.gross_cap) - exact(risky), exact(preset.sleeve_cap) * exact(collateral)
        room = room_at_target(exact(risky), exact(collateral), gross_cap=exact(preset.gross_cap), sleeve_cap=exact(preset.sleeve_cap))
        fits = precap(targets, Config(gross_cap=preset.gross_cap, sleeve_cap=preset.sleeve_cap)) == ONE
        tighter = "gross_cap" if by_gross <= by_sleeve else "sleeve_cap"
        return InMoney(
            dollars={line: weight * value for line, weight in preset.weights.items()},
            futures_notional=net * value,
            target_gross=risky + abs(net),
            target_net=risky + net,
            sleeve_leverage=leverage(abs(net), collateral),
            max_futures_gross=to_decimal(room * exact(value)),
            binding=None if fits else tighter,
        )
