"""The planner: a snapshot and its targets become one block of orders and transfers (domain 9).

A pure function: no clock, no input or output, no chance. It calculates in rationals and writes exact decimals.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO, exact, to_decimal, total
from chatbot.engine.margin import room_after_fees
from chatbot.engine.planner.bars import within
from chatbot.engine.planner.block import TO_FUTURES, TO_SPOT, Block, Config, Fees, Order, Post, Rules, Transfer, check_config, leg_order
from chatbot.engine.planner.completion import BetaGoal, Standing, complete
from chatbot.engine.planner.conversion import convert, dollar_lines, reach
from chatbot.engine.planner.futures import (
    Sleeve,
    expected_fees,
    futures_moves,
    held_to_caps,
    lack,
    margin_need,
    off_target,
    room,
    transfer_in,
    transfer_out,
    write_orders,
)
from chatbot.engine.planner.lines import Line, Terms, contract_lines, precap, reached, solve_value_after_fees, spot_lines, worth
from chatbot.engine.planner.scope import Money, Scope, everything
from chatbot.engine.planner.spot import buys_wanted, cost, need, proceeds, spot_buys, spot_sells
from chatbot.engine.portfolio import FUTURES, STABLE, spendable, value_of
from chatbot.engine.targets import check_targets
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from fractions import Fraction

    from chatbot.engine.portfolio import Snapshot
    from chatbot.engine.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Legs:
    """The legs of a block in the making; transfers in quote."""

    sells: list[Order]
    buys: list[Order]
    #: other dollars sold for the quote coin, which the buys need
    conversions: list[Order]
    futures: list[Order]
    out: Fraction
    into: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """What a block may spend and move."""

    #: what may be spent before the first leg
    cash: Fraction
    #: what of it is converted first
    dollars: list[Line]
    #: the smallest transfer to the target collateral
    least: Fraction


def plan(
    snapshot: Snapshot,
    targets: Targets,
    rules: Mapping[str, Rules],
    fees: Fees,
    config: Config,
    halted: AbstractSet[str] = frozenset(),
    *,
    scope: Scope | None = None,
    completion: BetaGoal | None = None,
    convertible: AbstractSet[str] = frozenset(),
) -> Block:
    """Plan one block: what to sell, move, buy, reduce and increase so that the portfolio stands at ``targets`` after fees.

    ``rules`` by instrument (BTC, BTC-PERP); an instrument without rules, or in ``halted``, gets no order. ``scope`` is what the block may
    touch, and holds the caps strictly; None is everything, with the caps as they are estimated. ``completion`` closes the gap in
    beta that a block of everything would leave (domain 9.3). Dollars that are ``convertible`` are sold for the quote coin as far as the
    block needs it; other dollars are spent as they are, and a euro or a dollar off its peg is not (domain 9.5). What could not be
    done is said in ``flags``. Raises ``Refused``: non_positive_value,
    negative_quantity, bad_price, negative_target, targets_sum, missing_target, missing_price, bad_parameter.
    """
    w = value_of(snapshot)
    check_targets(targets)
    check_config(config, fees)
    flags: set[str] = set()
    V = exact(w.value)
    spot, book = spot_lines(snapshot, targets, rules, halted), contract_lines(snapshot, targets, rules, halted)
    of_block = everything((line.instrument for line in spot), (c.instrument for c in book)) if scope is None else scope
    spot, book = reached(spot, of_block.spot, V, config), reached(book, of_block.futures, V, config)
    scale = precap(targets, config)
    if scale < 1:
        flags |= {"cap_scaled"} if any(c.in_scope for c in book) else set()
        book = [replace(c, target=c.target * scale) for c in book]
    spot, book, terms = within(of_block, spot, book, partial(solve_value_after_fees, V, fees=fees, config=config), flags)
    sleeve = Sleeve(W=exact(snapshot.wallet), E=exact(w.equity), target=exact(targets.collateral), fees=expected_fees(book, terms))
    money = _Money(
        cash=exact(spendable(snapshot)) - exact(config.cash_buffer),
        dollars=dollar_lines(snapshot, rules, convertible),
        least=worth(of_block.least, V, config),
    )
    legs = _legs(spot, book, sleeve, money, of_block, terms, flags, strict=scope is not None)
    if completion is not None and of_block.is_whole:
        after = _standing(legs, spot, book, sleeve.E, exact(w.cash), terms)
        underlying = {p.contract: p.asset for p in snapshot.positions}
        legs = replace(legs, futures=complete(completion, legs.futures, (spot, book), after, underlying, terms, flags))
    after = _standing(legs, spot, book, sleeve.E, exact(w.cash), terms)
    return _block(legs, after, {c.instrument: c.price for c in book}, terms, flags, reductions_first=of_block.reductions_first)


def _legs(
    spot: list[Line], book: list[Line], sleeve: Sleeve, money: _Money, scope: Scope, terms: Terms, flags: set[str], *, strict: bool
) -> _Legs:
    """Write the legs in the order of domain 9.8."""
    by_name = {line.instrument: line for line in spot}
    T = off_target(sleeve, terms)
    sells = spot_sells(spot, terms, flags)
    buys_for = buys_wanted(spot, terms, flags)
    unconverted = total(line.value for line in money.dollars)
    reachable = reach(money.dollars, terms) - unconverted
    cash = money.cash + proceeds(sells, by_name, terms) + reachable
    # a buffer that the cash does not fill is no lack of buys that there are not
    missing = need(buys_for, terms) - cash if buys_for else ZERO
    out = _out(T, missing, sleeve, book, money, scope, terms, flags)
    buys = spot_buys(buys_for, cash + out, terms, flags)
    cash += out - cost(buys, by_name, terms)
    after = _after(spot, [*sells, *buys])
    spot_after = total(qty * by_name[asset].price for asset, qty in after.items())
    into = ZERO if out else _into(T, sleeve, book, spot_after, cash, money, scope, terms, flags)
    conversions = convert(money.dollars, reach(money.dollars, terms) - (cash - into), terms)
    R = room(book, spot_after, sleeve.E + into - out - sleeve.fees, terms)
    moves = futures_moves(book, R, terms, flags)
    if strict:
        spot_fees = terms.fee_spot * total(map(_dearest, (*sells, *buys, *conversions)))
        strictly = partial(_room_after, terms.V - spot_fees, spot_after, sleeve.E + into - out, terms)
        moves = held_to_caps(book, moves, tuple(scope.futures), strictly, terms, flags)
    return _Legs(sells=sells, buys=buys, conversions=conversions, futures=write_orders(book, moves, terms), out=out, into=into)


def _out(
    T: Fraction, missing: Fraction, sleeve: Sleeve, book: list[Line], money: _Money, scope: Scope, terms: Terms, flags: set[str]
) -> Fraction:
    """Return what leaves the sleeve: all that is above its target, or what buys lack of it."""
    if scope.to_spot is Money.TARGET:
        asked = -T if money.least <= -T else ZERO
    else:
        asked = lack(sleeve, missing, terms) if scope.to_spot is Money.NEED else ZERO
    return transfer_out(asked, sleeve, book, terms, flags) if asked > 0 else ZERO


def _into(
    T: Fraction,
    sleeve: Sleeve,
    book: list[Line],
    spot_after: Fraction,
    cash: Fraction,
    money: _Money,
    scope: Scope,
    terms: Terms,
    flags: set[str],
) -> Fraction:
    """Return what goes into the sleeve: all that it lacks, or what its cap asks for increases."""
    if scope.to_futures is Money.TARGET:
        asked = T if money.least <= T else ZERO
    else:
        asked = margin_need(sleeve, book, spot_after, terms) if scope.to_futures is Money.NEED else ZERO
    return transfer_in(asked, cash, flags) if asked > 0 else ZERO


def _dearest(order: Order) -> Fraction:
    """Return the notional of an order at the dearer of its price and its limit."""
    return max(exact(order.notional), exact(order.qty) * exact(order.limit))


def _room_after(V: Fraction, spot: Fraction, E: Fraction, terms: Terms, traded: Fraction) -> Fraction:
    """Return R once the futures fees of ``traded`` were paid."""
    return room_after_fees(V, spot, E, traded * terms.fee_futures, gross_cap=terms.gross_cap, sleeve_cap=terms.sleeve_cap)


def _after(lines: list[Line], orders: list[Order]) -> dict[str, Fraction]:
    """Return the quantities once ``orders`` have filled."""
    after = {line.instrument: line.held for line in lines}
    for order in orders:
        after[order.instrument] += exact(order.qty) if order.side == "buy" else -exact(order.qty)
    return after


def _standing(legs: _Legs, spot: list[Line], book: list[Line], E: Fraction, C: Fraction, terms: Terms) -> Standing:
    """Return where the legs lead when everything fills at its valuation price."""
    sold, bought, traded = (total(exact(o.notional) for o in orders) for orders in (legs.sells, legs.buys, legs.futures))
    held = _after(spot, [*legs.sells, *legs.buys])
    converted = total(exact(o.notional) for o in legs.conversions)
    return Standing(
        spot={line.instrument: held[line.instrument] * line.price for line in spot},
        held=held,
        book=_after(book, legs.futures),
        cash=C + sold - bought - (sold + bought + converted) * terms.fee_spot + legs.out - legs.into,
        E=E + legs.into - legs.out - traded * terms.fee_futures,
    )


def _block(legs: _Legs, after: Standing, marks: Mapping[str, Fraction], terms: Terms, flags: set[str], *, reductions_first: bool) -> Block:
    """Put the block together and say what it leads to."""
    transfers = [
        Transfer(direction=direction, amount=to_decimal(amount))
        for direction, amount in ((TO_SPOT, legs.out), (TO_FUTURES, legs.into))
        if amount
    ]
    order = leg_order(reductions_first=reductions_first)
    sold = sorted((*legs.sells, *legs.conversions), key=lambda o: o.instrument)
    return Block(
        # each list is in order already
        orders=tuple(sorted((*sold, *legs.buys, *legs.futures), key=lambda o: order.index(o.leg))),
        transfers=tuple(transfers),
        fees=to_decimal(terms.V - after.V),
        value_before=to_decimal(terms.V),
        value_target=to_decimal(terms.V2),
        post=_post(after, marks),
        flags=tuple(sorted(flags)),
        reductions_first=reductions_first,
    )


def _post(after: Standing, marks: Mapping[str, Fraction]) -> Post:
    """Describe the portfolio after the block."""
    V = after.V
    notionals = [after.book[contract] * mark for contract, mark in marks.items()]
    weights = {**after.spot, STABLE: after.cash, FUTURES: after.E}
    return Post(
        value=to_decimal(V),
        cash=to_decimal(after.cash),
        futures_equity=to_decimal(after.E),
        spot_qty={asset: to_decimal(qty) for asset, qty in after.held.items()},
        futures_qty={contract: to_decimal(qty) for contract, qty in after.book.items()},
        weights={line: to_decimal(value / V) for line, value in weights.items()},
        gross_exposure=to_decimal((total(after.spot.values()) + total(map(abs, notionals))) / V),
        futures_net_exposure=to_decimal(total(notionals) / V),
    )
