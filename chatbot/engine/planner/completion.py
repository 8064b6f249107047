"""Beta completion: what a block could not do is made up for with the index contract, last of all (domain 9.3, 9.8).

Legend: b beta, b* its goal, b_h beta of the index contract, q position, m mark, N = q m, V and E value and futures equity once
the block has filled, R room for the sum of |N|. The gap b* - b asks for gap V / b_h more notional of the index contract.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.beta import beta_completion
from chatbot.engine.exact import ZERO, exact, to_decimal, total, trunc_to
from chatbot.engine.margin import room_after_fees
from chatbot.engine.planner.block import FUTURES_REDUCE, Order
from chatbot.engine.planner.futures import is_refused, write_order
from chatbot.engine.planner.strict_cap import rounded
from chatbot.engine.portfolio import INDEX, prior_beta
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from chatbot.engine.planner.lines import Line, Terms
    from chatbot.engine.targets import Targets

TOLERANCE = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaGoal:
    """The beta that a portfolio should have after a block, and what may bring it there."""

    #: b*, of the targets that the triggers ask for, whatever theta makes of them
    goal: Decimal
    #: by asset; one without an estimate takes its prior
    betas: Mapping[str, Decimal] = field(default_factory=dict)
    #: the contract that closes the gap
    index: str = INDEX
    #: a hedge stands in it, and is not bought back for what else could not be done: its quantity is fixed (domain 10.3)
    sells_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The portfolio once a block has filled; money in quote."""

    #: spot value by asset
    spot: Mapping[str, Fraction]
    #: quantity by asset, base units
    held: Mapping[str, Fraction]
    #: signed quantity by contract, base units
    book: Mapping[str, Fraction]
    cash: Fraction
    #: futures equity
    E: Fraction

    @property
    def V(self) -> Fraction:  # noqa: N802 - the letter of the domain
        """Value."""
        return total(self.spot.values()) + self.cash + self.E


def target_beta(targets: Targets, betas: Mapping[str, Decimal], underlying: Mapping[str, str]) -> Decimal:
    """Return b* of effective targets, sum of beta t + sum of beta f; ``underlying`` names the asset of each contract."""
    spot = total(_beta(betas, asset) * exact(t) for asset, t in targets.spot.items())
    return to_decimal(spot + total(_beta(betas, underlying[contract]) * exact(f) for contract, f in targets.futures.items()))


def complete(
    goal: BetaGoal,
    orders: list[Order],
    lines: tuple[Sequence[Line], Sequence[Line]],
    after: Standing,
    underlying: Mapping[str, str],
    terms: Terms,
    flags: set[str],
) -> list[Order]:
    """Return the futures orders of a block with the index contract's set so that beta meets its goal.

    ``after`` is where ``orders`` lead; what was too small to trade counts as done. Inside the tolerance nothing changes. Else the
    index contract's one order is written again, inside the room that the rest of the book leaves (``cap_scaled``), and none when the
    difference is not worth it. It stands last among the orders of its leg. ``beta_completion`` says that the contract goes elsewhere
    than to its own target.
    """
    _, book = lines
    line = next((c for c in book if c.instrument == goal.index), None)
    b_h = _beta(goal.betas, underlying[goal.index]) if line else ZERO
    if line is None or b_h <= 0 or after.V <= 0:
        return orders
    gap = exact(goal.goal) - _beta_of(after, goal.betas, book, underlying) - _left_alone(after, goal, lines, underlying, terms)
    if abs(gap) <= exact(TOLERANCE) or (gap > 0 and goal.sells_only):
        return orders
    if not line.tradable:
        flags.add(f"halted:{goal.index}")
        return orders
    asked = trunc_to(gap * after.V / b_h / line.price, line.lot)
    dearest = max(line.price, exact(terms.limit(line, "buy" if gap > 0 else "sell")))
    most = _most(line, book, after, abs(asked) * dearest * terms.fee_futures, terms)
    change = _sized(gap, b_h, line, after, most)
    if abs(change) < abs(asked):
        flags.add("cap_scaled")
    return _merged(line, orders, after.book[goal.index], change, most, terms, flags) if change else orders


def _beta(betas: Mapping[str, Decimal], asset: str) -> Fraction:
    return exact(betas[asset] if asset in betas else prior_beta(asset))


def _beta_of(after: Standing, betas: Mapping[str, Decimal], book: Sequence[Line], underlying: Mapping[str, str]) -> Fraction:
    spot = total(_beta(betas, asset) * value for asset, value in after.spot.items())
    futures = total(_beta(betas, underlying[c.instrument]) * after.book[c.instrument] * c.price for c in book)
    return (spot + futures) / after.V


def _left_alone(
    after: Standing, goal: BetaGoal, lines: tuple[Sequence[Line], Sequence[Line]], underlying: Mapping[str, str], terms: Terms
) -> Fraction:
    """Return the beta of what is left and not worth a trade: the block did not fail to do it.

    The index contract is not one of them: it may stand off its own target because a block before completed with it.
    """
    spot, book = lines
    rest = [(_beta(goal.betas, line.instrument), line, after.spot[line.instrument]) for line in spot]
    rest += [(_beta(goal.betas, underlying[c.instrument]), c, after.book[c.instrument] * c.price) for c in book]
    alone = [(beta, line, line.target * terms.V2 - value) for beta, line, value in rest if line.moves]
    return total(beta * off for beta, line, off in alone if abs(off) < line.least and line.instrument != goal.index) / after.V


def _most(line: Line, book: Sequence[Line], after: Standing, fees: Fraction, terms: Terms) -> Fraction:
    """Return what the index contract's |N| may be at most: R, once the completion's own fees are paid, less all other contracts."""
    R = room_after_fees(after.V, total(after.spot.values()), after.E, fees, gross_cap=terms.gross_cap, sleeve_cap=terms.sleeve_cap)
    return max(ZERO, R - total(abs(after.book[c.instrument]) * c.price for c in book if c is not line))


def _sized(gap: Fraction, b_h: Fraction, line: Line, after: Standing, most: Fraction) -> Fraction:
    """Return the signed change of the index position that closes ``gap``, in lots."""
    found = beta_completion(
        value=to_decimal(after.V),
        beta_now=to_decimal(-gap),
        beta_target=Decimal(0),
        mark=to_decimal(line.price),
        lot=to_decimal(line.lot),
        tolerance=TOLERANCE,
        hedge_beta=to_decimal(b_h),
        current_notional=to_decimal(after.book[line.instrument] * line.price),
        max_abs_notional=to_decimal(most),
    )
    return exact(found.order_qty)


def _merged(
    line: Line, orders: list[Order], planned: Fraction, change: Fraction, most: Fraction, terms: Terms, flags: set[str]
) -> list[Order]:
    """Replace the order that leads the index contract to ``planned`` by one that leads to ``planned`` + ``change``."""
    wanted = planned + change
    others = [o for o in orders if o.instrument != line.instrument]
    if abs(wanted - line.held) * line.price >= line.least:
        move = rounded(line.held, wanted, line.lot)
        if is_refused(line, move, terms):
            flags.add(f"below_minimum:{line.instrument}")
            return orders
        order = write_order(line, move, terms)
        flags.add("beta_completion")
        return sorted([*others, order], key=lambda o: (o.leg != FUTURES_REDUCE, o is order, o.instrument))
    nearer = abs(wanted - line.held) < abs(change)
    if len(others) == len(orders) or not nearer or abs(line.value) > most:
        return orders
    # the contract stands where it should, to within a trade's worth: its own target would only open the gap again
    flags.add("beta_completion")
    return others
