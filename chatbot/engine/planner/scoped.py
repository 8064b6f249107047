"""The planner as production calls it: a block that touches what its causes name, with the caps held strictly (domain 9.13, 2.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.margin import cap_futures
from chatbot.engine.planner.plan import plan
from chatbot.engine.planner.scope import BlockCause, flat, scope_block
from chatbot.engine.portfolio import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from chatbot.engine.planner.block import Block, Config, Fees, Rules
    from chatbot.engine.planner.completion import BetaGoal
    from chatbot.engine.portfolio import Snapshot
    from chatbot.engine.targets import Targets

#: causes whose legs are made elsewhere: those of a hedge, and new money
_LEGS_OF_THEIR_OWN = ("hedge", "new_money")


def scoped_plan(
    snapshot: Snapshot,
    targets: Targets,
    rules: Mapping[str, Rules],
    fees: Fees,
    config: Config,
    halted: AbstractSet[str] = frozenset(),
    *,
    causes: Sequence[BlockCause],
    lines: Mapping[str, AbstractSet[str]] | None = None,
    moved: AbstractSet[str] = frozenset(),
    outside: AbstractSet[str] = frozenset(),
    started: bool = True,
    completion: BetaGoal | None = None,
    convertible: AbstractSet[str] = frozenset(),
) -> Block:
    """Plan one block that touches what its causes name and nothing else (domain 9.13); the caps hold strictly (domain 2.4).

    ``lines`` names the lines of each coin, its bucket where it is None. A book above its room makes margin one of the causes. For the
    rest see :func:`plan` and :func:`scope_block`.
    """
    if any(cause.kind in _LEGS_OF_THEIR_OWN for cause in flat(causes)):
        raise Refused("bad_parameter", "legs of their own")
    if stands_above_room(snapshot, config):
        causes = (*causes, BlockCause(kind="margin"))
    scope = scope_block(
        causes,
        coins={h.asset: {h.bucket} for h in snapshot.spot} if lines is None else lines,
        contracts={p.contract: p.asset for p in snapshot.positions},
        moved=moved,
        outside=outside,
        started=started,
    )
    return plan(snapshot, targets, rules, fees, config, halted, scope=scope, completion=completion, convertible=convertible)


def stands_above_room(snapshot: Snapshot, config: Config) -> bool:
    """Tell whether the book as it stands breaks a cap; raises ``Refused`` as :func:`value_of` does."""
    w = value_of(snapshot)
    caps = {"gross_cap": config.gross_cap, "sleeve_cap": config.sleeve_cap}
    R = cap_futures(value=w.value, spot_risky=w.spot, futures_equity=w.equity, desired={}, **caps).room
    return sum((abs(notional) for notional in w.book.values()), Decimal(0)) > R
