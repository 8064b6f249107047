"""kill -9 on the venues that take keys, with a server that lives on: its own books and its list of orders are the judge."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.live.venues import venue_named
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.faults import Faults, faults_of
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.server import Server
from chatbot.execution.transfers import WrittenTransfers
from chatbot.model import UNSETTLED, LegState, OrderState, PlanState
from chatbot.store import orders, plans, portfolios, tables
from chatbot.store.database import Database
from tests import nursery
from tests.execution import named_points as code
from tests.execution.crash_worker import WORDS, StepClock
from tests.execution.lab import PRICES
from tests.execution.live_worker import KEYS, PANIC, TAG, account_opener
from tests.execution.test_on_live_venues import ours
from tests.ready import with_tables
from tests.store.databases import postgres_or_skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.exchanges.testserver.account import Account, VenueOrder
    from chatbot.model import Plan
    from chatbot.store.orders import Attempt

WORKER = Path(__file__).with_name("live_worker.py")
DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}
SPOT = {"BTC": Decimal(1), "ETH": Decimal(5), "SOL": Decimal(80), "ADA": Decimal(4000), "USDT": Decimal(20_000)}
FUTURES, STAKE, ENTRY = Decimal(9_000), Decimal("0.25"), Decimal(52_000)
#: carried out before the first death: where there is one purse, money must have come to futures before it can go back
FIRST = "to_futures 2000"
#: the plan of the other crash matrix and its way back, so that the account stays what it is; of pairs that run side by side
BACK = (
    "sell 3000 ADA; sell 0.1 ETH; to_spot 50; buy 0.19 BTC; buy 1 ETH; to_futures 900; "
    "reduce sell 9 SOL-PERP; increase buy 0.04 BTC-PERP; increase sell 0.4 ETH-PERP"
)
MET = "quotes that are met"
#: what is traded again and again where one kind of leg is killed by itself: alone, in slices, and side by side
KINDS: dict[str, tuple[str, ...]] = {
    "spot sell": ("sell 0.01 BTC",),
    "spot buy": ("buy 0.1 ETH",),
    "transfer": ("to_futures 20", "to_spot 20"),
    "futures open": ("increase buy 0.02 ETH-PERP", "increase sell 0.02 ETH-PERP"),
    "futures reduce": ("reduce sell 0.002 BTC-PERP",),
    # the price comes to each quote on its way: it is refused, or ends at once, and what was to rest is taken
    MET: ("sell 0.01 BTC; increase buy 0.02 ETH-PERP", "buy 0.01 BTC; increase sell 0.02 ETH-PERP"),
    "slices": ("sell 0.5 BTC", "buy 0.4 BTC"),
    "panic": (
        f"{PANIC}reduce sell 0.002 BTC-PERP; increase buy 0.02 ETH-PERP",
        f"{PANIC}sell 0.01 BTC; sell 0.1 ETH; increase sell 0.02 ETH-PERP",
    ),
    "side by side": ("sell 0.01 BTC; sell 0.1 ETH; sell 500 ADA", "buy 0.01 BTC; buy 0.1 ETH"),
    "contracts side by side": (
        "increase buy 0.02 ETH-PERP; increase buy 1 SOL-PERP",
        "increase sell 0.02 ETH-PERP; increase sell 1 SOL-PERP",
    ),
}
#: what a person would notice, or wait for too long
TOO_LONG = {"revoked", "ban", "silence_before", "silence_after", "late_silence"}
CALLS = ("place", "find", "cancel", "transfer", "fills", "balances")
#: of each run at random: 1,040 in all
KILLS, SOME_KILLS = 130, 12
#: of a run that are looked at: all of them
PLANS_MAX = 10_000
CENTS = Decimal("1e-8")
#: where a list lags, how an order ended is told by the next look and not by the cancel; where no bound is known, nothing is sent again
NEVER: dict[str, set[str]] = {"binance": set(), "bybit": {"cancelled"}, "bingx": set(), "mexc": set(), "weex": {"resent"}}
#: where rows are written that need more than one plan and its person, and what is killed there
ELSEWHERE = {
    "executor.give_up": "tests/execution/test_halt.py",
    "executor._shut_out": "tests/execution/test_recovery.py: the key is dead, nobody can ask any more",
    "recovery._revive": "tests/execution/test_recovery.py: broken work is parked",
    "comparing._compare": "tests/execution/test_comparing.py: after the plan",
    "comparing._correct": "tests/execution/test_comparing.py: after the plan",
}
#: the key doctor's, and the accounts'; and where one purse is for both, a transfer is a line in our books
NOT_ASKED: dict[str, set[str]] = {
    "binance": {"check", "history"},
    "bybit": {"check", "history", "transfer", "transfers"},
    "bingx": {"check", "history"},
    "mexc": {"check", "history"},
    # its person moves money
    "weex": {"check", "history", "transfer"},
}


@dataclass(slots=True)
class Ended:
    """What is there when everything is over."""

    db: Database
    server: Server
    plans: Sequence[Plan]
    attempts: Sequence[Attempt]

    @property
    def account(self) -> Account:
        """The account at the server."""
        return self.server.venue.accounts["key"]

    @property
    def transfers(self) -> list[Attempt]:
        """Transfers that were done, by the journal."""
        return [one for one in self.attempts if one.limit is None and one.state is OrderState.FILLED]


def lost(ended: Ended) -> list[str]:
    """Return what the journal has and the server has not, or not so."""
    theirs = {ours(one.client_id).removeprefix(f"{TAG}-"): one for one in ended.account.orders}
    wrong = [one.client_id for one in ended.attempts if one.state in UNSETTLED]
    sent = [one for one in ended.attempts if one.limit is not None]
    wrong += [f"{one} {theirs.get(one.client_id)}" for one in sent if _of(theirs.get(one.client_id)) != (one.filled, one.average)]
    for plan in ended.plans:
        wrong += [f"{leg}" for leg in plan.legs if leg.state is not LegState.FILLED and not leg.note]
        for leg in plan.legs:
            filled = [order.filled for name, order in theirs.items() if name.startswith(f"b{plan.id}-{leg.index}-")]
            if not leg.is_transfer and sum(filled, Decimal(0)) != leg.filled:
                wrong.append(f"{leg} {filled}")
    return wrong


def _of(order: VenueOrder | None) -> tuple[Decimal, Decimal | None]:
    return (Decimal(0), None) if order is None else (order.filled, order.average if order.fills else None)


def doubled(ended: Ended) -> list[str]:
    """Return what the server has twice, or that nobody wanted, or too much of."""
    ids = Counter(ours(one.client_id) for one in ended.account.orders)
    known = {f"{TAG}-{one.client_id}" for one in ended.attempts}
    wrong = [name for name, times in ids.items() if times > 1 or name not in known]
    wrong += [f"{leg}" for plan in ended.plans for leg in plan.legs if leg.filled > leg.qty]
    if not ended.server.venue.traits.one_wallet:
        wanted = Counter((one.side, one.qty) for one in ended.transfers)
        theirs = Counter(("to_futures" if one.target is Wallet.FUTURES else "to_spot", one.amount) for one in ended.account.moved)
        # what its person has moved may have come too late for its plan
        more = theirs - wanted if venue_named(ended.server.dialect.name).moves_money else Counter()
        wrong += [f"transfer {one}" for one in ((wanted - theirs) + more).elements()]
    return wrong


def books(ended: Ended) -> dict[str, Decimal]:
    """Return what must be there by the journal alone, but for the fees and profits that only the server can know."""
    theirs = {ours(one.client_id).removeprefix(f"{TAG}-"): one for one in ended.account.orders}
    held = {**SPOT, "futures": FUTURES, "BTC-PERP": STAKE}
    for one in ended.attempts:
        way = 1 if one.side == "buy" else -1
        money = "futures" if is_perp(one.instrument) else "USDT"
        if one.limit is None:
            continue
        held[one.instrument] = held.get(one.instrument, Decimal(0)) + way * one.filled
        if money == "USDT":
            held["USDT"] -= way * one.filled * (one.average or 0)
        for fill in theirs[one.client_id].fills if one.filled else ():
            paid = money if fill.fee_asset == "USDT" else fill.fee_asset
            held[paid] += (fill.realised if money == "futures" else 0) - fill.fee
    for way, qty in _moved(ended):
        held["USDT"] -= way * qty
        held["futures"] += way * qty
    held["futures"] += sum((one.amount for one in ended.account.income if one.kind == "FUNDING_FEE"), Decimal(0))
    return {name: amount.quantize(CENTS) for name, amount in held.items()}


def _moved(ended: Ended) -> list[tuple[int, Decimal]]:
    """Return what came to futures, above 0, and went from there: by the journal, or by the server where its person moved it."""
    if venue_named(ended.server.dialect.name).moves_money:
        return [(1 if one.side == "to_futures" else -1, one.qty) for one in ended.transfers]
    return [(1 if one.target is Wallet.FUTURES else -1, one.amount) for one in ended.account.moved]


def at_server(ended: Ended) -> dict[str, Decimal]:
    """Return what the server's own ledger says."""
    ledger, account = ended.server.venue.ledger, ended.account
    held = ledger.all_of(account.purse(Wallet.SPOT)) | {"futures": ledger.held(account.purse(Wallet.FUTURES), "USDT")}
    return {name: amount.quantize(CENTS) for name, amount in (held | {name: stake.qty for name, _, stake in account.held()}).items()}


async def looked_at(ended: Ended, folder: Path) -> dict[str, Decimal]:
    """Return what a process that starts now sees of the account, with both wallets as our own books have them."""
    clock = StepClock(folder)
    await clock.sleep(60)
    accounts = account_opener(clock, json.loads((folder / "venue.json").read_text(encoding="utf-8")))
    name = ended.server.dialect.name
    account = accounts.account(name, KEYS, tag=TAG, journal=WrittenTransfers(ended.db, ended.plans[0].portfolio_id))
    balances, positions = await account.balances(), await account.positions()
    await accounts.close()
    held = {**balances.spot, "futures": balances.futures_wallet, **{one.instrument: one.qty for one in positions}}
    return {name: amount.quantize(CENTS) for name, amount in held.items()}


def one_purse(ended: Ended, held: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return amounts without those that are none, the wallets in one where the venue knows one alone."""
    held = dict(held)
    if ended.server.venue.traits.one_wallet:
        held["USDT"] += held.pop("futures")
    return {name: amount for name, amount in held.items() if amount}


async def carried_out(
    venue: str,
    folder: Path,
    url: str,
    fineness: str = "",
    kills: int = 0,
    seed: int = 0,
    *,
    faulty: bool = False,
    leg: str = "",
) -> int:
    """Let a process die and start again beside a server that lives on, then let the server judge; return how many faults it had.

    With a ``leg`` this kind alone is traded, and waiting saves fees on spot as well, where the venue's rules tell of it.
    """
    clock, chance = StepClock(folder), random.Random(seed)
    async with Server(DIALECTS[venue], clock) as server:
        for asset, price in PRICES.items():
            server.venue.move(asset, price)
        server.venue.open_account("key", "secret", SPOT, FUTURES).stake("BTC-PERP").trade(STAKE, ENTRY)
        server.venue.halt("SOL")
        if leg:
            server.venue.harshness = Harshness(meets_quotes=leg == MET)
            spot = [market for name, market in server.venue.markets.items() if not is_perp(name)]
            server.venue.list_market(*(replace(market, maker_fee=market.taker_fee / 2) for market in spot))
        told = {"name": venue, "options": server.options(), "url": url, "words": [FIRST, *(KINDS[leg] if leg else (WORDS, BACK))]}
        (folder / "venue.json").write_text(json.dumps(told), encoding="utf-8")
        with (folder / "said").open("w+b") as out:
            arguments = str(folder), fineness, str(kills), str(seed)
            child = nursery.start(*arguments, env=os.environ, cwd=folder, stdout=out, stderr=out, file=WORKER)
            faults, asked = 0, Asked(server, Database(url))
            while child.returncode is None:
                await asyncio.sleep(0.05)
                faults += _trouble(server, chance, faulty=faulty)
                await asked.do()
            await asked.db.close()
            out.seek(0)
            assert child.returncode == 0, out.read()[-6000:].decode()
        db = Database(url)
        async with db.read() as tx:
            stored = await plans.plans(tx, 1, PLANS_MAX)
            attempts = [one for plan in stored for one in await orders.orders(tx, plan.id)]
            told_of = Counter(row.facts["plan_id"] for row in await tx.execute(tables.outbox.select()) if row.kind == "plan_result")
        ended = Ended(db, server, stored, attempts)
        assert {plan.state for plan in stored} == {PlanState.DONE}
        assert told_of == {plan.id: 1 for plan in stored}
        assert not ended.account.open_orders
        died = kills + len(died_at(folder))
        wrong = f"{len(lost(ended))} lost, {len(doubled(ended))} doubled"
        figures = f"{died} kills, {len(stored)} plans, {len(attempts)} orders, {faults} faults"
        print(f"{venue} on {url.partition('+')[0].partition(':')[0]}: {figures}: {wrong}")  # noqa: T201 - the figures
        assert (lost(ended), doubled(ended)) == ([], [])
        assert one_purse(ended, books(ended)) == one_purse(ended, at_server(ended))
        server.faults = Faults()  # those that nobody has met yet
        seen = await looked_at(ended, folder)
        assert one_purse(ended, seen) == one_purse(ended, at_server(ended))
        if ended.server.venue.traits.one_wallet:
            async with db.read() as tx:
                brought = await portfolios.brought(tx, 1)
            assert brought in (0, STAKE * ENTRY), "what was held before anything was moved counts once, with what it was worth"
            moved = sum((one.qty if one.side == "to_futures" else -one.qty for one in ended.transfers), Decimal(0))
            assert seen["futures"] == moved + brought
        await db.close()
        return faults


@dataclass(slots=True)
class Asked:
    """Somebody who moves money wherever a plan waits for it, once, at a venue where nobody else can."""

    server: Server
    db: Database
    done: set[str] = field(default_factory=set)

    async def do(self) -> None:
        """Do what was asked since the last time."""
        if venue_named(self.server.dialect.name).moves_money:
            return
        async with self.db.read() as tx:
            waiting = await orders.parked_transfers(tx)
            asked = [one for plan_id in waiting for one in await orders.orders(tx, plan_id) if one.limit is None]
        for one in asked:
            if one.state is OrderState.UNKNOWN and one.client_id not in self.done:
                self.done.add(one.client_id)
                ways = (Wallet.SPOT, Wallet.FUTURES) if one.side == "to_futures" else (Wallet.FUTURES, Wallet.SPOT)
                self.server.venue.transfer(self.server.venue.accounts["key"], *ways, "USDT", one.qty)


def died_at(folder: Path) -> list[str]:
    """Return the points at which a process has died, each once."""
    place = folder / "died"
    return place.read_text(encoding="utf-8").splitlines() if place.exists() else []


def _trouble(server: Server, chance: random.Random, *, faulty: bool) -> bool:
    """Let prices move a little, and something go wrong now and then."""
    for asset, price in PRICES.items():
        server.venue.move(asset, price * Decimal(chance.randint(9_993, 10_007)) / 10_000)
    if not faulty or server.faults.left or chance.random() > 0.3:
        return False
    call = chance.choice(CALLS)
    server.faults.add(call=call, fault=chance.choice([fault for fault in faults_of(call) if fault not in TOO_LONG]))
    return True


async def database(kind: str, folder: Path) -> str:
    """Return the address of a new database with its tables."""
    if kind == "postgresql":
        return await postgres_or_skip().copy()
    await with_tables(folder / "lab.db")
    return f"sqlite+aiosqlite:///{folder / 'lab.db'}"


@pytest.mark.slow
@pytest.mark.parametrize("venue", DIALECTS)
async def test_a_process_killed_at_every_point_sends_every_order_once(venue: str, tmp_path: Path) -> None:
    """Before and after every row of the journal and every request, and between: nobody has to name a point for it to be visited."""
    await carried_out(venue, tmp_path, await database("sqlite", tmp_path), "point")
    died = {point.partition(" ")[0] for point in died_at(tmp_path)}
    assert code.points() - NEVER[venue] <= died, "a point that no plan of this test passes"
    rows = {point.split(":")[1] for point in died if point.startswith("written:")}
    assert code.writers() - ELSEWHERE.keys() <= rows, "a row of the journal that no plan of this test makes"
    questions = {point.split(":")[1] for point in died if point.startswith("told:")}
    assert code.questions() - NOT_ASKED[venue] <= questions, "a question to the venue that no plan of this test asks"
    assert not [*died & NEVER[venue], *rows & ELSEWHERE.keys(), *questions & NOT_ASKED[venue]], "they are visited after all"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("leg", KINDS)
@pytest.mark.parametrize("venue", DIALECTS)
async def test_and_at_every_point_of_each_kind_of_leg(venue: str, leg: str, kind: str, tmp_path: Path) -> None:
    """The table of venue, kind and point is printed (``pytest -s``); legs side by side are killed at each point of each of them."""
    fineness = "leg" if "side by side" in leg else "point"
    await carried_out(venue, tmp_path, await database(kind, tmp_path), fineness, leg=leg)
    for point in died_at(tmp_path):
        print(f"{venue:8} {leg:22} {point}")  # noqa: T201 - the table


@pytest.mark.long
async def test_a_process_killed_some_times_at_random(tmp_path: Path) -> None:
    """What the long run has time for of the tests around it."""
    assert await carried_out("binance", tmp_path, await database("sqlite", tmp_path), kills=SOME_KILLS, seed=2, faulty=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("venue", DIALECTS)
async def test_a_process_killed_again_and_again_at_random(venue: str, kind: str, seed: int, tmp_path: Path) -> None:
    """Before and after every request too, while prices move and the server fails in its own ways."""
    assert await carried_out(venue, tmp_path, await database(kind, tmp_path), kills=KILLS, seed=seed, faulty=True)
