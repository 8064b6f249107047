"""The mix that a plan is about to reach: it stands on the plan, and is remembered from its confirmation on (domain 2.3).

Legend: q* intended quantity, x destination of a bucket, V' value after fees, P price.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.exact import exact, to_decimal
from chatbot.engine.targets import intended_quantities, left_out
from chatbot.model import LegState
from chatbot.portfolio import targets as targeting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.engine.targets import Targets
    from chatbot.model import Leg, Plan
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.targets import Mix

#: so many digits tell a coin in its lots, and a plan stays readable
_DIGITS = Context(prec=20)
#: where it stands among the targets of a plan
_KEY = "mix"


def on_plan(evaluation: Evaluation, targets: Targets, value_after: Decimal, legs: Iterable[Leg]) -> dict[str, Any]:
    """Return what stands on a plan, as plain JSON: by line, of every coin of it, its q* and what is held of it now.

    Only of the lines that the plan touches. Targets are ``targets`` before the fold: a coin that a spike holds down keeps its own share.
    """
    held, now, strategy = evaluation.held, evaluation.effective, evaluation.portfolio.strategy
    if held is None or now is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    own = targeting.base_targets(held, strategy, evaluation.layers).spot
    prices = {holding.asset: holding.price for holding in held.snapshot.spot}
    lines = {strategy.line_of(leg.instrument) for leg in legs if leg.instrument in own}
    found: dict[str, dict[str, list[str]]] = {}
    for line in sorted(lines):
        coins = [coin for coin in own if strategy.line_of(coin) == line]
        base, folded, goal = (
            sum(map(exact, (spot.get(coin, Decimal(0)) for coin in coins))) for spot in (own, now.targets.spot, targets.spot)
        )
        if len(coins) == 1 or not base:
            continue
        x = goal * base / folded if folded else base
        meant = intended_quantities({coin: exact(own[coin]) / base for coin in coins}, x * exact(value_after), prices)
        found[line] = {
            coin: [str(_DIGITS.plus(to_decimal(qty))), str(_DIGITS.plus(held.by_asset[coin] / prices[coin]))] for coin, qty in meant.items()
        }
    return {_KEY: found} if found else {}


def confirmed(before: Mix, plan: Plan, *, alone: bool = False) -> Mix:
    """Return what is remembered once a plan is confirmed.

    A coin whose leg its person left out is meant as it is held; what the bot left out ``alone`` was nobody's decision about a coin.
    """
    unwanted = {leg.instrument: leg.sells for leg in plan.legs if leg.state is LegState.DROPPED and not leg.note and not alone}
    written: Mapping[str, Mapping[str, list[str]]] = plan.targets.get(_KEY, {})
    return {
        **before,
        **{
            line: {coin: _meant(Decimal(qty), Decimal(here), unwanted.get(coin)) for coin, (qty, here) in coins.items()}
            for line, coins in written.items()
        },
    }


def _meant(planned: Decimal, held: Decimal, sale: bool | None) -> Decimal:
    """Return what is meant of a coin whose ``sale`` (True) or purchase (False) was left out; None: neither."""
    return planned if sale is None else left_out(planned, held, sale=sale)
