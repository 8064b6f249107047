"""One portfolio ready for planning: its lines as exact rationals, and what all legs of one block share (domain 9.4)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal, total
from chatbot.engine.margin import room_at_target, scale_to_room
from chatbot.engine.planner.prices import fee_aware_value, round_price
from chatbot.engine.planner.scope import Least
from chatbot.engine.planner.smallest_trade import least_difference, threshold
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from decimal import Decimal
    from fractions import Fraction

    from chatbot.engine.planner.block import Config, Fees, Rules
    from chatbot.engine.planner.scope import CoinReach, ContractReach
    from chatbot.engine.portfolio import Snapshot
    from chatbot.engine.targets import Targets


@dataclass(frozen=True, kw_only=True)  # without slots: what follows from it is calculated once, not at each of twenty questions
class Line:
    """One instrument: a spot holding, or a contract (then ``held`` is signed and ``target`` an exposure)."""

    instrument: str
    held: Fraction
    price: Fraction
    target: Fraction
    #: None where they are unknown
    rules: Rules | None
    halted: bool = False
    #: the smallest difference that is worth its trouble here, quote
    thr: Fraction = ZERO
    #: the block may touch it, and nothing bars what it would do with it (domain 9.13)
    in_scope: bool = True

    @property
    def tradable(self) -> bool:
        """Tell whether orders are possible now; without rules none can be written."""
        return self.rules is not None and not self.halted

    @property
    def moves(self) -> bool:
        """Tell whether the block brings it to its target; everything else stays as it is, out of the equation of domain 9.4."""
        return self.in_scope and self.tradable

    @cached_property
    def value(self) -> Fraction:
        """Value of a holding, signed notional of a contract."""
        return self.held * self.price

    @cached_property
    def lot(self) -> Fraction:
        """Quantity step."""
        return ZERO if self.rules is None else exact(self.rules.lot)

    @cached_property
    def min_notional(self) -> Fraction:
        """Smallest order in quote."""
        return ZERO if self.rules is None else exact(self.rules.min_notional)

    @cached_property
    def least(self) -> Fraction:
        """Return the smallest difference worth an order in it (domain 9.5)."""
        return least_difference(self.thr, min_notional=self.min_notional, lot=self.lot, price=self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all legs share. V value before, V2 value after fees (V')."""

    V: Fraction
    V2: Fraction
    fee_spot: Fraction
    fee_futures: Fraction
    gross_cap: Fraction
    sleeve_cap: Fraction
    offset_bps: Decimal
    style: str

    def limit(self, line: Line, side: str) -> Decimal:
        """Return the limit price of an order in ``line``."""
        if line.rules is None:
            raise Refused("bad_parameter", line.instrument)
        style = "marketable" if line.rules.takes else self.style
        return round_price(to_decimal(line.price), side, line.rules.tick, self.offset_bps, style)


def spot_lines(snapshot: Snapshot, targets: Targets, rules: Mapping[str, Rules], halted: AbstractSet[str]) -> list[Line]:
    """Return the spot lines, alphabetical, split holdings joined. Raises ``Refused``: missing_target, missing_price."""
    held: dict[str, Fraction] = {}
    prices: dict[str, Fraction] = {}
    for h in snapshot.spot:
        held[h.asset] = held.get(h.asset, ZERO) + exact(h.qty)
        prices.setdefault(h.asset, exact(h.price))
    return _lines(held, prices, targets.spot, rules, halted)


def contract_lines(snapshot: Snapshot, targets: Targets, rules: Mapping[str, Rules], halted: AbstractSet[str]) -> list[Line]:
    """Return the contracts, alphabetical, split positions joined. Raises ``Refused``: missing_target, missing_price."""
    held: dict[str, Fraction] = {}
    marks: dict[str, Fraction] = {}
    for p in snapshot.positions:
        held[p.contract] = held.get(p.contract, ZERO) + exact(p.qty)
        marks.setdefault(p.contract, exact(p.mark))
    return _lines(held, marks, targets.futures, rules, halted)


def _lines(
    held: Mapping[str, Fraction],
    prices: Mapping[str, Fraction],
    targets: Mapping[str, Decimal],
    rules: Mapping[str, Rules],
    halted: AbstractSet[str],
) -> list[Line]:
    """Join what is held with what is wanted; a forgotten target is refused, never read as 0."""
    lines = []
    for instrument in sorted(held.keys() | targets.keys()):
        if instrument not in targets and held[instrument]:
            raise Refused("missing_target", instrument)
        target = exact(targets.get(instrument, 0))
        if instrument not in prices:
            if target:
                raise Refused("missing_price", instrument)
            continue
        rule = rules.get(instrument)
        if rule is not None and (rule.tick <= 0 or rule.lot <= 0 or rule.min_notional < 0):
            raise Refused("bad_parameter", instrument)
        quantity, price = held[instrument], prices[instrument]
        lines.append(Line(instrument=instrument, held=quantity, price=price, target=target, rules=rule, halted=instrument in halted))
    return lines


def reached(lines: Iterable[Line], reach: Mapping[str, CoinReach] | Mapping[str, ContractReach], V: Fraction, config: Config) -> list[Line]:
    """Return the lines with what the block may touch marked, and from what difference on (domain 9.5, 9.13)."""
    found = []
    for line in lines:
        own = reach.get(line.instrument)
        least = Least.OTHER if own is None else own.least
        found.append(replace(line, in_scope=own is not None, thr=worth(least, V, config)))
    return found


def worth(least: Least, V: Fraction, config: Config) -> Fraction:
    """Return what a difference must come to, quote, before the instrument's own rules are looked at."""
    if least is Least.ANY:
        return ZERO
    return threshold(V, config.min_trade, config.min_trade_bps if least is Least.NAMED else config.min_trade_bps_other)


def precap(targets: Targets, config: Config) -> Fraction:
    """Return the factor that brings the futures weights under the caps at target (domain 2.4 with V = 1)."""
    spot = total(exact(t) for t in targets.spot.values())
    R = room_at_target(spot, exact(targets.collateral), gross_cap=exact(config.gross_cap), sleeve_cap=exact(config.sleeve_cap))
    return scale_to_room({contract: exact(f) for contract, f in targets.futures.items()}, R)


def solve_value_after_fees(V: Fraction, spot: list[Line], book: list[Line], fees: Fees, config: Config) -> Terms:
    """Solve for the value after fees (domain 9.4)."""
    fee_spot, fee_futures = exact(fees.spot), exact(fees.futures)
    V2 = V
    if config.fee_aware:
        # what is not traded costs nothing
        sides = [[(line.target, line.value) for line in lines if line.moves] for lines in (spot, book)]
        V2 = fee_aware_value(V, sides[0], sides[1], fee_spot, fee_futures)
    return Terms(
        V=V,
        V2=V2,
        fee_spot=fee_spot,
        fee_futures=fee_futures,
        gross_cap=exact(config.gross_cap),
        sleeve_cap=exact(config.sleeve_cap),
        offset_bps=config.offset_bps,
        style=config.style,
    )
