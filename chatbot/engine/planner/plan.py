"""The planner: a snapshot and its targets become one block of orders and transfers (domain 9).

A pure function: no clock, no input or output, no chance. It calculates in rationals and writes exact decimals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatbot.engine.exact import exact, to_decimal, total
from chatbot.engine.planner.block import TO_FUTURES, TO_SPOT, Block, Config, Fees, Order, Post, Rules, Transfer, check_config, leg_order
from chatbot.engine.planner.completion import BetaGoal, Standing, complete
from chatbot.engine.planner.conversion import convert, dollar_lines, reach
from chatbot.engine.planner.futures import Sleeve, expected_fees, futures_orders, room, surplus, transfer_in, transfer_out
from chatbot.engine.planner.lines import Line, Terms, contract_lines, precap, solve_value_after_fees, spot_lines
from chatbot.engine.planner.spot import cost, proceeds, spot_buys, spot_sells
from chatbot.engine.portfolio import FUTURES, STABLE, value_of
from chatbot.engine.targets import check_targets

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


def plan(
    snapshot: Snapshot,
    targets: Targets,
    rules: Mapping[str, Rules],
    fees: Fees,
    config: Config,
    halted: AbstractSet[str] = frozenset(),
    *,
    completion: BetaGoal | None = None,
    emergency: bool = False,
    convertible: AbstractSet[str] = frozenset(),
) -> Block:
    """Plan one block: what to sell, move, buy, reduce and increase so that the portfolio stands at ``targets`` after fees.

    ``rules`` by instrument (BTC, BTC-PERP); an instrument without rules, or in ``halted``, gets no order. ``completion`` closes
    the gap in beta that the block would leave (domain 9.3); ``emergency`` puts the futures reductions first (domain 9.8). Cash that is
    ``convertible`` is sold for the quote coin as far as the block needs it; all other is spent as it is. What could not be done is said
    in ``flags``. Raises ``Refused``: non_positive_value, negative_quantity, bad_price, negative_target,
    targets_sum, missing_target, missing_price, bad_parameter.
    """
    w = value_of(snapshot)
    check_targets(targets)
    check_config(config, fees)
    flags: set[str] = set()
    spot = spot_lines(snapshot, targets, rules, halted)
    book = contract_lines(snapshot, targets, rules, halted)
    scale = precap(targets, config)
    if scale < 1:
        flags.add("cap_scaled")
        book = [replace(c, target=c.target * scale) for c in book]
    terms = solve_value_after_fees(exact(w.value), spot, book, fees, config)
    sleeve = Sleeve(
        W=exact(snapshot.wallet),
        E=exact(w.equity),
        target=exact(targets.collateral),
        fees=expected_fees(book, terms),
    )
    dollars = dollar_lines(snapshot, rules, convertible)
    legs = _legs(spot, book, sleeve, exact(w.cash) - exact(config.cash_buffer), dollars, terms, flags)
    if completion is not None:
        after = _standing(legs, spot, book, sleeve.E, exact(w.cash), terms)
        underlying = {p.contract: p.asset for p in snapshot.positions}
        legs = replace(legs, futures=complete(completion, legs.futures, book, after, underlying, terms, flags))
    after = _standing(legs, spot, book, sleeve.E, exact(w.cash), terms)
    return _block(legs, after, {c.instrument: c.price for c in book}, terms, flags, emergency=emergency)


def _legs(spot: list[Line], book: list[Line], sleeve: Sleeve, cash: Fraction, dollars: list[Line], terms: Terms, flags: set[str]) -> _Legs:
    """Write the legs in the order of domain 9.8; ``cash`` is what may be spent before the first, ``dollars`` what of it is converted."""
    by_name = {line.instrument: line for line in spot}
    T = surplus(sleeve, terms)
    sells = spot_sells(spot, terms, flags)
    out = transfer_out(T, sleeve, book, terms, flags) if T < 0 else exact(0)
    cash += proceeds(sells, by_name, terms) + out
    unconverted = total(line.value for line in dollars)
    cash += reach(dollars, terms) - unconverted
    buys = spot_buys(spot, cash, terms, flags)
    cash -= cost(buys, by_name, terms)
    into = transfer_in(T, cash, flags) if T > 0 else exact(0)
    short = reach(dollars, terms) - (cash - into)
    spot_after = total(qty * by_name[asset].price for asset, qty in _after(spot, [*sells, *buys]).items())
    R = room(book, spot_after, sleeve.E + into - out - sleeve.fees, terms)
    return _Legs(
        sells=sells,
        buys=buys,
        conversions=convert(dollars, short, terms),
        futures=futures_orders(book, R, terms, flags),
        out=out,
        into=into,
    )


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


def _block(legs: _Legs, after: Standing, marks: Mapping[str, Fraction], terms: Terms, flags: set[str], *, emergency: bool) -> Block:
    """Put the block together and say what it leads to."""
    transfers = [
        Transfer(direction=direction, amount=to_decimal(amount))
        for direction, amount in ((TO_SPOT, legs.out), (TO_FUTURES, legs.into))
        if amount
    ]
    order = leg_order(emergency=emergency)
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
        emergency=emergency,
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
