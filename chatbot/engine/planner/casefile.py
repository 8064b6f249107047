"""Plan cases as JSON: parsed into engine values, and the block written back (the `plan` cases of the golden files).

Numbers arrive as decimal strings. Quantities, limits and transfer amounts leave as exact decimal strings, everything else as
numbers of 12 significant digits.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from chatbot.engine.errors import Refused
from chatbot.engine.exact import plain
from chatbot.engine.finite import number_in
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.plan import plan
from chatbot.engine.planner.scope import BlockCause
from chatbot.engine.planner.scoped import scoped_plan
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot, default_bucket
from chatbot.engine.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_REPORT = Context(prec=12)
#: names of settings that the cases may spell otherwise
_ALIASES = {"min_trade_usd": "min_trade", "threshold_bps": "min_trade_bps"}
#: what reading a case stumbles over where its shape is another one
_STUMBLES = (KeyError, TypeError, AttributeError, ValueError, ArithmeticError)
_SETTINGS = ("gross_cap", "sleeve_cap", "offset_bps", "min_trade", "min_trade_bps", "min_trade_bps_other", "cash_buffer")


def number(raw: Any) -> Decimal:  # noqa: ANN401 - JSON holds strings and numbers
    """Read a number exactly as it is written; what is none, or beyond 10^±30, is refused. Raises ``Refused``: bad_parameter."""
    return number_in(raw)


def numbers(raw: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """Read a table of numbers; nothing is an empty table."""
    return {key: number(value) for key, value in (raw or {}).items()}


def reported(value: Decimal | None) -> float | None:
    """Round a figure to 12 significant digits for a report."""
    return None if value is None else float(value.normalize(_REPORT))


def text(value: Decimal) -> str:
    """Write an exact decimal without trailing zeros and without an exponent."""
    return format(plain(value), "f")


def snapshot(raw: Mapping[str, Any]) -> Snapshot:
    """Read a snapshot: ``spot``, ``cash`` and ``futures``, each of which may be absent."""
    futures = raw.get("futures") or {}
    return Snapshot(
        spot=tuple(
            Holding(asset=h["asset"], qty=number(h["qty"]), price=number(h["price"]), bucket=h.get("bucket") or default_bucket(h["asset"]))
            for h in raw.get("spot") or ()
            if _is_priced(h)
        ),
        cash=tuple(
            Cash(asset=c["asset"], qty=number(c["qty"]), price=number(c.get("price", 1)))
            for c in raw.get("cash") or ()
            if _is_priced({"price": 1, **c})
        ),
        wallet=number(futures.get("wallet_balance", 0)),
        positions=tuple(
            Position(
                contract=_linear(p),
                asset=p["asset"],
                qty=number(p["qty"]),
                entry=number(p.get("entry", p["mark"])),
                mark=number(p["mark"]),
            )
            for p in futures.get("positions") or ()
        ),
    )


def _is_priced(row: Mapping[str, Any]) -> bool:
    """Tell whether a row counts: one that holds nothing needs no price (domain 9.12), one that holds something does."""
    if row.get("price") is not None:
        return True
    if number(row["qty"]):
        raise Refused("missing_price", row["asset"])
    return False


def _linear(position: Mapping[str, Any]) -> str:
    """Return the contract's name; inverse contracts are refused, since their collateral is exposure too (domain 1.1)."""
    if position.get("inverse") or position.get("type") == "inverse":
        raise Refused("bad_parameter", position["contract"])
    if position.get("margin") is not None:
        number(position["margin"])  # it is inside the wallet and counts nowhere, but a number it has to be
    return str(position["contract"])


def targets(raw: Mapping[str, Any]) -> Targets:
    """Read effective targets."""
    return Targets(
        spot=numbers(raw.get("spot")),
        stable=number(raw.get("stable", 0)),
        collateral=number(raw.get("collateral", 0)),
        futures=numbers(raw.get("futures")),
    )


def config(raw: Mapping[str, Any]) -> Config:
    """Read the planner's settings."""
    named = {_ALIASES.get(key, key): value for key, value in raw.items()}
    given = {key: number(named[key]) for key in _SETTINGS if named.get(key) is not None}
    figures = {"gross_cap": Decimal(1), "sleeve_cap": Decimal(2), **given}
    return Config(**figures, style=named.get("style", "passive"), fee_aware=bool(named.get("fee_aware", True)))


def rules(raw: Mapping[str, Any]) -> dict[str, Rules]:
    """Read market rules by instrument."""
    return {
        instrument: Rules(tick=number(r["tick"]), lot=number(r["lot"]), min_notional=number(r.get("min_notional", 0)))
        for instrument, r in raw.items()
    }


def block_causes(raw: Sequence[Mapping[str, Any]]) -> tuple[BlockCause, ...]:
    """Read the causes of a block."""
    return tuple(
        BlockCause(
            kind=cause["kind"],
            event=cause.get("event") or "",
            line=cause.get("line") or "",
            coins=tuple(cause.get("coins") or cause.get("spot") or ()),
            contracts=tuple(cause.get("futures") or ()),
            trades_all=bool(cause.get("all")),
            of=block_causes(cause.get("of") or ()),
        )
        for cause in raw
    )


def run_plan(case: Mapping[str, Any]) -> dict[str, Any]:
    """Run one `plan` case: its input in, the block or ``{"error": code}`` out.

    With ``causes`` it is a `scoped_plan` case: the block touches what they name, as one that the bot proposes (domain 9.13).
    """
    try:
        return block_as_json(_planned(case))
    except Refused as refused:
        return {"error": refused.code}


def _planner(case: Mapping[str, Any]) -> Callable[..., Block]:
    if "causes" not in case:
        return plan
    return partial(
        scoped_plan,
        causes=block_causes(case["causes"]),
        moved=frozenset(case.get("moved") or ()),
        outside=frozenset(case.get("outside") or ()),
        started=bool(case.get("started", True)),
    )


def _planned(case: Mapping[str, Any]) -> Block:
    """Plan the case."""
    fees = case.get("fees") or {}
    try:
        return _planner(case)(
            snapshot(case["snapshot"]),
            targets(case["targets"]),
            rules(case.get("rules") or {}),
            Fees(spot=number(fees.get("spot", 0)), futures=number(fees.get("futures", 0))),
            config(case.get("config") or {}),
            frozenset(case.get("halted") or ()),
        )
    except Refused:
        raise
    except _STUMBLES as error:
        raise Refused("bad_parameter", f"{type(error).__name__} {error}"[:80]) from error


def block_as_json(block: Block) -> dict[str, Any]:
    """Write a block as the golden cases spell it."""
    post = block.post
    return {
        "orders": [
            {
                "leg": o.leg,
                "instrument": o.instrument,
                "side": o.side,
                "qty": text(o.qty),
                "limit": text(o.limit),
                "reduce_only": o.reduce_only,
                "notional": reported(o.notional),
            }
            for o in block.orders
        ],
        "transfers": [{"direction": t.direction, "amount": text(t.amount)} for t in block.transfers],
        "fees": reported(block.fees),
        "value_before": reported(block.value_before),
        "value_target": reported(block.value_target),
        "post": {
            "value": reported(post.value),
            "cash": reported(post.cash),
            "futures_equity": reported(post.futures_equity),
            "spot_qty": {asset: text(qty) for asset, qty in post.spot_qty.items()},
            "futures_qty": {contract: text(qty) for contract, qty in post.futures_qty.items()},
            "weights": {line: reported(weight) for line, weight in post.weights.items()},
            "gross_exposure": reported(post.gross_exposure),
            "futures_net_exposure": reported(post.futures_net_exposure),
        },
        "flags": list(block.flags),
    }
