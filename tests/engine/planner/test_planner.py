"""The planner in situations that have a name: halted, short of cash, locked by margin, too small, bankrupt, refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, getcontext, localcontext

import pytest

from chatbot.engine.errors import Refused
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.plan import plan
from chatbot.engine.planner.prices import round_price
from chatbot.engine.planner.scope import BlockCause
from chatbot.engine.planner.scoped import scoped_plan
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot
from chatbot.engine.targets import Targets, split

D = Decimal
PRICES = {"BTC": D(60_000), "ETH": D(3_000), "SOL": D(150)}
RULES = {
    "BTC": Rules(tick=D("0.01"), lot=D("0.00001"), min_notional=D(5)),
    "ETH": Rules(tick=D("0.01"), lot=D("0.0001"), min_notional=D(5)),
    "SOL": Rules(tick=D("0.01"), lot=D("0.001"), min_notional=D(5)),
    "BTC-PERP": Rules(tick=D("0.1"), lot=D("0.001"), min_notional=D(100)),
}
CONFIG = Config(gross_cap=D(1), sleeve_cap=D(2))


def owned(text: str, *, wallet: str = "0", perp: str = "0", entry: str = "60000") -> Snapshot:
    """Read "0.5 BTC, 900 USDT"; the perpetual is BTC's."""
    rows = [(D(qty), name) for qty, name in (part.split() for part in text.split(", "))]
    return Snapshot(
        spot=tuple(Holding(asset=name, qty=qty, price=PRICES[name]) for qty, name in rows if name in PRICES),
        cash=tuple(Cash(asset=name, qty=qty) for qty, name in rows if name not in PRICES),
        wallet=D(wallet),
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=D(perp), entry=D(entry), mark=PRICES["BTC"]),),
    )


def wanted(text: str, *, perp: str = "0") -> Targets:
    """Read "BTC 30, STABLE 60, FUTURES 10" in per cent; the perpetual's exposure as a fraction."""
    rows = {name: D(per_cent) / 100 for name, per_cent in (part.split() for part in text.split(", "))}
    stable, collateral = rows.pop("STABLE", D(0)), rows.pop("FUTURES", D(0))
    return Targets(spot=rows, stable=stable, collateral=collateral, futures={"BTC-PERP": D(perp)})


def run(snapshot: Snapshot, targets: Targets, config: Config = CONFIG, *halted: str, fees: Fees | None = None) -> Block:
    return plan(snapshot, targets, RULES, fees or Fees(), config, frozenset(halted))


def orders(block: Block) -> list[str]:
    """Write orders as "sell 0.1 BTC"."""
    return [f"{o.side} {o.qty} {o.instrument}" for o in block.orders]


def test_a_halted_asset_waits_and_the_buys_take_what_cash_there_is() -> None:
    """BTC cannot be sold, so the buy shrinks to the cash; both are said."""
    block = run(owned("1 BTC, 0 ETH, 6000 USDT"), wanted("BTC 50, ETH 50"), CONFIG, "BTC")
    assert orders(block) == ["buy 2 ETH"]
    assert block.flags == ("cash_limited", "halted:BTC")


def test_a_halted_asset_on_target_is_not_worth_a_word() -> None:
    """Halting matters only where there would have been an order."""
    block = run(owned("1 BTC, 60000 USDT"), wanted("BTC 50, STABLE 50"), CONFIG, "BTC", "BTC-PERP")
    assert (block.orders, block.flags) == ((), ())


def test_a_halted_contract_keeps_its_share_of_the_room() -> None:
    """What is held in a halted contract is not available to the others, and its own close is flagged."""
    rules = {**RULES, "ETH-PERP": Rules(tick=D("0.01"), lot=D("0.01"), min_notional=D(20))}
    snapshot = owned("100000 USDT", wallet="10000", perp="0.2")
    eth = Position(contract="ETH-PERP", asset="ETH", qty=D(0), entry=D(0), mark=D(3_000))
    snapshot = replace(snapshot, positions=(*snapshot.positions, eth))
    targets = Targets(spot={}, stable=D("0.9"), collateral=D("0.1"), futures={"BTC-PERP": D(0), "ETH-PERP": D("0.2")})
    block = plan(snapshot, targets, rules, Fees(), CONFIG, frozenset({"BTC-PERP"}))
    # sleeve 11 000 x 2 = 22 000, of which 12 000 stand in BTC
    assert orders(block) == ["buy 3.33 ETH-PERP"]
    assert block.flags == ("cap_scaled", "halted:BTC-PERP")


def test_an_exit_sells_everything_down_to_the_lot() -> None:
    """A target of 0 needs only the exchange's minimum and leaves less than a lot."""
    block = run(owned("0.0001239 BTC, 100000 USDT"), wanted("BTC 0, STABLE 100"))
    assert orders(block) == ["sell 0.00012 BTC"]


def test_dust_stays_and_is_no_failure() -> None:
    """An exit below the exchange's minimum is left alone without a flag."""
    block = run(owned("0.00005 BTC, 100000 USDT"), wanted("BTC 0, STABLE 100"))
    assert (block.orders, block.flags) == ((), ())
    assert block.post.weights["BTC"] > 0


def test_an_order_that_rounds_below_the_minimum_is_dropped_and_said() -> None:
    """A difference above the threshold may still round down to less than the exchange takes."""
    rules = {**RULES, "ETH": Rules(tick=D("0.01"), lot=D("0.01"), min_notional=D(50))}
    config = replace(CONFIG, min_trade=D(1), min_trade_bps=D(0))
    block = plan(owned("0 ETH, 1000 USDT"), wanted("ETH 5.5, STABLE 94.5"), rules, Fees(), config)
    assert (block.orders, block.flags) == ((), ("below_minimum:ETH",))


def test_a_marketable_sale_counts_its_limit_against_the_minimum() -> None:
    """The exchange looks at the limit, so the lower of price and limit decides."""
    config = Config(gross_cap=D(1), sleeve_cap=D(2), style="marketable", offset_bps=D(100), min_trade=D(0), min_trade_bps=D(0))
    rules = {"ETH": Rules(tick=D("0.01"), lot=D("0.001"), min_notional=D(30))}
    snapshot = Snapshot(spot=(Holding(asset="ETH", qty=D("0.01"), price=D(3_000)),), cash=(Cash(asset="USDT", qty=D(30)),))
    block = plan(snapshot, Targets(spot={"ETH": D(0)}, stable=D(1), collateral=D(0)), rules, Fees(), config)
    assert (block.orders, block.flags) == ((), ("below_minimum:ETH",))


def test_the_buffer_is_not_spent_and_collateral_takes_what_is_left() -> None:
    """Buys come before collateral; both stop at the buffer."""
    config = replace(CONFIG, cash_buffer=D(1_000))
    block = run(owned("0 ETH, 10000 USDT"), wanted("ETH 60, FUTURES 40"), config)
    assert orders(block) == ["buy 2 ETH"]
    assert [(t.direction, t.amount) for t in block.transfers] == [("to_futures", D(3_000))]
    assert block.flags == ("collateral_limited",)
    assert block.post.cash == 1_000


def test_a_buffer_larger_than_the_cash_is_filled_first() -> None:
    """Nothing is bought and nothing moved while the buffer is short."""
    block = run(owned("0 ETH, 500 USDT", wallet="100"), wanted("ETH 50, FUTURES 50"), replace(CONFIG, cash_buffer=D(1_000)))
    assert block.orders == block.transfers == ()
    assert block.flags == ("cash_limited", "collateral_limited")


@pytest.mark.parametrize(("held", "leaves"), [("0.1 BTC, 100 USDT", False), ("0.05 BTC, 100 USDT", True)])
def test_a_signal_moves_money_out_of_the_sleeve_for_buys_alone(held: str, leaves: bool) -> None:
    """The cash is below its buffer: that by itself is no need (9.13), a coin that is to be bought is."""
    release = BlockCause(kind="vol", event="release", coins=("BTC",))
    config = replace(CONFIG, cash_buffer=D(5000))
    block = scoped_plan(owned(held, wallet="20000"), wanted("BTC 20, STABLE 70, FUTURES 10"), RULES, Fees(), config, causes=(release,))
    assert bool(block.transfers) is leaves


def test_unrealised_profit_and_margin_stay_in_the_sleeve() -> None:
    """A withdrawal stops at min(W, E) less the margin in use, and the next pass takes the rest."""
    block = run(owned("90000 USDT", wallet="10000", perp="0.2", entry="50000"), wanted("STABLE 100"))
    assert orders(block) == ["sell 0.2 BTC-PERP"]
    # W 10 000 is less than E 12 000; 6 000 are margin at 2x
    assert [(t.direction, t.amount) for t in block.transfers] == [("to_spot", D(4_000))]
    assert block.flags == ("withdraw_limited",)


def test_without_equity_the_book_is_closed() -> None:
    """No equity, no room: even an odd quantity is closed exactly, whatever its target."""
    block = run(owned("100000 USDT", wallet="1000", perp="0.12345", entry="90000"), wanted("STABLE 100", perp="0.1"))
    assert orders(block) == ["sell 0.12345 BTC-PERP"]
    assert block.orders[0].reduce_only
    assert "cap_scaled" in block.flags


def test_a_flip_is_one_order_and_no_reduction() -> None:
    """Long to short goes in one order that is not reduce-only."""
    block = run(owned("90000 USDT", wallet="10000", perp="0.1"), wanted("STABLE 90, FUTURES 10", perp="-0.06"))
    assert orders(block) == ["sell 0.2 BTC-PERP"]
    assert (block.orders[0].leg, block.orders[0].reduce_only) == ("futures_increase", False)


def test_an_instrument_without_rules_is_treated_as_halted() -> None:
    """What the exchange no longer lists gets no order and a flag."""
    block = plan(owned("1 BTC, 60000 USDT"), wanted("BTC 10, STABLE 90"), {}, Fees(), CONFIG)
    assert (block.orders, block.flags) == ((), ("halted:BTC",))
    book = plan(owned("1000 USDT", wallet="1000", perp="0.01"), wanted("STABLE 50, FUTURES 50", perp="0.1"), {}, Fees(), CONFIG)
    assert (book.orders, book.flags) == ((), ("halted:BTC-PERP",))


@pytest.mark.parametrize(
    ("snapshot", "targets", "code"),
    [
        (owned("1 BTC, 0 USDT"), wanted("BTC 50, STABLE 40"), "targets_sum"),
        (owned("1 BTC, 0 USDT"), wanted("BTC 110, STABLE -10"), "negative_target"),
        (owned("1 BTC, 1 SOL"), wanted("BTC 50, STABLE 50"), "missing_target"),
        (owned("1 BTC, 0 USDT"), wanted("BTC 50, ETH 50"), "missing_price"),
        (owned("0 BTC, 0 USDT"), wanted("BTC 100"), "non_positive_value"),
        (owned("-1 BTC, 100 USDT"), wanted("BTC 100"), "negative_quantity"),
    ],
)
def test_input_that_means_nothing_is_refused(snapshot: Snapshot, targets: Targets, code: str) -> None:
    """A forgotten row, a wrong sum, a missing price or a ruined account stop the plan by name."""
    with pytest.raises(Refused) as refusal:
        run(snapshot, targets)
    assert refusal.value.code == code


def test_a_position_without_a_target_is_refused() -> None:
    """A forgotten contract is never read as "close everything"; a flat one needs no target."""
    no_book = Targets(spot={}, stable=D(1), collateral=D(0))
    with pytest.raises(Refused, match="missing_target: BTC-PERP"):
        run(owned("100 USDT", wallet="100", perp="0.1"), no_book)
    assert run(owned("100 USDT"), no_book).empty


def test_the_callers_decimal_context_does_not_matter() -> None:
    """A context of six digits changes neither plan nor price."""
    snapshot, targets = owned("0.7 BTC, 5 ETH, 18000.123456 USDT", wallet="9000"), wanted("BTC 30, ETH 20, STABLE 40, FUTURES 10")
    expected = run(snapshot, targets, fees=Fees(spot=D("0.001")))
    with localcontext() as context:
        context.prec = 6
        assert getcontext().prec == 6
        assert run(snapshot, targets, fees=Fees(spot=D("0.001"))) == expected
        assert round_price(D("60000.37"), "buy", D("0.1")) == D("59970.3")
        odd = replace(snapshot, spot=(Holding(asset="BTC", qty=D("0.7"), price=D("60000.37")), *snapshot.spot[1:]))
        assert run(odd, targets).orders[0].limit == D("60030.38")
        assert round_price(D("60000.37"), "sell", D("0.1")) == D("60030.4")


def test_a_price_below_a_tick_has_no_limit() -> None:
    """A buy that would round to 0 is refused."""
    with pytest.raises(Refused, match="bad_price"):
        round_price(D("0.004"), "buy", D("0.01"))


def test_buckets_keep_their_mix() -> None:
    """A bucket's target is shared as it is held, equally when nothing is; sums stay exact and own lines stand alone."""
    weights = {"CORE": D("0.5"), "ALT": D("0.2"), "DOT": D("0.1"), "STABLE": D("0.1"), "FUTURES": D("0.1")}
    members = {"CORE": ("BTC", "ETH"), "ALT": ("SOL", "ADA", "DOT", "XRP")}
    found = split(weights, members, {"BTC": D(2), "ETH": D(1)}, D("0.1"), {"BTC-PERP": D("0.5"), "ETH-PERP": D("0.5")})
    with localcontext() as context:
        context.prec = 60
        assert found.spot["BTC"] + found.spot["ETH"] == D("0.5")
        assert found.spot["SOL"] + found.spot["ADA"] + found.spot["XRP"] == D("0.2")
    assert round(found.spot["ETH"], 20) == round(D(1) / 6, 20)
    assert round(found.spot["SOL"], 20) == round(found.spot["XRP"], 20)
    assert (found.spot["DOT"], found.stable, found.collateral) == (D("0.1"), D("0.1"), D("0.1"))
    assert found.futures == {"BTC-PERP": D("0.05"), "ETH-PERP": D("0.05")}
