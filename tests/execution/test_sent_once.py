"""One intention, one order: however far behind the account the look-ups of an exchange are, and whatever became of the first request."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.base import OrderStatus
from chatbot.exchanges.live.private import opening
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.words import Call
from chatbot.execution.pace import Pace
from chatbot.model import Cause, LegState, OrderState, PlanState, Reason
from chatbot.store import halt
from tests.execution.lab import QUICK, Lab, open_lab, states
from tests.execution.test_on_live_venues import DIALECTS, agrees, on

if TYPE_CHECKING:
    from chatbot.exchanges.base import Order, OrderRequest
    from chatbot.exchanges.paper.faults import Faults
    from chatbot.exchanges.testserver.server import Server
    from chatbot.execution.record import Change
    from chatbot.model import Plan
    from chatbot.store.database import Database

#: seconds by which look-ups lag; after the last of them nobody waits any more
LAGS = (0, 5, 24, 60, 300, 900)
#: the same for everything that an exchange shows, up to the pause between two proofs: nobody can tell what it hides for longer
LAGS_OF_ALL = (2, 14, 20)
#: what became of the request whose answer was lost
OUTCOMES = ("accepted", "filled", "refused", "never", "late")
#: from which lag on a person may be asked: shorter ones are waited for
UNKNOWN_S = 24
#: of these nothing is ever there: after a silence of the exchange itself that is no proof, and their person is asked
GONE = ("refused", "never", "mute")
#: looks are counted in the time of the machine
PACE = replace(QUICK, look_s=15)
REUSED = [pytest.param(True, id="an id is free again"), pytest.param(False, id="an id is used up")]
LEG = "sell 0.01 BTC"
OTHER_LEGS = ("buy 0.1 ETH", "increase sell 0.1 ETH-PERP", "reduce sell 0.005 BTC-PERP")
QTY = Decimal("0.01")
#: venues that say how late a request may still be taken: only there is anything ever sent again
BOUNDED = [venue for venue in DIALECTS if opening.DIALECTS[venue]().recv_window_s is not None]
#: the same as parameters; what is carried out is the same for all, so that BingX and MEXC are tried in the slow run
EACH = [pytest.param(venue, marks=pytest.mark.slow) if venue in ("bingx", "mexc") else venue for venue in BOUNDED]
#: venues at which we move money, and that list what was moved
LISTING = [venue for venue in BOUNDED if not opening.DIALECTS[venue]().one_wallet]


class Killed(Exception):
    """The process ends here."""


def reason(outcome: str) -> tuple[Reason, ...]:
    """Return why: an order that takes is filled at once, one that a patient plan sends rests."""
    return () if outcome == "accepted" else (Reason(trigger=Cause.PANIC),)


async def ended(lab: Lab, words: str, outcome: str, lag: float) -> Plan:
    """Carry a leg out to its end; its person lets it go on, whenever they are asked, once some time has passed."""
    plan = await lab.run(words, *reason(outcome))
    for _ in range(6):
        if plan.state is not PlanState.PARKED:
            break
        kind, told = (await lab.told())[-1]
        assert (kind, told["plan_id"]) == ("plan_parked", plan.id), "never silence"
        assert told["why"] == "unknown" or (told["why"] == "unreachable" and lag >= UNKNOWN_S), (outcome, lag, told)
        assert lag >= UNKNOWN_S or outcome in GONE, (outcome, lag, told)
        lab.clock.advance(lag)  # type: ignore[attr-defined]
        assert await lab.executor.recovery.carry_on(plan.id)
        await lab.finish()
        plan = await lab.read(plan.id)
    assert plan.state is PlanState.DONE, (outcome, lag)
    return plan


def strike(faults: Faults, outcome: str) -> None:
    """Let the next order meet its fate."""
    faults.drop_requests = int(outcome in ("never", "refused"))
    faults.lose_answers = int(outcome in ("accepted", "filled"))
    faults.late_requests, faults.late_s = int(outcome == "late"), 4.5


@pytest.mark.parametrize("lag", [one if one == 60 else pytest.param(one, marks=pytest.mark.long) for one in LAGS])
@pytest.mark.parametrize("reused", REUSED)
async def test_there_is_one_order_whatever_the_lag_and_the_outcome(db: Database, lag: float, *, reused: bool) -> None:
    lab = await open_lab(db, pace=PACE)
    faults, left = lab.account.faults, Decimal(1)
    faults.reusable_ids = reused
    taken: list[str] = []
    place = lab.account.place

    async def noted(request: OrderRequest) -> Order:
        before = lab.account.state.orders.get(request.client_id)
        try:
            return await place(request)
        finally:
            after = lab.account.state.orders.get(request.client_id)
            taken.extend([request.client_id] if after is not None and (before is None or after.number != before.number) else [])

    lab.account.place = noted
    for outcome in OUTCOMES:
        faults.lookup_lag_s = lag
        strike(faults, outcome)
        plan = await ended(lab, LEG, outcome, lag)
        left -= QTY
        assert (states(plan), lab.account.state.spot["BTC"]) == ([LegState.FILLED], left), (lag, outcome)
        assert not lab.account.state.open_orders
        lab.clock.advance(1000)  # type: ignore[attr-defined]
    assert len(taken) == len(set(taken)), "no id was ever taken twice"


@pytest.mark.slow
@pytest.mark.parametrize("reused", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["an id is free again", "an id is used up"])
@pytest.mark.parametrize("words", [LEG, pytest.param("increase sell 0.1 ETH-PERP", marks=pytest.mark.slow)], ids=["spot", "futures"])
@pytest.mark.parametrize("venue", EACH)
async def test_there_is_one_order_at_the_venue_whatever_the_lag_and_the_outcome(
    db: Database, venue: str, words: str, *, reused: bool
) -> None:
    async with on(venue, db, PACE) as (lab, server):
        for lag in LAGS:
            for outcome in (*OUTCOMES, "mute"):
                server.venue.harshness = Harshness(lookup_lag_s=lag, reuse_ids=reused, level_quote=Decimal(10_000_000))
                await once(lab, server, words, outcome, lag)
                lab.clock.advance(4000)  # type: ignore[attr-defined] # more than an hour: then the rules are read again


async def once(lab: Lab, server: Server, words: str, outcome: str, lag: float) -> None:
    """Carry one leg out with one lost answer and hold the venue's own books against ours."""
    theirs = server.venue.accounts["key"]
    fault = {"never": "reset_before", "mute": "reset_before", "late": "late"}.get(outcome, "reset_after")
    server.faults.add(call=Call.PLACE, fault=fault)
    if outcome == "mute":  # nor does it answer that there is nothing to call off
        server.faults.add(call=Call.CANCEL, fault="reset_after")
    await lab.account.markets()  # known before the exchange stops: it is the exchange that refuses
    server.venue.halt(words.rsplit(maxsplit=1)[-1], trading=outcome != "refused")
    before = len(theirs.orders)
    plan = await ended(lab, words, outcome, lag)
    server.venue.halt(words.rsplit(maxsplit=1)[-1], trading=True)
    names = [one.client_id for one in theirs.orders[before:]]
    assert len(names) == len(set(names)), (lag, outcome, names)
    agrees(plan, server)
    (leg,) = plan.legs
    assert (leg.state is LegState.FILLED) is (outcome != "refused"), (lag, outcome, leg)
    assert leg.state is LegState.FILLED or leg.note, "and it says why"


@pytest.mark.long
@pytest.mark.parametrize("words", [LEG, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHER_LEGS)])
@pytest.mark.parametrize("venue", [BOUNDED[0], *(pytest.param(one, marks=pytest.mark.slow) for one in BOUNDED[1:])])
async def test_there_is_one_order_where_the_account_lags_as_far_behind_as_its_lists(db: Database, venue: str, words: str) -> None:
    """An order that took is in no list, cannot be called off, and balances, positions and trades do not show it either, for a while."""
    async with on(venue, db, replace(PACE, retries_s=Pace().retries_s)) as (lab, server):
        for lag in LAGS_OF_ALL:
            for outcome in (*OUTCOMES, "mute"):
                server.venue.harshness = Harshness(lookup_lag_s=lag, balance_lag_s=lag, level_quote=Decimal(10_000_000))
                await once(lab, server, words, outcome, lag)
                lab.clock.advance(4000)  # type: ignore[attr-defined] # more than an hour: then the rules are read again


@pytest.mark.long
@pytest.mark.parametrize("venue", EACH)
async def test_trades_that_are_booked_are_no_sign_of_an_order_that_is_missing(db: Database, venue: str) -> None:
    """The plan before traded the same coin in the same moment; then a request never arrives."""
    async with on(venue, db, PACE) as (lab, server):
        assert states(await lab.run(LEG, Reason(trigger=Cause.PANIC))) == [LegState.FILLED]
        server.faults.add(call=Call.PLACE, fault="reset_before")
        plan = await lab.let_go((await lab.run(LEG, Reason(trigger=Cause.PANIC))).id)
        assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])


async def test_an_order_that_cannot_be_called_off_makes_a_question_and_no_endless_work(db: Database) -> None:
    """The exchange shows that it works and says that there is none to cancel: asked less and less often, then its person is told."""
    lab = await open_lab(db, pace=replace(PACE, requote_s=2, requotes=0))
    find, asked = lab.account.find, []

    async def cancel(instrument: str, client_id: str) -> Order:
        asked.append(client_id)
        found = await find(instrument, client_id)
        assert found is not None
        return replace(found, status=OrderStatus.OPEN, filled=Decimal(0))

    lab.account.cancel = cancel
    lab.market.paths["BTC"] = lambda _: 1.0
    plan = await lab.run(LEG)
    assert (plan.state, len(asked)) == (PlanState.PARKED, len(PACE.retries_s) + 1)
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unreachable"})


@pytest.mark.long
@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("venue", [LISTING[0], *(pytest.param(one, marks=pytest.mark.slow) for one in LISTING[1:])])
async def test_a_transfer_is_made_once_however_late_it_is_listed(db: Database, venue: str, lag: float) -> None:
    """It is found in a list; Bybit has one purse, and at WEEX its person makes it."""
    async with on(venue, db, PACE) as (lab, server):
        server.venue.harshness = Harshness(lookup_lag_s=lag)
        for fault in ("reset_after", "reset_before", "late"):
            server.faults.add(call=Call.TRANSFER, fault=fault)
            plan = await ended(lab, "to_futures 10", "never" if fault == "reset_before" else fault, lag)
            assert states(plan) == [LegState.FILLED], fault
            lab.clock.advance(2000)  # type: ignore[attr-defined]
        assert [one.amount for one in server.venue.accounts["key"].moved] == [10, 10, 10]


async def test_an_order_that_the_exchange_says_it_has_is_waited_for_and_never_sent_again(db: Database) -> None:
    """Its id is refused as used: there is proof that it was taken, however late it is listed, and whatever the account shows."""
    lab = await open_lab(db, pace=PACE)
    lab.account.faults.lose_answers, lab.account.faults.lookup_lag_s = 1, 100.0
    place, tries = lab.account.place, []

    async def refuses(request: OrderRequest) -> Order:
        tries.append(request.client_id)
        if len(tries) == 1:
            with pytest.raises(OutcomeUnknown):
                await place(request)
        raise Rejected("duplicate_id", request.client_id)

    lab.account.place = refuses
    plan = await lab.run(LEG, Reason(trigger=Cause.PANIC))
    assert (states(plan), len(tries)) == ([LegState.FILLED], 1)
    assert lab.account.state.spot["BTC"] == 1 - QTY


async def test_coins_that_moved_otherwise_meanwhile_make_a_question_and_no_order(db: Database) -> None:
    """Somebody sold in the app of the exchange while an answer was lost: nobody can tell whose sale it was, so a person is asked."""
    lab = await open_lab(db, pace=PACE)
    lab.account.faults.drop_requests = 1
    made = await lab.plan(LEG)
    place, sent = lab.account.place, []

    async def moved(request: OrderRequest) -> Order:
        sent.append(request.client_id)
        try:
            return await place(request)
        finally:
            lab.account._state = lab.account.state.received({"BTC": -QTY})

    lab.account.place = moved
    began = lab.clock.now()
    await lab.finish()
    plan = await lab.read(made.id)
    assert (plan.state, len(sent)) == (PlanState.PARKED, 1)
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unknown"})
    assert QUICK.lag_s <= (lab.clock.now() - began).total_seconds() < QUICK.lag_s + 120
    assert await lab.executor.recovery.close(plan.id)
    await lab.finish()
    assert [(leg.state, leg.note) for leg in (await lab.read(plan.id)).legs] == [(LegState.PARTIAL, "unknown")]


@pytest.mark.parametrize("seen", [frozenset({"a trade"}), None], ids=["once", "never to be read"])
async def test_an_order_is_sent_again_only_where_the_list_of_trades_says_that_nobody_traded(
    db: Database, seen: frozenset[str] | None
) -> None:
    """What shows it once may be behind again at the next look; and what cannot be read is no proof."""
    lab = await open_lab(db, pace=PACE)
    lab.account.faults.drop_requests = 1
    told = iter([seen])

    async def traded(*_: object) -> frozenset[str]:
        if seen is None:
            raise Unreachable("no trades")
        return next(told, frozenset())  # type: ignore[return-value]

    lab.account.traded, lab.account.one_wallet = traded, False  # type: ignore[attr-defined]
    plan = await lab.run(LEG, Reason(trigger=Cause.PANIC))
    assert (plan.state, lab.account.state.spot["BTC"], len(lab.account.state.orders)) == (PlanState.PARKED, 1, 0)
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unreachable" if seen is None else "unknown"})


async def test_an_order_of_which_nothing_was_noted_before_is_never_sent_again(db: Database) -> None:
    """An older version sent it: without what was held before there is no proof."""
    lab = await open_lab(db, pace=PACE)
    lab.account.faults.drop_requests = 1
    write = lab.executor._deps.scribe.write

    async def older(view: Any, change: Change) -> None:
        before = change.intention and replace(change.intention, held=None)
        after = change.attempt and replace(change.attempt, held=None)
        await write(view, replace(change, intention=before, attempt=after))

    lab.executor._deps.scribe.write = older  # type: ignore[method-assign]
    plan = await lab.run(LEG)
    assert plan.state is PlanState.PARKED
    assert [one.state for one in await lab.attempts(plan.id)] == [OrderState.UNKNOWN]


@pytest.mark.parametrize("closes", [False, True], ids=["halted", "stopped"])
async def test_an_order_that_rests_unlisted_is_called_off_at_once_where_nothing_may_be_sent(db: Database, *, closes: bool) -> None:
    """Its answer was lost and no look-up shows it: a halt, or its person's word, does not wait until it is listed."""
    lab = await open_lab(db, pace=PACE)
    lab.account.faults.lose_answers, lab.account.faults.lookup_lag_s = 1, 1000.0
    made, place = await lab.plan(LEG), lab.account.place
    stopped_at = []

    async def stops(request: OrderRequest) -> Order:
        try:
            return await place(request)
        finally:
            assert lab.account.state.open_orders
            stopped_at.append(lab.clock.now())
            if closes:
                assert await lab.executor.recovery.stop(made.id, 1)
            else:
                async with db.transaction() as tx:
                    await halt.begin(tx, lab.clock.now())

    lab.account.place = stops
    cancel, called = lab.account.cancel, []

    async def noted(*given: Any) -> Order:
        called.append((lab.clock.now() - stopped_at[0]).total_seconds())
        return await cancel(*given)

    lab.account.cancel = noted
    await lab.finish()
    assert not lab.account.state.open_orders
    assert called[0] <= 2.0
    assert lab.account.state.spot["BTC"] == 1
    assert (await lab.read(made.id)).state is (PlanState.DONE if closes else PlanState.PARKED)


#: for how long an exchange hides everything, and when its person answers
HIDES_S, ANSWERED_S = 10_000, 20_000
#: venues that find an order by our id even then
FINDING = [venue for venue in BOUNDED if opening.DIALECTS[venue]().found_for_s > ANSWERED_S]
#: what is left of the legs above for one venue: where one purse is for both, a transfer is a line in our books
HIDDEN = [(venue, words) for venue in FINDING for words in (LEG, *OTHER_LEGS, "to_futures 10") if (venue, words[0]) != ("bybit", "t")]
#: the same as parameters: the first in every run, MEXC's in the slow one
EVERY = [HIDDEN[0], *(pytest.param(*one, marks=pytest.mark.slow if one[0] == "mexc" else pytest.mark.long) for one in HIDDEN[1:])]


@pytest.mark.parametrize("fault", [pytest.param("reset_after", marks=pytest.mark.long), "unknown_after"])
@pytest.mark.parametrize(("venue", "words"), EVERY)
async def test_there_is_one_order_however_long_an_exchange_hides_everything(db: Database, venue: str, words: str, fault: str) -> None:
    """An order that was filled is in no list, and neither balances, positions nor trades show it, for hours: no wait is long enough."""
    async with on(venue, db, replace(PACE, retries_s=Pace().retries_s)) as (lab, server):
        theirs = server.venue.accounts["key"]
        await lab.account.markets()
        server.venue.harshness = Harshness(lookup_lag_s=HIDES_S, balance_lag_s=HIDES_S, level_quote=Decimal(10_000_000))
        server.faults.add(call=Call.TRANSFER if words.startswith("to_") else Call.PLACE, fault=fault)
        before = len(theirs.orders) + len(theirs.moved)
        plan = await lab.run(words, *reason("filled"))
        assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unknown"})
        lab.clock.advance(ANSWERED_S)  # type: ignore[attr-defined]
        assert await lab.executor.recovery.carry_on(plan.id)
        await lab.finish()
        plan = await lab.read(plan.id)
        assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])
        assert len(theirs.orders) + len(theirs.moved) == before + 1
        agrees(plan, server)


async def killed_and_begun_again(lab: Lab, words: str, *, sent: bool, outcome: str = "filled") -> Plan:
    """Let the process die while its first request is under way, ``sent`` or not, and the next one carry the plan on."""
    account, name = lab.account, "transfer" if words.startswith("to_") else "place"
    real = getattr(account, name)

    async def dies(*given: Any) -> None:
        if sent:
            with suppress(OutcomeUnknown):  # it is there, and its trades are not
                await real(*given)
        raise Killed

    setattr(account, name, dies)
    made = await lab.plan(words, *reason(outcome))
    with pytest.raises(Killed):
        await lab.finish()
    setattr(account, name, real)
    account._known.clear()  # what is remembered dies with the process
    account._sent.clear()
    assert await lab.executor.recovery.reconcile() == (made.id,)
    await lab.finish()
    return await lab.read(made.id)


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "not sent"])
@pytest.mark.parametrize(("venue", "words"), EVERY)
async def test_nor_is_one_sent_twice_whose_process_died_before_the_answer(db: Database, venue: str, words: str, *, sent: bool) -> None:
    """The next process cannot know whether the request got out: that is a question as well, however healthy the exchange looks."""
    async with on(venue, db, replace(PACE, retries_s=Pace().retries_s)) as (lab, server):
        theirs = server.venue.accounts["key"]
        await lab.account.markets()
        server.venue.harshness = Harshness(lookup_lag_s=HIDES_S, balance_lag_s=HIDES_S, level_quote=Decimal(10_000_000))
        before = len(theirs.orders) + len(theirs.moved)
        plan = await killed_and_begun_again(lab, words, sent=sent)
        assert len(theirs.orders) + len(theirs.moved) == before + sent
        lab.clock.advance(ANSWERED_S)  # type: ignore[attr-defined]
        server.venue.harshness = Harshness(level_quote=Decimal(10_000_000))
        plan = await lab.let_go(plan.id)
        assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])
        assert len(theirs.orders) + len(theirs.moved) == before + 1
        agrees(plan, server)


@pytest.mark.long
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "not sent"])
@pytest.mark.parametrize("words", [LEG, *(pytest.param(one, marks=pytest.mark.slow) for one in OTHER_LEGS)])
@pytest.mark.parametrize("venue", [venue for venue in DIALECTS if venue not in FINDING])
async def test_nothing_is_sent_again_once_an_exchange_may_have_forgotten_it(db: Database, venue: str, words: str, *, sent: bool) -> None:
    """BingX finds an order on spot for two hours, and WEEX names no bound: "there is none" is no answer, and its person closes the plan."""
    async with on(venue, db, replace(PACE, retries_s=Pace().retries_s)) as (lab, server):
        theirs = server.venue.accounts["key"]
        await lab.account.markets()
        server.venue.harshness = Harshness(lookup_lag_s=4 * ANSWERED_S, balance_lag_s=4 * ANSWERED_S, level_quote=Decimal(10_000_000))
        plan = await killed_and_begun_again(lab, words, sent=sent)
        for _ in range(2):
            lab.clock.advance(ANSWERED_S)  # type: ignore[attr-defined]
            plan = await lab.let_go(plan.id)
            assert plan.state is PlanState.PARKED
        assert await lab.executor.recovery.close(plan.id)
        await lab.finish()
        plan = await lab.read(plan.id)
        assert (plan.state, [leg.note for leg in plan.legs]) == (PlanState.DONE, ["unknown"])
        assert len(theirs.orders) == sent


@pytest.mark.parametrize("venue", EACH)
async def test_a_refusal_that_the_first_one_would_have_met_says_nothing_of_it(db: Database, venue: str) -> None:
    """More than there was to reduce, and the process died before it was sent: its person was asked again and again, and nothing helped."""
    async with on(venue, db, PACE) as (lab, server):
        asked = await killed_and_begun_again(lab, "reduce sell 0.3 BTC-PERP", sent=False, outcome="accepted")
        plan = await lab.let_go(asked.id)
        assert (plan.state, [(leg.filled, leg.note) for leg in plan.legs]) == (PlanState.DONE, [(0, "reduce_only")])
        assert not server.venue.accounts["key"].orders


async def test_what_our_own_books_tell_is_no_question_after_a_death(db: Database) -> None:
    """Where one purse is for both, a transfer is a line in them: what is not there was not done."""
    async with on("bybit", db, PACE) as (lab, _):
        plan = await killed_and_begun_again(lab, "to_futures 10", sent=True)
        assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])


@pytest.mark.parametrize("fault", ["unknown_before", "unknown_after"])
@pytest.mark.parametrize("words", ["sell 0.04 BTC", "reduce sell 0.04 BTC-PERP"])
@pytest.mark.parametrize("venue", EACH)
async def test_what_takes_all_that_there_is_goes_out_again_by_itself(db: Database, venue: str, words: str, fault: str) -> None:
    """Whatever was filled of the first order, the exchange refuses it a second time: then it is known that it was taken, and looked for."""
    async with on(venue, db, replace(PACE, retries_s=Pace().retries_s)) as (lab, server):
        theirs = server.venue.accounts["key"]
        server.venue.withdraw(theirs, "BTC", Decimal("0.96"))
        theirs.stakes.clear()
        theirs.stake("BTC-PERP").trade(Decimal("0.04"), Decimal(52_000))
        server.venue.harshness = Harshness(lookup_lag_s=120, balance_lag_s=120, level_quote=Decimal(10_000_000))
        server.faults.add(call=Call.PLACE, fault=fault)
        plan = await lab.run(words, *reason("filled"))
        assert (plan.state, states(plan)) == (PlanState.DONE, [LegState.FILLED])
        assert [one.filled for one in theirs.orders] == [Decimal("0.04")]
        agrees(plan, server)


@pytest.mark.long
@pytest.mark.parametrize("venue", [venue for venue in DIALECTS if venue not in BOUNDED])
@pytest.mark.parametrize("words", [LEG, pytest.param("increase sell 0.1 ETH-PERP", marks=pytest.mark.slow)])
async def test_where_no_bound_is_known_nothing_is_ever_sent_again(db: Database, venue: str, words: str) -> None:
    """It is found and taken over where it is there; where not, its person looks as often as they like, and closes it at last."""
    async with on(venue, db, PACE) as (lab, server):
        theirs, before = server.venue.accounts["key"], 0
        for outcome in (*OUTCOMES, "mute"):
            server.venue.harshness = Harshness(lookup_lag_s=5, level_quote=Decimal(10_000_000))
            fault = {"never": "reset_before", "mute": "reset_before", "refused": "reset_before", "late": "late"}.get(outcome, "reset_after")
            server.faults.add(call=Call.PLACE, fault=fault)
            plan = await lab.run(words, *reason(outcome))
            gone = outcome in GONE
            for _ in range(3 if gone else 0):
                assert (plan.state, (await lab.told())[-1][1]["why"]) == (PlanState.PARKED, "unknown"), outcome
                lab.clock.advance(4000)  # type: ignore[attr-defined]
                assert await lab.executor.recovery.carry_on(plan.id)
                await lab.finish()
                plan = await lab.read(plan.id)
            if gone:
                assert await lab.executor.recovery.close(plan.id)
                await lab.finish()
                plan = await lab.read(plan.id)
            assert plan.state is PlanState.DONE, outcome
            assert [(leg.filled > 0, leg.note) for leg in plan.legs] == ([(False, "unknown")] if gone else [(True, "")]), outcome
            agrees(plan, server)
            assert len(theirs.orders) - before == (not gone) or outcome == "accepted", outcome
            before = len(theirs.orders)
            lab.clock.advance(4000)  # type: ignore[attr-defined]
