"""What each kind of stored message says: its facts, and what is stored now, become a view in the words of its person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from chatbot.alerts import periodic_review
from chatbot.errors import InternalError
from chatbot.model import (
    AloneEnded,
    Cause,
    KeyReport,
    LeftOut,
    LeftOutWhy,
    LineReading,
    MessageKind,
    Phase,
    PlanState,
    Problem,
    Reason,
    Rhythm,
    Role,
)
from chatbot.model.life import Leap, Stop, StopKind
from chatbot.operation.broadcast import Stage
from chatbot.plans.closing import Outcome
from chatbot.portfolio.flows import Corrected
from chatbot.store import accounts, codec, plans, portfolios
from chatbot.store import keys as stored_keys
from chatbot.triggers import market
from handlers.views import alerts, problems
from handlers.views.common import Html, head, joined
from handlers.views.hedge import alerts as hedge_alerts
from handlers.views.past import review as past
from handlers.views.person import access, alert_settings, broadcast, halt, keys, schedule
from handlers.views.plan import alone, autonomy, panic, real_money, reasons
from handlers.views.portfolio import exchange_acts, flows, leaps, lives

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from chatbot.app import Program
    from chatbot.i18n import Words
    from chatbot.model import Message, Plan, Portfolio
    from handlers.views.common import View

    Facts: TypeAlias = dict[str, Any]
    #: None: nothing is left to say
    OfPerson: TypeAlias = Callable[[Program, Words, Facts], Awaitable[View | None]]
    OfPortfolio: TypeAlias = Callable[[Program, Words, Portfolio, Facts], Awaitable[View | None]]
    OfPlan: TypeAlias = Callable[[Words, Portfolio, Plan, Facts], View | None]

#: lines of a held back message that its place in a digest has room for
_DIGEST_LINES = 2


async def view_of(program: Program, words: Words, message: Message) -> View | None:
    """Render a message about a person, about a portfolio, or a digest of several; None where nothing is left to say."""
    if message.kind is MessageKind.DIGEST:
        return await _digest(program, words, message)
    if message.kind in ABOUT_PEOPLE:
        return await ABOUT_PEOPLE[message.kind](program, words, message.facts)
    portfolio, *_ = await _open_ones(program, message.facts) or (None,)
    return await _about(program, words, portfolio, message) if portfolio is not None else None


async def _open_ones(program: Program, facts: Facts) -> list[Portfolio]:
    """Return the portfolios that a message is about, as they are now; without those that were closed since: nothing can be done there."""
    named = [await program.portfolios.by_id(int(one)) for one in (facts["portfolio_id"], *facts.get("also", ()))]
    return [portfolio for portfolio in named if portfolio is not None and portfolio.is_open]


async def _about(program: Program, words: Words, portfolio: Portfolio, message: Message) -> View | None:
    if message.kind not in ABOUT_PORTFOLIOS:
        raise InternalError(f"no view for a message of kind {message.kind}")
    return await ABOUT_PORTFOLIOS[message.kind](program, words, portfolio, message.facts)


async def _digest(program: Program, words: Words, message: Message) -> View | None:
    """Tell in a line each what was held back: what stands in its own message under the head."""
    items, about = [], set()
    for item in message.facts["items"]:
        portfolio, *_ = await _open_ones(program, item["facts"]) or (None,)
        held = replace(message, kind=MessageKind(item["kind"]), facts=item["facts"])
        view = await _about(program, words, portfolio, held) if portfolio is not None else None
        if portfolio is not None and view is not None:
            told = [Html(line) for line in view.text.split("\n")[1:] if line and "<pre" not in line]
            about.add(portfolio.id)
            items.append((datetime.fromisoformat(item["at"]), joined(" ", (head(words, portfolio), *told[:_DIGEST_LINES]))))
    return alert_settings.digest(words, items, several=len(about) > 1) if items else None


async def _access_request(program: Program, words: Words, facts: Facts) -> View | None:
    """Ask about those who still wait: one by name with both answers, several together with the way to the list."""
    people: list[int] = facts.get("people") or [facts["person_id"]]  # an earlier version asked about one at a time
    async with program.db.read() as tx:
        named = await accounts.people_of(tx, people)
    asking = [person for person in named.values() if person.role is Role.PENDING]
    if not asking:
        return None
    count = len(asking) + facts.get("count", 1) - len(people)
    return access.access_request(words, asking[0]) if count == 1 else access.access_requests(words, asking, count)


async def _answer_lost(_: Program, words: Words, facts: Facts) -> View:
    return problems.answer_lost(words, datetime.fromisoformat(facts["at"]))


async def _access_granted(_: Program, words: Words, __: Facts) -> View:
    return access.approved(words)


async def _clock_off(_: Program, words: Words, facts: Facts) -> View:
    return problems.clock_off(words, facts["exchange"], facts["off_s"])


async def _exchange_key(program: Program, words: Words, facts: Facts) -> View | None:
    """Tell of a key as it is stored now; nothing where it was removed meanwhile."""
    report = codec.from_plain(KeyReport, facts["report"])
    if facts["why"] == "refused":
        return keys.refused(words, facts["exchange"], facts["shown"], report)
    async with program.db.read() as tx:
        found = await stored_keys.one(tx, facts["person_id"], facts["key_id"])
    if found is None:
        return None
    if facts["why"] == "connected":
        return keys.card(words, replace(found[0], replaced=facts.get("replaced", "")), program.clock.now(), new=True)
    return keys.trouble(words, found[0])


async def _trading_halted(_: Program, words: Words, facts: Facts) -> View:
    return halt.told(words, datetime.fromisoformat(facts["since"]))


async def _restored(_: Program, words: Words, facts: Facts) -> View:
    return halt.restored(words, datetime.fromisoformat(facts["made_at"]))


async def _broadcast(program: Program, words: Words, facts: Facts) -> View | None:
    """Say what the operator says; nothing of what was taken back meanwhile."""
    found = await program.broadcasts.standing()
    is_it = found is not None and found.broadcast.id == facts["broadcast"] and found.broadcast.stage is not Stage.CANCELLED
    return broadcast.said(words, found.broadcast) if found is not None and is_it else None


async def _broadcast_done(program: Program, words: Words, facts: Facts) -> View | None:
    found = await program.broadcasts.standing()
    return broadcast.progress(words, found) if found is not None and found.broadcast.id == facts["broadcast"] else None


async def _trading_let_go(_: Program, words: Words, facts: Facts) -> View:
    return halt.told_over(words, datetime.fromisoformat(facts["since"]), datetime.fromisoformat(facts["at"]))


async def _problem(program: Program, words: Words, portfolio: Portfolio, _: Facts) -> View | None:
    async with program.db.read() as tx:
        check = await portfolios.check(tx, portfolio.id)
    return alerts.problem_alert(words, portfolio, check.problems) if check and check.problems else None


async def _signals(program: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View | None:
    """Tell what signals did, for one portfolio or for several of a person to which it is the same."""
    # quiet hours or a pause may have held it back: a reading is as old as it is now, and a move before the next one is no news after it
    market_now = program.evaluator.market_time(portfolio, program.clock.now())
    read = [step for step in map(_step, facts["steps"]) if reasons.is_about_signal(step.reason)]
    aged = market.aged((step.reason for step in read), market_now)
    steps = [replace(step, reason=reason) for step, reason in zip(read, aged, strict=True) if not reasons.is_overtaken(reason)]
    if not steps:
        return None
    others = [other for other in await _open_ones(program, facts) if other.id != portfolio.id]
    cash_only = bool(facts.get("cash_only"))
    told = alerts.trigger_alert(words, portfolio, steps, program.sentiment.name, idle=_idle(facts), cash_only=cash_only, others=others)
    return alerts.explained(words, told) if facts.get("first") else told


def _idle(facts: Facts) -> tuple[LeftOut, ...] | None:
    """Return why nothing of an alert is worth an order; an older version did not ask, or did not say."""
    if not facts.get("idle"):
        return None
    return tuple(
        LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=one["instrument"], amount=Decimal(one["amount"]), minimum=Decimal(one["minimum"]))
        for one in facts.get("small", ())
    )


def _from_facts(view: Callable[[Words, Portfolio, Facts], View]) -> OfPortfolio:
    """Return a renderer for what its facts alone say."""

    async def render(_: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View:
        return view(words, portfolio, facts)

    return render


def _drift(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    told = alerts.drift_alert(words, portfolio, [_line(line) for line in facts["lines"]], idle=_idle(facts))
    return alerts.explained(words, told) if facts.get("first") else told


async def _amounts(program: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View | None:
    """Tell what came and went at an exchange, or what the other amounts came to of a plan that was done by hand.

    Nothing of the latter where they were changed again meanwhile.
    """
    flow = await program.flows.at_exchange(portfolio, int(facts["flow_id"]))
    if flow is not None:
        return flows.corrected(words, portfolio, flow) if isinstance(flow, Corrected) else flows.seen(words, portfolio, flow)
    latest = await program.flows.last_correction(portfolio, int(facts["flow_id"]))
    return flows.corrected(words, portfolio, latest) if latest is not None else None


async def _review(program: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View:
    """Look back at a week or a month."""
    rhythm, now = Rhythm(facts["rhythm"]), program.markets.market_time(portfolio, program.clock.now())
    days = periodic_review.days_back(rhythm, now.astimezone(words.zone).date())
    # the account of somebody else's person is not opened here: what was marked at the end of the last day is told
    marked_only = not program.shares.has(portfolio.person_id)
    return past.digest(words, await program.reviews.review(portfolio, words.zone, days=days, marked_only=marked_only), rhythm)


async def _leap(program: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View | None:
    """Ask what became of a coin; nothing where it is back at its old price meanwhile."""
    asked = Leap(
        asset=facts["asset"], before=Decimal(facts["before"]), after=Decimal(facts["after"]), at=datetime.fromisoformat(facts["at"])
    )
    # who watches its prices is another process: it is asked, and a tap finds out what has become of it
    stands = not program.shares.has(portfolio.person_id) or program.markets.leap(portfolio, asked.mark) is not None
    return leaps.question(words, portfolio, asked) if stands else None


async def _stopped(program: Program, words: Words, portfolio: Portfolio, facts: Facts) -> View:
    """Tell what is not traded any more, and which card still has orders in it: one by hand is not priced again before it is done."""
    async with program.db.read() as tx:
        waiting = await plans.open_plan(tx, portfolio.id)
    return lives.stopped(words, portfolio, [(_stop(one), Decimal(one["qty"])) for one in facts["stops"]], waiting)


def _stop(stored: Facts) -> Stop:
    price, at = stored["price"], stored["priced_at"]
    return Stop(
        instrument=stored["instrument"],
        kind=StopKind(stored["kind"]),
        since=datetime.fromisoformat(stored["since"]),
        price=Decimal(price) if price else None,
        priced_at=datetime.fromisoformat(at) if at else None,
    )


def _margin(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    distance, leverage = (None if facts[name] is None else Decimal(facts[name]) for name in ("distance", "leverage"))
    return alerts.margin_alert(words, portfolio, distance, leverage, under_way=facts.get("under_way", False))


def _loss(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    return real_money.loss(words, portfolio, Decimal(facts["lost"]), alone=facts.get("alone", False))


def _alone_ended(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    return alone.ended(words, portfolio, AloneEnded(facts["why"]))


def _depeg(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    coins = [
        alerts.Depegged(one["asset"], Decimal(one["qty"]), Decimal(one["price"]), is_money=bool(one.get("money"))) for one in facts["coins"]
    ]
    return alerts.depeg_alert(words, portfolio, coins)


def _skipped(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    return schedule.skipped(words, portfolio, int(facts["count"]), datetime.fromisoformat(facts["latest"]))


def _missed(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    since, until = (datetime.fromisoformat(facts[name]) for name in ("since", "until"))
    return problems.missed_checks(words, portfolio, int(facts["count"]), since, until, exact=facts.get("exact", True))


def _panic(words: Words, portfolio: Portfolio, facts: Facts) -> View:
    found = [Problem(code=one["code"], instrument=one["instrument"]) for one in facts["problems"]]
    return panic.told(words, portfolio, Outcome(facts["outcome"]), found)


def _line(stored: Facts) -> LineReading:
    return LineReading(
        line=stored["line"],
        weight=Decimal(stored["weight"]),
        target=Decimal(stored["target"]),
        band=Decimal(stored["band"]),
        breach=stored["breach"],
    )


def _step(stored: Facts) -> alerts.Step:
    """Read a step of a trigger; its limit is the one that it crossed."""
    phase = Phase(stored["event"])
    limit = stored.get("limit", stored.get("leave" if phase is Phase.END else "enter"))
    reading, crossed, size = (None if value is None else Decimal(value) for value in (stored["reading"], limit, stored["size"]))
    reason = Reason(
        trigger=Cause(stored["trigger"]),
        line=stored["subject"],
        event=phase,
        reading=reading,
        limit=crossed,
        size=size,
        read_at=datetime.fromisoformat(stored["read_at"]) if stored.get("read_at") else None,  # older versions wrote neither
        age_s=stored.get("age_s"),
    )
    return alerts.Step(reason, suppressed=stored["suppressed"])


def _reminder(words: Words, portfolio: Portfolio, plan: Plan, _: Facts) -> View | None:
    return autonomy.reminder(words, portfolio, plan) if plan.state is PlanState.PROPOSED else None


def _unanswered(words: Words, portfolio: Portfolio, plan: Plan, facts: Facts) -> View:
    return autonomy.unanswered(words, portfolio, plan, facts["why"])


#: drawn in the card of their plan, as the plan stands when they are sent
CARDS = frozenset({MessageKind.PLAN_CARD, MessageKind.PLAN_PROGRESS, MessageKind.PLAN_RESULT, MessageKind.PLAN_PARKED})
#: said in reply to the card of their plan
ABOUT_PLANS: Mapping[MessageKind, OfPlan] = {
    MessageKind.PLAN_REMINDER: _reminder,
    MessageKind.PLAN_UNANSWERED: _unanswered,
}
ABOUT_PEOPLE: Mapping[MessageKind, OfPerson] = {
    MessageKind.ACCESS_REQUEST: _access_request,
    MessageKind.ACCESS_GRANTED: _access_granted,
    MessageKind.ANSWER_LOST: _answer_lost,
    MessageKind.EXCHANGE_KEY: _exchange_key,
    MessageKind.TRADING_HALTED: _trading_halted,
    MessageKind.TRADING_LET_GO: _trading_let_go,
    MessageKind.RESTORED: _restored,
    MessageKind.CLOCK_OFF: _clock_off,
    MessageKind.BROADCAST: _broadcast,
    MessageKind.BROADCAST_DONE: _broadcast_done,
}
ABOUT_PORTFOLIOS: Mapping[MessageKind, OfPortfolio] = {
    MessageKind.DRIFT: _from_facts(_drift),
    MessageKind.REVIEW: _review,
    MessageKind.SIGNALS: _signals,
    MessageKind.MARGIN: _from_facts(_margin),
    MessageKind.LOSS: _from_facts(_loss),
    MessageKind.ALONE_ENDED: _from_facts(_alone_ended),
    MessageKind.PROBLEM: _problem,
    MessageKind.EVALUATED_AGAIN: _from_facts(lambda words, portfolio, _: problems.evaluated_again(words, portfolio)),
    MessageKind.LEAP: _leap,
    MessageKind.DEPEG: _from_facts(_depeg),
    MessageKind.COIN_STOPPED: _stopped,
    MessageKind.COIN_TRADED_AGAIN: _from_facts(lambda words, portfolio, facts: lives.traded_again(words, portfolio, facts["instruments"])),
    MessageKind.STUMBLED: _from_facts(lambda words, portfolio, facts: problems.stumbled(words, portfolio, facts["id"])),
    MessageKind.AMOUNTS: _amounts,
    MessageKind.EXCHANGE_ACTED: _from_facts(exchange_acts.acted),
    MessageKind.ORDERS_DIFFER: _from_facts(exchange_acts.orders_differ),
    MessageKind.PANIC: _from_facts(_panic),
    MessageKind.MISSED_CHECKS: _from_facts(_missed),
    MessageKind.SCHEDULE_DUE: _from_facts(lambda words, portfolio, _: schedule.due(words, portfolio)),
    MessageKind.SCHEDULE_SKIPPED: _from_facts(_skipped),
    MessageKind.HEDGE_OVER: _from_facts(hedge_alerts.over),
    MessageKind.HEDGE_FUNDING: _from_facts(hedge_alerts.funding),
}
