"""One example of every view, with harmless or hostile names from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from chatbot.access import Gate
from chatbot.engine import band_width
from chatbot.engine.review.attribution import Attribution, Part
from chatbot.engine.review.costs import SlippageTold, Turnover
from chatbot.engine.review.measures import DriftStatistics
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.errors import Damaged, OtherWorld, PlaceRefused, Unreachable, UserError
from chatbot.exchanges.base import Holdings
from chatbot.halting import Halted, LetGo
from chatbot.model import (
    ALT,
    BASKET,
    CORE,
    COVER,
    FUTURES,
    INFO,
    MIN_VARIANCE,
    NET,
    ROTATION,
    STABLE,
    AlertKind,
    AlertSettings,
    AloneEnded,
    Answering,
    AnswerMode,
    AnswerPolicy,
    AssetExposure,
    AutoLimits,
    BandRule,
    Cause,
    Check,
    ContractReading,
    DecidedBy,
    ExchangeKey,
    ExposureReport,
    Flow,
    FlowKind,
    FuturesCost,
    HeldBack,
    HeldTarget,
    KeptOut,
    KeyProblem,
    KeyReport,
    LeftOut,
    LeftOutWhy,
    Leg,
    LegKind,
    LegState,
    LineReading,
    LiveLimits,
    LiveStop,
    LiveTerms,
    Mark,
    Mode,
    MovedTarget,
    NotAlone,
    OpenHedge,
    OpenTilt,
    Outcome,
    Performance,
    Person,
    Phase,
    Plan,
    PlanHalt,
    PlanState,
    Portfolio,
    PortfolioFigures,
    PortfolioRow,
    Problem,
    Process,
    ProcessKind,
    Reason,
    Rhythm,
    Ring,
    Role,
    ScheduleRule,
    Signal,
    StatusReport,
    Strategy,
    StrategySince,
    TriggerSetting,
    Unanswered,
)
from chatbot.model.flow import EntryKind
from chatbot.model.hedge import BY_BETA, HedgeProblem, HedgeSize, HedgeWish
from chatbot.model.hedge_report import HedgeReading, HedgeReport, ShockReport, ShockRow
from chatbot.model.life import Leap, LeapWhy, Stop, StopKind, WayOut
from chatbot.operation.broadcast import Broadcast, Progress, Stage
from chatbot.operation.health import Health
from chatbot.plans import band_advice as advising
from chatbot.plans.by_hand import as_seen
from chatbot.plans.outcomes import NothingToDo, SeenInPart, SmallDifference
from chatbot.plans.panic import Answer, Effect, Pressed
from chatbot.portfolio.flows import Corrected, TooLittle
from chatbot.portfolio.lives.ways_out import Case, Wish
from chatbot.portfolio.manage import UnderWay
from chatbot.portfolio.states import ScheduleMark
from chatbot.reports.review.advice import Advice
from chatbot.reports.review.review import Costs, Review, Risk
from chatbot.reports.review.scorecard import OWN, SEVERAL, Score, Scorecard
from chatbot.reports.review.series import Point, Series
from chatbot.reports.tax import entries as tax_entries
from chatbot.reports.tax.books import Books, Row, YearSum
from chatbot.reports.tax.expected import Expected
from chatbot.reports.tax.files import Format
from handlers.views import alerts, problems, sentences
from handlers.views.common import button, esc, head, say
from handlers.views.hedge import alerts as hedge_alerts
from handlers.views.hedge import offer, shocks
from handlers.views.past import over_time
from handlers.views.past import report as tax_report
from handlers.views.past import review as trading_review
from handlers.views.person import access, alert_settings, broadcast, halt, health, key_guides, keys, pause, privacy, schedule, terms, tour
from handlers.views.person import portfolios as beside
from handlers.views.person import settings as control
from handlers.views.plan import alone, autonomy, by_hand, card, costs, history, more, nothing, panic, progress, real_money
from handlers.views.portfolio import band_advice as advice
from handlers.views.portfolio import (
    exchange_acts,
    exposure,
    flows,
    invest,
    keep,
    leaps,
    lives,
    options,
    start,
    status,
    strategy,
    untargeted,
    ways_out,
    why,
)
from handlers.views.trigger import page
from tests.handlers.views.backtest_examples import backtests

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.i18n import Words
    from handlers.views.common import View

D = Decimal
NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
#: with everything that can be wrong with a key
KEY = ExchangeKey(
    id=2**40,
    person_id=7,
    exchange="binance",
    shown="abcd",
    added_at=NOW,
    report=KeyReport(
        at=NOW - timedelta(hours=3),
        problems=tuple(KeyProblem),
        reads=True,
        trades_spot=False,
        withdraws=True,
        off_s=-12.3,
        expires_at=NOW + timedelta(days=3),
        found=(*(("spot", f"COIN{number}", f"{number}.5") for number in range(1, 10)), ("futures", "USDT", "122.12")),
    ),
)
_HALT = Halted(since=NOW, is_new=True, plans=1, orders=12)
#: a reading of this morning's midnight, nine hours later
OLD_S = 9 * 3600.0
PLAIN = "SOL"
HOSTILE = (
    "<b>&\"'{}%",
    "</pre></b>{name}{0}%s",
    "🚀🔥💎🙌🏽",
    "\u202eRTL שלום مرحبا",
    "漢字かな交じり文",
    "A" * 300,
    "a\nb\tc\x00\u200b",
    "&lt;&amp;",
)


def figures(name: str = PLAIN, *, lines: int = 4) -> PortfolioFigures:
    """Return four bucket lines, or as many single coins; the third coin carries ``name``."""
    if lines == 4:
        weights = ((CORE, "0.462", "0.4"), (ALT, "0.351", "0.4"), (STABLE, "0.089", "0.1"), (FUTURES, "0.098", "0.1"))
    else:
        coins = [name if at == 2 else f"{name[:2]}C{at}" for at in range(lines - 2)]
        weights = (*((coin, "0.07", "0.06") for coin in coins), (STABLE, "0.15", "0.2"), (FUTURES, "0.15", "0.2"))
    readings = tuple(_reading(line, D(weight), D(target)) for line, weight, target in weights)
    values = {"BTC": D(25000), "ETH": D("20465.58"), name: D(20000), "ADA": D(14543), "USDT": D(8758), FUTURES: D("9644.9")}
    book = {"BTC-PERP": D(4822), f"{name}-PERP": D(-10)}
    return PortfolioFigures(
        value=D("98412.07"),
        lines=readings,
        net=D("0.91"),
        gross=D("0.91"),
        futures_net=D("0.098"),
        beta=D("1.02"),
        leverage=None,
        values=values,
        liquidation=D("0.48"),
        book=book,
        exposure=LineReading(line=NET, weight=D("0.098"), target=D("0.1"), band=D("0.05")),
        kept={name: KeptOut(qty=D("0.2"), value=D(12_006)), "ADA": KeptOut(qty=D(30_000))} if lines == 4 else {},
        beta_with_kept=D("1.14"),
        off_peg={name: D("0.88")} if lines == 4 else {},
    )


def _reading(line: str, weight: D, target: D) -> LineReading:
    band = None if line == FUTURES else D("0.05")
    breach = None if band is None or abs(weight - target) < band else "over" if weight > target else "under"
    return LineReading(line=line, weight=weight, target=target, band=band, breach=breach)


def after() -> PortfolioFigures:
    """Return the same portfolio on its targets."""
    return replace(figures(), lines=tuple(replace(line, weight=line.target, breach=None) for line in figures().lines), leverage=D("0.98"))


def a_strategy(name: str = PLAIN, preset: str = "balanced") -> Strategy:
    """Return the balanced preset with ``name`` among its coins."""
    return Strategy(
        preset=preset,
        weights={CORE: D("0.4"), ALT: D("0.4"), STABLE: D("0.1"), FUTURES: D("0.1")},
        members={CORE: ("BTC", "ETH"), ALT: (name, "ADA")},
        futures_net=D("0.1"),
        futures_split={"BTC-PERP": D("0.5"), f"{name}-PERP": D("0.5")},
        bands={CORE: BandRule(abs_pp=D(5)), ALT: BandRule(abs_pp=D(5), rel=D("0.25")), STABLE: BandRule(rel=D("0.5"))},
        futures_band_pp=D(5),
    )


def portfolio(name: str = "balanced", mode: Mode = Mode.PAPER) -> Portfolio:
    """Return a portfolio called ``name`` at an exchange of that name."""
    return Portfolio(
        id=7, person_id=1, name=name, mode=mode, exchange=name, strategy=a_strategy(name if name != "balanced" else PLAIN), created_at=NOW
    )


def keeping(name: str) -> Portfolio:
    """Return a portfolio with quantities that are kept out of it."""
    return replace(portfolio(name), strategy=replace(portfolio(name).strategy, kept={name: None, "BTC": D("0.2")}))


def beside_each_other(name: str) -> list[PortfolioRow]:
    """Return the rows of somebody with five portfolios in every state, the last one closed."""
    one = replace(portfolio(name), is_one_of_several=True)
    return [
        PortfolioRow(portfolio=one, plan=a_plan(name), value=D("98412.07")),
        PortfolioRow(portfolio=replace(one, id=8, name="balanced 2", paused=True), plan=replace(a_plan(name), state=PlanState.RUNNING)),
        PortfolioRow(
            portfolio=replace(one, id=9, mode=Mode.MANUAL, answer=AnswerMode.NOTIFY), plan=replace(a_plan(name), state=PlanState.PARKED)
        ),
        PortfolioRow(portfolio=replace(one, id=10, answer=AnswerMode.AUTO, snoozed_until=NOW + timedelta(hours=1)), value=D(0)),
        PortfolioRow(portfolio=replace(one, id=11, closed_at=NOW)),
    ]


_TILT = OpenTilt(asset="ETH", contract="ETH-PERP", weight=D("-0.032"), since=NOW, noted_at=NOW, placed=True)


def _tilted(name: str) -> Portfolio:
    """Return a portfolio with every option on."""
    port = portfolio(name)
    return replace(port, strategy=replace(port.strategy, tilt=D("0.5"), turnover_budget=D("0.1"), theta=D("0.5")))


def legs(name: str = PLAIN) -> tuple[Leg, ...]:
    """Return one leg of every kind, each in another state."""
    states = tuple(LegState)
    kinds = (*LegKind, LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE)
    return tuple(
        Leg(
            index=at,
            kind=kind,
            instrument="USDT" if "to_" in kind.value else f"{name}-PERP" if "futures" in kind.value else name,
            qty=D("0.07310000"),
            limit=None if "to_" in kind.value else D("60030.00"),
            sells=at % 2 == 0,
            price=D("60000.37"),
            state=states[at],
            filled=D("0.03"),
            average=D("60031.5"),
            fee=D("1.83"),
            attempts=3,
            note=name if at == 5 else "not_enough_money" if at == 6 else "",
            slippage_bps=None if "to_" in kind.value else D("2.04"),
        )
        for at, kind in enumerate(kinds)
    )


def _layers(name: str) -> tuple[Reason, ...]:
    """Return what else keeps a target from the strategy's own."""
    return Reason(trigger=Cause.HEDGE, line=COVER), Reason(trigger=Cause.TILT, line=name, event=Phase.BEGIN, size=D("-0.032"))


def _all_known(plan: Plan) -> Plan:
    """Return the plan without the orders that nobody knows of, which are asked about before anything else."""
    return replace(plan, legs=tuple(leg for leg in plan.legs if leg.state is not LegState.UNKNOWN))


def a_plan(name: str = PLAIN, state: PlanState = PlanState.PROPOSED, result: PortfolioFigures | None = None) -> Plan:
    """Return plan 27 with every kind of reason, leg and omission."""
    left = (*LeftOutWhy, LeftOutWhy("new_flag"))
    return Plan(
        id=123_456,
        number=27,
        portfolio_id=7,
        mode=Mode.PAPER,
        state=state,
        reasons=(
            Reason(trigger=Cause.DRIFT, line=CORE, weight=D("0.462"), target=D("0.4"), band=D("0.05")),
            Reason(trigger=Cause.DRIFT, line=name, weight=D("0.3"), target=D("0.4"), band=None),
            Reason(trigger=Cause.EXPOSURE, line=NET, weight=D("-0.02"), target=D("0.1"), band=D("0.05")),
            Reason(trigger=Cause.MANUAL),
            Reason(trigger=Cause.NEW_MONEY, size=D("1234.5")),
            Reason(trigger=Cause.SCHEDULE),
            *(step.reason for step in trigger_steps(name)[::4]),
            Reason(trigger=Cause.HEDGE, event=Phase.BEGIN),
            Reason(trigger=Cause.MARGIN, reading=D("0.08"), limit=D("0.1")),
            Reason(trigger=Cause.TILT, line=name, event=Phase.BEGIN, size=D("-0.032")),
            Reason(trigger=Cause.TILT, line="ETH", event=Phase.END, size=D("0.021")),
            Reason(trigger=Cause(name)),
        ),
        standing=(
            HeldTarget(line=name, own=D("0.4"), now=D("0.15"), by=(trigger_steps(name)[0].reason,)),
            HeldTarget(line=NET, own=D("0.1"), now=D(0), by=(*(one.reason for one in trigger_steps(name)), *_layers(name))),
        ),
        before=figures(),
        after=after(),
        legs=legs(name),
        left_out=tuple(LeftOut(why=why, instrument=name, amount=D("6.10"), minimum=D(10)) for why in left),
        fees=D("9.6"),
        slippage_bps=D("2.04"),
        holding=(
            FuturesCost(contract="BTC-PERP", carry=D("-3.1"), days=D("3.7")),
            FuturesCost(contract=f"{name}-PERP", carry=D("4.2"), days=None),
        ),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        decided_at=NOW,
        finished_at=NOW if state in (PlanState.DONE, PlanState.PARKED) else None,
        result=result,
    )


def with_slippage(a_plan: Plan, bps: Decimal | None) -> Plan:
    """Return the plan with every traded leg costing so much."""
    legs = tuple(leg if leg.is_transfer else replace(leg, slippage_bps=bps) for leg in a_plan.legs)
    return replace(a_plan, legs=legs, slippage_bps=bps)


def advised(name: str = PLAIN, *, budget: Decimal | None = None, lines: int = 1) -> advising.Advice:
    """Return an advice with a line of every kind: one that costs bind, and those of which something is unknown."""
    found = band_width.recommend(target=0.4, risk_aversion=3, cost=0.0025, sigma=0.6, te_budget=None if budget is None else float(budget))
    names = (CORE, *(f"{name}{at}" for at in range(lines - 1)))
    known = tuple(advising.LineAdvice(line=line, found=found, cost=0.0025) for line in names)
    unknown = zip((ALT, STABLE, name), (advising.NO_HISTORY, advising.NO_VOLUME, advising.NO_TARGET), strict=True)
    return advising.Advice(
        portfolio=portfolio(name), te_budget=budget, lines=(*known, *(advising.LineAdvice(line=line, why=why) for line, why in unknown))
    )


def not_followed(a_plan: Plan) -> Plan:
    """Return the plan with a leg that ended at the limit."""
    return replace(a_plan, legs=(*a_plan.legs[:4], replace(a_plan.legs[4], note="unfilled"), *a_plan.legs[5:]))


def a_signal(trigger: str, subject: str = "", reading: str | None = "0", **fields: object) -> Signal:
    """Return a signal with its trigger's usual limits."""
    found = TRIGGERS[trigger]
    usual = found.params({})
    limits = {"enter": usual[found.enter], "leave": usual[found.leave], "below": found.below}
    seen = None if reading is None else D(reading)
    return replace(Signal(trigger=Cause(trigger), subject=subject, at=NOW, reading=seen, **limits), **fields)


def signals(name: str = PLAIN, *, active: bool = False, coins: int = 4) -> tuple[Signal, ...]:
    """Return where every trigger stands on a calm day, or with everything active."""
    others = [name, *(f"C{at}" for at in range(coins - 2))]
    calm = (
        a_signal(Cause.VOLATILITY, "BTC", "1.4", age_s=OLD_S),
        a_signal(Cause.TREND, "BTC-PERP", "0.25", age_s=OLD_S),
        a_signal(Cause.FUNDING_LOW, "", "-0.00012", count=1, needed=3, age_s=600.0),
        a_signal(Cause.FUNDING_HIGH, "", "0.00031", needed=3, age_s=600.0),
        a_signal(Cause.FEAR_GREED, "", "31", age_s=OLD_S),
    )
    fired = (("2.41", "0.42", 0, 2), ("0.6", "0.25", 4, 20), ("0.00002", "0.12", 2, 3), ("0.0005", "0.5", 0, 3), ("31", "1", 1, 2))
    if active:
        calm = tuple(
            replace(one, active=True, since=NOW - timedelta(days=3), reading=D(reading), size=D(size), count=count, needed=needed)
            for one, (reading, size, count, needed) in zip(calm, fired, strict=True)
        )
    return (*calm, *(a_signal(Cause.VOLATILITY, other, "1.12") for other in others), a_signal(Cause.TREND, f"{name}-PERP", None))


def triggered(name: str = PLAIN, *, active: bool = False, on: bool = True, coins: int = 4) -> StatusReport:
    """Return a status whose triggers are all on, or all off."""
    settings = {Cause(trigger): TriggerSetting(on=on) for trigger in TRIGGERS}
    port = replace(portfolio(name), strategy=replace(a_strategy(name), triggers=settings))
    shown = figures(name)
    if active:
        lines = (replace(shown.lines[0], target=D("0.25"), base=D("0.4")), *shown.lines[1:])
        shown = replace(shown, lines=lines, exposure=replace(shown.exposure, target=D(0), base=D("0.1")))
    return replace(
        report(name),
        portfolio=port,
        check=Check(at=NOW, figures=shown),
        signals=signals(name, active=active, coins=coins),
        suppressed=active,
        moved={"BTC": MovedTarget(own=D("0.24"), now=D("0.1008"))} if active else {},
        mood_source="alternative.me",
    )


def a_leap(name: str = PLAIN) -> Leap:
    """Return a coin of which one now stands for a thousand."""
    return Leap(asset=name, before=D("0.00012"), after=D("0.12"), at=NOW)


def a_stop(name: str = PLAIN, kind: StopKind = StopKind.HALTED) -> Stop:
    """Return a coin that is not traded any more."""
    return Stop(instrument=name, kind=kind, since=NOW, price=D("0.00012"), priced_at=NOW - timedelta(hours=3))


def a_case(name: str = PLAIN, *, leapt: bool = True) -> Case:
    """Return a coin without a market."""
    return Case(asset=name, qty=D("12.5"), price=D("0.00012"), stop=None if leapt else a_stop(name), leap=a_leap(name) if leapt else None)


def a_wish(name: str, way: WayOut) -> Wish:
    """Return what becomes of it, with its target shared out."""
    changes = {name: D("-12.5"), "LUNA2": D("12.5")} if way is WayOut.RENAME else {name: D(-12)}
    weights = {"BTC": D("0.6667"), STABLE: D("0.3333"), FUTURES: D(0)}
    to = {WayOut.RENAME: "LUNA2", WayOut.SPLIT: "0.5"}.get(way, "")
    case = replace(a_case(name), asset=f"{name}-PERP", entry=D(2), leap=None) if way is WayOut.SETTLE else a_case(name)
    return Wish(way=way, case=case, strategy=replace(a_strategy(name), weights=weights), changes=changes, to=to, price=D(3))


def trigger_steps(name: str = PLAIN) -> list[alerts.Step]:
    """Return a step of every trigger, in every direction."""
    numbers = {"volatility": "2.4", "trend": "0.6", "funding_low": "-0.00012", "funding_high": "0.0006", "fear_greed": "22"}
    sizes = {"volatility": "0.42", "trend": "0.25", "funding_low": "0.11", "funding_high": "0.5", "fear_greed": "1"}
    subjects = {"volatility": name, "trend": f"{name}-PERP"}
    together = [
        alerts.Step(Reason(trigger=Cause.VOLATILITY, line=line, event=event, reading=D("2.4"), limit=D(2), size=D("0.42"), read_at=NOW))
        for line, event in (*((BASKET, event) for event in Phase if event not in (Phase.EASE, Phase.NONE)), (name, Phase.WATCH))
    ]
    return together + [
        alerts.Step(
            Reason(
                trigger=Cause(trigger),
                line=subjects.get(trigger, ""),
                event=Phase(event),
                reading=D(reading),
                limit=TRIGGERS[trigger].params({})[TRIGGERS[trigger].enter],
                size=D(sizes[trigger]) if event != "end" else None,
                age_s=int(OLD_S),
            ),
            suppressed=trigger == "funding_low" and event == "begin",
        )
        for trigger, reading in numbers.items()
        for event in ("begin", "change", *(["ease"] if trigger == "trend" else []), "end")
    ]


def report(name: str = PLAIN, *, known: bool = True, lines: int = 4) -> StatusReport:
    """Return a status with everything that it may say."""
    codes = (
        "missing_price",
        "zero_price",
        "stale_price",
        "outlying_price",
        "wide_spread",
        "empty_balance",
        "empty",
        "unreachable",
        "unreadable",
        "place_refused",
        "bad_value",
        name,
    )
    unknown = Check(at=NOW, problems=tuple(Problem(code=code, instrument=name, age_s=240) for code in codes), held_back=HeldBack.NO_DATA)
    return StatusReport(
        portfolio=replace(portfolio(name), snoozed_until=NOW + timedelta(hours=1)),
        check=Check(at=NOW, figures=figures(name, lines=lines)) if known else unknown,
        amounts={"BTC": D("0.41646"), "ETH": D("6.8184123"), name: D("133.3"), "ADA": D("31234.5"), "USDT": D(8758)} if known else {},
        positions={"BTC-PERP": D("0.0803"), f"{name}-PERP": D("-0.06")} if known else {},
        price_age_s=4 if known else None,
        next_check_s=41,
        market_time=NOW - timedelta(days=900),
        performance=EARNED,
        funding_8h=D("0.00011"),
        open_plan=a_plan(),
        next_run=NOW + timedelta(days=3),
    )


def exposed(name: str = PLAIN, *, coins: int = 2, known: bool = True) -> ExposureReport:
    """Return the exposure of a net short book over ``coins`` coins, the second of them called ``name``."""
    if not known:
        return ExposureReport(portfolio=portfolio(name), problems=report(name, known=False).check.problems)
    names = ["BTC", name, *(f"C{at}" for at in range(coins - 2))]
    return ExposureReport(
        portfolio=portfolio(name),
        figures=figures(name),
        assets=tuple(
            AssetExposure(asset=one, spot=D("1250000.4"), futures=D("-987654.3") if at < 2 else D(0)) for at, one in enumerate(names)
        ),
        contracts=(
            ContractReading(contract="BTC-PERP", notional=D("-987654.3"), liquidation=D("0.48"), funding_day=D("-123.45")),
            ContractReading(contract=f"{name}-PERP", notional=D("-987654.3")),
        ),
        price_age_s=4,
    )


def _toured(number: int, words: Words) -> View:
    return tour.step(words, number)


def _explained(term: str, name: str, words: Words) -> View:
    return terms.term(words, term, exposed(name))


def scheduled(name: str, freq: str, invest: Decimal | None = None) -> Portfolio:
    """Return a portfolio with a schedule in the zone of the longest name."""
    rule = ScheduleRule(invest=invest, freq=freq, time="09:30", zone="America/Argentina/ComodRivadavia", set_at=NOW, weekday=2, day=31)
    return replace(portfolio(name), strategy=replace(a_strategy(name), schedule=rule), answer=AnswerMode.NOTIFY, paused=freq == "daily")


def person(name: str = "Ann", role: Role = Role.PENDING) -> Person:
    """Return somebody called ``name``."""
    return Person(id=9_007_199_254, chat_id=9_007_199_254, name=name, role=role)


EARNED = Performance(today=D("-0.016"), month=None, is_a_month_old=True, total=D("0.123"), profit=D("-12.3"), since=NOW)


def a_flow(kind: FlowKind, changes: dict[str, str]) -> Flow:
    """Return a flow worth 1,234.50."""
    return Flow(id=7, portfolio_id=1, at=NOW, kind=kind, value=D(10_000), amount=D("1234.5"), facts={"changes": changes})


def a_correction(name: str, *, one: bool = False) -> Corrected:
    """Return a correction that asks what it was; of ``one`` coin, or of everything that can be corrected."""
    before, after = Holdings(spot={name: D("0.5"), "USDT": D(1)}), Holdings(spot={name: D("0.6"), "USDT": D(1)})
    if not one:
        after = Holdings(spot={name: D("0.6")}, futures_wallet=D(2500), positions={f"{name}-PERP": (D("-0.05"), D(61_000))})
    return Corrected(flow=a_flow(FlowKind.CORRECTION, {}), before=before, after=after, asks=True)


def an_act(kind: EntryKind, name: str, *, qty: str = "-0.05", price: str = "61000") -> dict[str, Any]:
    """Return what an exchange did to a position."""
    return {"kind": kind.value, "contract": f"{name}-PERP", "qty": qty, "price": price, "at": NOW.isoformat()}


def _every(name: str) -> dict[str, Callable[[Words], View]]:
    port, done = portfolio(name), a_plan(name, PlanState.DONE, after())
    moved = triggered(name, active=True).check.figures
    settled = ScheduleMark(settled=NOW, date="2026-11-24", at=NOW, outcome=Outcome.INSIDE)
    mistakes = [UserError("{name} is listed twice.", name=name), UserError("There is no number after {name}.", name=name)]
    fired = Check(at=NOW, figures=figures(name, lines=12), fired=(name, STABLE), held_back=HeldBack.FIRED_BEFORE)
    presets = {preset: a_strategy(name, preset) for preset in ("conservative", "balanced", "aggressive")}
    offered = {start.TODAY: a_strategy(name, "custom"), **presets}
    several = beside_each_other(name)
    closed = several[-1].portfolio
    return {
        "person.access.outside": lambda w: access.outside(w, Gate.BLOCKED),
        "person.access.pairing": access.pairing,
        "person.access.paired": access.paired,
        "person.access.asked": access.asked,
        "person.access.waiting": access.waiting,
        "person.access.blocked": access.blocked,
        "person.access.approved": access.approved,
        "person.broadcast.usage": broadcast.usage,
        "person.broadcast.said": lambda w: broadcast.said(w, a_broadcast(name)),
        **{f"person.broadcast.progress {stage}": partial(_broadcast, name, stage) for stage in Stage},
        "person.broadcast.progress with nobody": lambda w: broadcast.progress(
            w, Progress(broadcast=Broadcast(id=1, by=1, texts={"": name}))
        ),
        "person.health.health": lambda w: health.health(w, a_health(name), NOW),
        "person.health.health of nothing well": lambda w: health.health(w, a_health(name, well=False), NOW),
        "person.keys.closed": lambda w: keys.closed(w, demo=False),
        "person.keys.closed in the demo": lambda w: keys.closed(w, demo=True),
        "person.keys.choice": lambda w: keys.choice(w, ("binance", "bybit", "binance:demo", "bybit:testnet"), has_keys=True),
        "person.keys.choice without tests": lambda w: keys.choice(w, ("binance",), has_keys=False),
        **{f"person.keys.guide of {one}": partial(_guide, one) for one in key_guides.GUIDES},
        "person.keys.guide": lambda w: keys.guide(w, "bybit"),
        "person.keys.guide with a form": lambda w: keys.guide(w, "binance", "https://bot.example/key/" + "x" * 43),
        "person.keys.ask": lambda w: keys.ask(w, "binance"),
        "person.keys.ask of our own": lambda w: keys.ask(w, "binance:own", key="Key0001\nSecret0001"),
        "person.keys.unreadable": lambda w: keys.unreadable(w, "binance", deleted=False),
        "person.keys.unreadable with a third part": lambda w: keys.unreadable(w, "weex", deleted=False),
        "person.keys.unheard": lambda w: keys.unheard(w, deleted=True),
        "person.keys.unasked": lambda w: keys.unasked(w, deleted=True),
        "person.keys.unasked and there": lambda w: keys.unasked(w, deleted=False),
        "person.keys.checking": lambda w: keys.checking(w, "binance", deleted=False),
        "person.keys.refused": lambda w: keys.refused(w, "binance", "abcd", KEY.report),
        "person.keys.card": lambda w: keys.card(w, KEY, NOW, new=True),
        "person.keys.card of a lost one": lambda w: keys.card(w, replace(KEY, is_lost=True), NOW),
        "person.keys.card of one with money that cannot be used": lambda w: keys.card(
            w, replace(KEY, report=KeyReport(at=NOW, reads=True, found=(("spot", "USDT", "12.5"), ("fund", "USDT", "250")))), NOW
        ),
        "person.keys.card of a sound one": lambda w: keys.card(w, replace(KEY, report=KeyReport(at=NOW, reads=True)), NOW),
        "person.keys.listed": lambda w: keys.listed(w, (KEY, replace(KEY, is_lost=True, exchange="kraken"))),
        "person.keys.listed none": lambda w: keys.listed(w, ()),
        "person.keys.which": lambda w: keys.which(w, (KEY, KEY)),
        "person.keys.remove_offer": lambda w: keys.remove_offer(w, KEY),
        "person.keys.removed": lambda w: keys.removed(w, KEY),
        "person.keys.gone": keys.gone,
        "person.keys.trouble": lambda w: keys.trouble(w, KEY),
        "person.access.operator_only": access.operator_only,
        "person.access.no_groups": access.no_groups,
        "person.access.access_request": lambda w: access.access_request(w, person(name)),
        "person.access.access_requests": lambda w: access.access_requests(w, [person(name), person("Ben")], 300),
        "person.access.access_decided": lambda w: access.access_decided(w, person(name, Role.MEMBER)),
        "person.access.access_decided blocked": lambda w: access.access_decided(w, person(name, Role.BLOCKED)),
        "person.access.users": lambda w: access.users(w, ([person(name, role) for role in Role] * 12)[:30], 48, 0),
        "alerts.drift_alert": lambda w: alerts.drift_alert(w, port, figures(name, lines=12).limits),
        "alerts.explained": lambda w: alerts.explained(w, alerts.drift_alert(w, port, figures(name, lines=12).limits)),
        "alerts.depeg_alert": lambda w: alerts.depeg_alert(w, port, [alerts.Depegged(name, D("10000"), D("0.88"))] * 3),
        "alerts.problem_alert": lambda w: alerts.problem_alert(w, port, report(name, known=False).check.problems),
        "alerts.snoozed": lambda w: alerts.snoozed(w, port, NOW),
        **{f"plan.autonomy.unanswered {why}": lambda w, why=why: autonomy.unanswered(w, port, nobody(name), why) for why in ("", "moved")},
        "plan.autonomy.reminder": lambda w: autonomy.reminder(w, port, a_plan(name)),
        "plan.autonomy.not_alone": lambda w: autonomy.not_alone(w, portfolio(name, Mode.MANUAL)),
        "plan.autonomy.consent": lambda w: autonomy.consent(w, port, AutoLimits(trade=D(500), share=D("0.1")), D("98412.07")),
        "plan.autonomy.consent unknown": lambda w: autonomy.consent(w, port, AutoLimits(trade=D(500), turnover=D(2000)), None),
        "person.settings.mode auto": lambda w: control.mode(w, on_auto(name)),
        **{
            f"plan.card.plan_card asks {why}": lambda w, why=why: card.plan_card(w, port, asking(name, why), NOW) for why in NotAlone if why
        },
        "plan.progress.progress alone": lambda w: progress.progress(w, port, by_itself(name, PlanState.RUNNING)),
        "plan.progress.result alone": lambda w: progress.result(w, port, by_itself(name, PlanState.DONE)),
        "person.alert_settings.alerts": lambda w: alert_settings.alerts(w, AlertSettings()),
        "person.alert_settings.alerts quiet": lambda w: alert_settings.alerts(
            w, AlertSettings(rings={AlertKind.TREND: Ring.OFF}, quiet_from="22:00", quiet_to="08:00", reminder_h=4, review=Rhythm.WEEK)
        ),
        "person.alert_settings.digest": lambda w: alert_settings.digest(w, [(NOW, esc(name))] * 40),
        "person.alert_settings.snooze_choice": lambda w: alert_settings.snooze_choice(w, port, "plan:123456"),
        "person.alert_settings.snooze_choice of an alert": lambda w: alert_settings.snooze_choice(w, port, "portfolio:7"),
        "person.pause.activity": lambda w: pause.activity(w, [PortfolioRow(portfolio=replace(port, paused=True), plan=a_plan(name))]),
        "person.pause.activity of several": lambda w: pause.activity(w, several),
        "person.pause.activity resumed": lambda w: pause.activity(w, [PortfolioRow(portfolio=port)]),
        "person.portfolios.portfolios": lambda w: beside.portfolios(w, several, 7, NOW),
        "person.portfolios.portfolios of none": lambda w: beside.portfolios(w, several[-1:], None, NOW),
        "person.portfolios.rename_prompt": lambda w: beside.rename_prompt(w, port),
        "person.portfolios.close_offer": lambda w: beside.close_offer(w, port, a_plan(name)),
        "person.portfolios.must_end": lambda w: beside.must_end(w, UnderWay(portfolio=port, plan=a_plan(name))),
        "person.portfolios.must_end panic": lambda w: beside.must_end(w, UnderWay(portfolio=port, plan=None)),
        "person.portfolios.was_closed": lambda w: beside.was_closed(w, closed, port),
        "person.portfolios.closed_list": lambda w: beside.closed_list(w, several),
        "problems.closed": lambda w: problems.closed(w, closed),
        "person.privacy.privacy": privacy.privacy,
        "person.privacy.caption": privacy.caption,
        "person.privacy.offer": lambda w: privacy.offer(w, (port, closed), "AbCdE"),
        "person.privacy.offer of none": lambda w: privacy.offer(w, (), "AbCdE"),
        "person.privacy.forgotten": privacy.forgotten,
        "person.halt.restored": lambda w: halt.restored(w, NOW),
        "person.halt.halted": lambda w: halt.halted(w, _HALT),
        "person.halt.halted already": lambda w: halt.halted(w, replace(_HALT, is_new=False, plans=0, orders=0)),
        "person.halt.question": lambda w: halt.question(w, _HALT),
        "person.halt.not_halted": halt.not_halted,
        "person.halt.let_go": lambda w: halt.let_go(w, LetGo(since=NOW, plans=2)),
        "person.halt.told": lambda w: halt.told(w, NOW),
        "person.halt.told_over": lambda w: halt.told_over(w, NOW, NOW),
        "plan.progress.halted": lambda w: progress.halted(w, port, a_plan(name), PlanHalt(since=NOW, stopped=True, unsettled=True)),
        "plan.progress.halted over": lambda w: progress.halted(w, port, a_plan(name), PlanHalt(stopped=True)),
        "plan.progress.shown": lambda w: progress.shown(w, port, a_plan(name, PlanState.PARKED), PlanHalt(stopped=True), NOW),
        "person.settings.mode": lambda w: control.mode(w, port),
        "person.settings.settings": lambda w: control.settings(w, person(name), name[:30], NOW),
        "person.settings.zone_choice": lambda w: control.zone_choice(w, person()),
        "person.settings.zone_question": lambda w: control.zone_question(w, ("Etc/GMT-2", "America/New_York"), NOW, is_named=True),
        "problems.no_button": lambda w: problems.no_button(w, asked=True),
        "problems.command_meant": lambda w: problems.command_meant(w, "status"),
        "problems.command_meant with words": lambda w: problems.command_meant(w, "targets", name, port),
        **{f"person.tour.step {number}": partial(_toured, number) for number in range(1, len(tour.STEPS) + 2)},
        "person.tour.ended": tour.ended,
        "person.terms.every": terms.every,
        **{f"person.terms.term {one}": partial(_explained, one, name) for one in terms.TERMS},
        "person.settings.help_page": lambda w: control.help_page(w, "strategy", operator=True),
        "plan.progress.progress": lambda w: progress.progress(w, port, a_plan(name, PlanState.RUNNING)),
        "plan.progress.result": lambda w: progress.result(w, port, done),
        "plan.progress.result unmeasured": lambda w: progress.result(w, port, replace(done, result=None)),
        "plan.progress.parked": lambda w: progress.parked(w, port, a_plan(name, PlanState.PARKED)),
        **{
            f"plan.progress.parked {why.value}": lambda w, why=why: progress.parked(
                w, port, _all_known(a_plan(name, PlanState.PARKED)), why.value
            )
            for why in LiveStop
        },
        "problems.unreachable": lambda w: problems.unreachable(w, port, Unreachable("no answer")),
        "problems.unreachable from here": lambda w: problems.unreachable(w, port, PlaceRefused("451")),
        "problems.unreachable elsewhere": lambda w: problems.unreachable(w, port, OtherWorld(name)),
        "plan.by_hand.prompt": lambda w: by_hand.prompt(w, port, a_plan(name)),
        "plan.by_hand.noted": lambda w: by_hand.noted(w, port, a_plan(name, PlanState.CONFIRMED)),
        "plan.by_hand.seen_in_part": lambda w: by_hand.seen_in_part(
            w, port, SeenInPart(plan=a_plan(name), legs=as_seen(a_plan(name).legs, [], {}))
        ),
        "plan.by_hand.taken_back": lambda w: by_hand.taken_back(w, port, a_plan(name)),
        "plan.progress.moved_on to its result": lambda w: progress.moved_on(w, port, done),
        "alerts.followed": lambda w: alerts.followed(w, alerts.margin_alert(w, port, None, None), a_plan(name)),
        "plan.progress.moved_on": lambda w: progress.moved_on(w, port, a_plan(name, PlanState.PARKED)),
        "portfolio.flows.prompt": lambda w: flows.prompt(w, port, FlowKind.WITHDRAWAL),
        "portfolio.flows.correct_prompt": lambda w: flows.correct_prompt(w, port),
        "portfolio.flows.which": lambda w: flows.which(
            w, port, {"0a1b2c3d": {name: D(1234)}, "4e5f6a7b": {name: D("1.234")}}, {name: D(2500)}, flows.MOVE_AS
        ),
        "portfolio.flows.moved": lambda w: flows.moved(w, port, a_flow(FlowKind.DEPOSIT, {name: "0.5", "USDT": "-100"})),
        "portfolio.flows.seen": lambda w: flows.seen(w, port, a_flow(FlowKind.DEPOSIT, {name: "0.5"})),
        "portfolio.flows.seen to go": lambda w: flows.seen(w, port, a_flow(FlowKind.WITHDRAWAL, {"USDT": "-500"})),
        "portfolio.exchange_acts.orders_differ": lambda w: exchange_acts.orders_differ(
            w,
            port,
            {
                "number": 3,
                "orders": [
                    {"instrument": name, "side": "sell", "booked": "1", "filled": "1.5", "price": "20.1"},
                    {"instrument": name, "side": "buy", "booked": "2", "filled": "1.5", "price": "20.1"},
                    {"instrument": name, "side": "buy", "booked": "2"},
                ],
            },
        ),
        "portfolio.exchange_acts.acted": lambda w: exchange_acts.acted(w, port, an_act(EntryKind.LIQUIDATION, name)),
        "portfolio.exchange_acts.acted at no price": lambda w: exchange_acts.acted(
            w, port, an_act(EntryKind.SETTLED, name) | {"price": "0"}
        ),
        "portfolio.exchange_acts.acted by somebody": lambda w: exchange_acts.acted(w, port, an_act(EntryKind.CLOSED, name)),
        "portfolio.exchange_acts.acted in part": lambda w: exchange_acts.acted(w, port, an_act(EntryKind.DELEVERAGED, name, qty="2")),
        "portfolio.flows.moved to invest": lambda w: flows.moved(w, port, a_flow(FlowKind.DEPOSIT, {"USDT": "500"})),
        "portfolio.flows.moved unknown": lambda w: flows.moved(w, port, replace(a_flow(FlowKind.UNDONE, {name: "-1"}), amount=None)),
        "portfolio.flows.corrected": lambda w: flows.corrected(w, port, a_correction(name)),
        "portfolio.flows.corrected of one coin": lambda w: flows.corrected(w, port, a_correction(name, one=True)),
        "portfolio.flows.corrected answered": lambda w: flows.corrected(w, port, a_correction(name), answered=True),
        "portfolio.invest.prompt": lambda w: invest.prompt(w, port, D("1002.119")),
        "portfolio.invest.too_much": lambda w: invest.too_much(w, port, D(5000), D("1002.119")),
        "portfolio.invest.stays": lambda w: invest.stays(w, port, D(5000), ()),
        "portfolio.invest.stays small": lambda w: invest.stays(
            w, port, D(4), (LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=name, amount=D(4), minimum=D(5)),)
        ),
        "portfolio.invest.stays halted": lambda w: invest.stays(w, port, D(5000), (LeftOut(why=LeftOutWhy.HALTED, instrument=name),)),
        "portfolio.flows.unchanged": lambda w: flows.unchanged(w, port),
        "portfolio.flows.no_entry": lambda w: flows.no_entry(w, port, f"{name}-PERP"),
        "portfolio.flows.too_little": lambda w: flows.too_little(w, port, TooLittle(asset=name, there=D("0.5"), wanted=D(9))),
        "portfolio.flows.not_ours": lambda w: flows.not_ours(w, port),
        "portfolio.exposure.exposure": lambda w: exposure.exposure(w, exposed(name)),
        "portfolio.exposure.exposure of moved targets": lambda w: exposure.exposure(w, replace(exposed(name), figures=moved)),
        "portfolio.exposure.exposure of thirty": lambda w: exposure.exposure(w, exposed(name, coins=30)),
        "portfolio.exposure.exposure unknown": lambda w: exposure.exposure(w, exposed(name, known=False)),
        **_hedges(name),
        **_panics(name),
        "plan.history.history": lambda w: history.history(w, port, [done] * 9, more=True),
        "plan.history.history empty": lambda w: history.history(w, port, []),
        "plan.history.plan_in_full": lambda w: history.plan_in_full(w, port, done),
        "portfolio.options.options": lambda w: options.options(w, port, ()),
        "portfolio.options.options on": lambda w: options.options(w, _tilted(name), (_TILT, replace(_TILT, asset=name, weight=D("0.01")))),
        "portfolio.strategy.bands with a limit": lambda w: strategy.bands(w, _tilted(name)),
        "plan.card.plan_card": lambda w: card.plan_card(w, port, a_plan(name), NOW, lead=name),
        "plan.card.plan_card by hand": lambda w: card.plan_card(
            w, portfolio(name, Mode.MANUAL), replace(a_plan(name), mode=Mode.MANUAL), NOW
        ),
        "plan.more.more": lambda w: more.more(w, port, a_plan(name)),
        "plan.more.more that realises": lambda w: more.more(w, port, a_plan(name), 9, Expected(coins=D(-9), futures=D(3), realises=True)),
        "plan.more.more that realises what nobody knows": lambda w: more.more(
            w, port, a_plan(name), 9, Expected(unknown=D(99), unknown_futures=1, realises=True)
        ),
        "plan.more.more that realises nothing": lambda w: more.more(w, port, a_plan(name), 9, Expected()),
        "plan.more.more behind it": lambda w: more.more(w, port, _long_plan(name), 2),
        "plan.card.plan_card long": lambda w: card.plan_card(w, port, _long_plan(name), NOW),
        "plan.card.plan_card unknown costs": lambda w: card.plan_card(w, port, with_slippage(a_plan(name), None), NOW),
        "plan.card.plan_card dear": lambda w: card.plan_card(w, port, with_slippage(a_plan(name), D("56.3")), NOW),
        "portfolio.band_advice.recommended": lambda w: advice.recommended(w, advised(name)),
        "portfolio.band_advice.recommended within a budget": lambda w: advice.recommended(w, advised(name, budget=D("0.01"), lines=14)),
        "portfolio.band_advice.recommended without prices": lambda w: advice.recommended(
            w, advising.Advice(portfolio=port, te_budget=None, problems=(Problem(code="unreachable"),))
        ),
        "plan.costs.question": lambda w: costs.question(w, port, with_slippage(a_plan(name), D("56.3")), NOW),
        "plan.costs.question long": lambda w: costs.question(w, port, with_slippage(_long_plan(name), D("156.3")), NOW),
        "plan.progress.result not followed": lambda w: progress.result(w, port, not_followed(done)),
        "plan.progress.result left": lambda w: progress.result(w, port, not_followed(done), asking=False),
        "plan.card.closed_card": lambda w: card.closed_card(w, portfolio(name, Mode.LIVE), a_plan(name, PlanState.EXPIRED)),
        "plan.card.edit": lambda w: card.edit(w, port, a_plan(name), NOW),
        "plan.card.edit long": lambda w: card.edit(w, port, _long_plan(name), NOW),
        "plan.nothing.nothing_to_do": lambda w: nothing.nothing_to_do(w, NothingToDo(portfolio=port, figures=figures(name, lines=12))),
        "plan.nothing.nothing_to_do of moved targets": lambda w: nothing.nothing_to_do(w, NothingToDo(portfolio=port, figures=moved)),
        "plan.nothing.nothing_to_do but little": lambda w: nothing.nothing_to_do(
            w,
            NothingToDo(
                portfolio=port, figures=figures(name, lines=12), small=SmallDifference(instrument=f"{name}-PERP", weight=D("0.0021"))
            ),
        ),
        "plan.nothing.nothing_to_do since a plan": lambda w: nothing.nothing_to_do(
            w,
            NothingToDo(
                portfolio=port, figures=moved, small=SmallDifference(instrument=name, weight=D("0.021")), since=a_plan(name, PlanState.DONE)
            ),
        ),
        "plan.card.busy": lambda w: card.busy(w, port, a_plan(name, PlanState.RUNNING)),
        "problems.cannot_evaluate": lambda w: problems.cannot_evaluate(w, port, report(name, known=False).check.problems),
        "problems.damaged": lambda w: problems.damaged(w, Damaged("plan", 7), "a1b2c3", None),
        "problems.failure": lambda w: problems.failure(w, "a1b2c3"),
        "problems.damaged of a portfolio": lambda w: problems.damaged(w, Damaged("strategy"), "a1b2c3", head(w, port, name=True)),
        "problems.mistake": lambda w: problems.mistake(w, mistakes[0]),
        "problems.mistakes": lambda w: problems.mistakes(w, mistakes, strategy.targets_example("USDT")),
        "sentences.asked": lambda w: sentences.asked(w, "invest", "500 USDT", port),
        "sentences.not_understood": lambda w: sentences.not_understood(w, ("pause", "schedule", "mode")),
        "sentences.refused": lambda w: sentences.refused(w, ("why", "mode", "pause")),
        "sentences.only_text": sentences.only_text,
        "problems.unknown_command": lambda w: problems.unknown_command(w, name),
        "problems.no_portfolio": problems.no_portfolio,
        "problems.cancelled": lambda w: problems.cancelled(w, "start"),
        "problems.edited": problems.edited,
        "problems.forwarded": problems.forwarded,
        "problems.answer_lost": lambda w: problems.answer_lost(w, NOW),
        "portfolio.lives.stopped": lambda w: lives.stopped(
            w, port, [(a_stop(name, kind), D(4)) for kind in StopKind], replace(a_plan(name), mode=Mode.MANUAL)
        ),
        "portfolio.lives.stopped at no price": lambda w: lives.stopped(
            w, port, [(replace(a_stop(name, StopKind.GONE), price=None, priced_at=None), D(-4))] * 12
        ),
        "portfolio.lives.traded_again": lambda w: lives.traded_again(w, port, [name, f"{name}-PERP"]),
        "plan.nothing.nothing_to_do while halted": lambda w: nothing.nothing_to_do(
            w,
            NothingToDo(
                portfolio=port,
                figures=replace(figures(name, lines=12), stopped=tuple(a_stop(name, kind) for kind in StopKind)),
                left_out=(LeftOut(why=LeftOutWhy.HALTED, instrument=name),),
            ),
            NOW,
        ),
        "portfolio.ways_out.choices": lambda w: ways_out.choices(w, port, [a_case(name)]),
        "portfolio.ways_out.choices of a contract": lambda w: ways_out.choices(w, port, [a_wish(name, WayOut.SETTLE).case]),
        "portfolio.ways_out.choices of several": lambda w: ways_out.choices(w, port, [a_case(name, leapt=False)] * 12),
        **{
            f"portfolio.ways_out.prompt for {way.name}": lambda w, way=way: ways_out.prompt(w, port, a_case(name), way)
            for way in (WayOut.RENAME, WayOut.SPLIT)
        },
        **{f"portfolio.ways_out.review of {way.name}": lambda w, way=way: ways_out.review(w, port, a_wish(name, way)) for way in WayOut},
        **{f"portfolio.ways_out.done with {way.name}": lambda w, way=way: ways_out.done(w, port, a_wish(name, way), 7) for way in WayOut},
        "portfolio.leaps.question": lambda w: leaps.question(w, port, a_leap(name)),
        "portfolio.leaps.answered": lambda w: leaps.answered(w, port, a_leap(name), LeapWhy.TRUE),
        "portfolio.leaps.answered by hand": lambda w: leaps.answered(
            w, replace(port, mode=Mode.MANUAL), a_leap(name), LeapWhy.REDENOMINATED
        ),
        "portfolio.leaps.answered elsewhere": lambda w: leaps.answered(w, port, a_leap(name), LeapWhy.WRITTEN_OFF),
        "problems.clock_off": lambda w: problems.clock_off(w, name, 7),
        "problems.clock_off behind": lambda w: problems.clock_off(w, name, -3600),
        "problems.stumbled": lambda w: problems.stumbled(w, port, "a1b2c3"),
        "problems.evaluated_again": lambda w: problems.evaluated_again(w, port),
        "problems.missed_checks": lambda w: problems.missed_checks(w, port, 21, NOW, NOW, exact=True),
        "problems.missed_checks killed": lambda w: problems.missed_checks(w, port, 21, NOW, NOW, exact=False),
        "person.schedule.schedule": lambda w: schedule.schedule(w, port, None, ScheduleMark()),
        **{
            f"person.schedule.schedule {freq}": lambda w, freq=freq: schedule.schedule(w, scheduled(name, freq), NOW, settled)
            for freq in ("daily", "weekly", "monthly", "quarterly")
        },
        "person.schedule.schedule invests": lambda w: schedule.schedule(w, scheduled(name, "weekly", D("1234.5")), NOW, settled),
        "person.schedule.due": lambda w: schedule.due(w, port),
        "person.schedule.due invests": lambda w: schedule.due(w, scheduled(name, "weekly", D("1234.5"))),
        "person.schedule.skipped": lambda w: schedule.skipped(w, port, 3, NOW),
        "portfolio.start.welcome": lambda w: start.welcome(w, ["English", "Español", "Русский", "Türkçe"]),
        "portfolio.start.welcome demo": lambda w: start.welcome(w, ["English"], demo=True, connects=False),
        "portfolio.start.replace_or_keep": lambda w: start.replace_or_keep(w, [port]),
        "portfolio.start.replace_or_keep of several": lambda w: start.replace_or_keep(w, [row.portfolio for row in several[:2]]),
        "portfolio.start.not_replaced": lambda w: start.not_replaced(w, UnderWay(portfolio=port, plan=a_plan(name))),
        "portfolio.start.not_replaced panic": lambda w: start.not_replaced(w, UnderWay(portfolio=port, plan=None)),
        "portfolio.start.amount_choice": lambda w: start.amount_choice(w, Mode.PAPER),
        "portfolio.start.holdings_prompt": start.holdings_prompt,
        "portfolio.start.holdings_review": lambda w: start.holdings_review(
            w, {"0a1b2c3d": {name: D("0.5"), "USDT": D(1000)}}, {name: D("60000.1"), "USDT": D(1)}
        ),
        "portfolio.start.holdings_review two ways": lambda w: start.holdings_review(
            w, {"0a1b2c3d": {name: D(1234), "BTC": D(1)}, "4e5f6a7b": {name: D("1.234"), "BTC": D(1)}}, {}
        ),
        "portfolio.start.strategy_choice": lambda w: start.strategy_choice(w, Mode.PAPER, presets, "aggressive", answers="0a1b2c3d"),
        "portfolio.start.strategy_choice in another dollar": lambda w: start.strategy_choice(
            w, Mode.PAPER, presets, "aggressive", answers="0a1b2c3d", kept_in=start.KeptIn(quote="USDC", other="USDT")
        ),
        "portfolio.start.strategy_choice of more of it": lambda w: start.strategy_choice(
            w, Mode.PAPER, presets, "aggressive", answers="0a1b2c3d", kept_in=start.KeptIn(other="USDC", holds_more_of_other=True)
        ),
        "portfolio.start.strategy_choice of what is held": lambda w: start.strategy_choice(
            w, Mode.MANUAL, offered, start.TODAY, answers="0a1b2c3d"
        ),
        "portfolio.start.futures_question": start.futures_question,
        "portfolio.start.strategy_choice instead": lambda w: start.strategy_choice(
            w, Mode.PAPER, presets, "aggressive", port, answers="0a1b2c3d"
        ),
        "portfolio.start.custom_prompt": lambda w: start.custom_prompt(w, Mode.PAPER, "USDT"),
        "portfolio.start.custom_prompt instead": lambda w: start.custom_prompt(w, Mode.PAPER, "USDT", replaced=port),
        "portfolio.start.created": lambda w: start.created(w, port, D(10000)),
        "portfolio.start.created asks": lambda w: start.created(
            w, port, clock=control.zone_ask(w, ("Europe/Madrid", "America/Buenos_Aires"), NOW)
        ),
        "portfolio.start.created on target": lambda w: start.created(w, port, on_target=True),
        "portfolio.start.language_choice": lambda w: start.language_choice(
            w, {"en": "English", "es": "Español", "ru": "Русский"}, "settings"
        ),
        "portfolio.status.status": lambda w: status.status(w, report(name), NOW),
        "portfolio.status.status of twelve": lambda w: status.status(w, report(name, lines=12), NOW),
        "portfolio.status.status unknown": lambda w: status.status(w, report(name, known=False), NOW),
        "portfolio.untargeted.question": lambda w: untargeted.question(w, port, [name]),
        "portfolio.untargeted.question of many": lambda w: untargeted.question(w, port, [name, "ADA", "SOL", "XRP", "DOGE", "LTC"]),
        "portfolio.keep.kept": lambda w: keep.kept(w, keeping(name), figures(name), changed=True),
        "portfolio.keep.kept unknown": lambda w: keep.kept(w, keeping(name), None),
        "portfolio.keep.kept nothing": lambda w: keep.kept(w, port, None),
        "portfolio.keep.cannot": lambda w: keep.cannot(w, port, mistakes[:1], name, [Decimal("0.2"), None]),
        "portfolio.keep.cannot at all": lambda w: keep.cannot(w, port, mistakes, name, []),
        "portfolio.exposure.exposure assumed": lambda w: exposure.exposure(w, replace(exposed(name), assumed=(name, "ADA"))),
        "portfolio.status.coins": lambda w: status.coins(w, report(name), figures(name), NOW),
        "portfolio.status.coins while halted": lambda w: status.coins(
            w, report(name), replace(figures(name), stopped=tuple(a_stop(name, kind) for kind in StopKind), waiting={name: D("0.4")}), NOW
        ),
        "portfolio.strategy.members_changed": lambda w: strategy.members_changed(w, port, held=True),
        "portfolio.strategy.members_changed of none": lambda w: strategy.members_changed(w, port, held=False),
        "portfolio.strategy.targets": lambda w: strategy.targets(w, port),
        "portfolio.strategy.preset_offer": lambda w: strategy.preset_offer(w, port, presets["balanced"], "balanced"),
        "portfolio.strategy.preset_offer of what is held": lambda w: strategy.preset_offer(w, port, offered[start.TODAY], start.TODAY),
        "portfolio.strategy.changed": lambda w: strategy.changed(w, port),
        "portfolio.strategy.bands": lambda w: strategy.bands(w, port),
        "trigger.page.overview": lambda w: page.overview(w, triggered(name)),
        "trigger.page.overview active": lambda w: page.overview(w, triggered(name, active=True)),
        "trigger.page.overview off": lambda w: page.overview(w, triggered(name, on=False, coins=20)),
        "trigger.page.overview blind": lambda w: page.overview(w, replace(report(name, known=False), signals=())),
        **{
            f"trigger.page.details {one}": lambda w, one=one: page.details(w, triggered(name, active=one is Cause.VOLATILITY), one)
            for one in INFO
        },
        "trigger.page.details blind": lambda w: page.details(w, replace(report(name, known=False), signals=()), Cause.FEAR_GREED),
        "trigger.page.about": page.about,
        "alerts.margin_alert": lambda w: alerts.margin_alert(w, port, D("0.08"), D("9.4")),
        "alerts.margin_alert unknown": lambda w: alerts.margin_alert(w, port, None, None),
        "alerts.margin_alert under way": lambda w: alerts.margin_alert(w, port, D("0.08"), D("9.4"), under_way=True),
        "alerts.trigger_alert": lambda w: alerts.trigger_alert(w, port, trigger_steps(name), "alternative.me"),
        "portfolio.status.status triggered": lambda w: status.status(w, triggered(name, active=True), NOW),
        "portfolio.status.status calm": lambda w: status.status(w, triggered(name), NOW),
        "portfolio.why.everything": lambda w: why.everything(w, triggered(name, active=True), figures(name, lines=12)),
        "portfolio.why.everything unknown": lambda w: why.everything(w, triggered(name, coins=20), None),
        "portfolio.why.why": lambda w: why.why(w, report(name), fired, NOW + timedelta(seconds=12)),
        "portfolio.why.why triggered": lambda w: why.why(w, triggered(name, active=True), triggered(name, active=True).check, NOW),
        "portfolio.why.why calm": lambda w: why.why(w, triggered(name, coins=20), triggered(name).check, NOW),
        "portfolio.why.why unknown": lambda w: why.why(w, report(name), report(name, known=False).check, NOW),
        "portfolio.why.why before the first check": lambda w: why.why(w, report(name), None, NOW),
    }


def _size(name: str, kind: str, **changes: Any) -> HedgeSize:
    """Return a hedge of 57,000 that would be near its liquidation."""
    wish = HedgeWish(kind=kind, size=BY_BETA if kind == COVER else "", coverage=D("0.125"), drop=D("0.333"), reason="fear_greed")
    size = HedgeSize(
        wish=wish,
        contract="BTC-PERP",
        mark=D(50_000),
        qty=D("-1.14"),
        asked=D(999_999),
        capped=True,
        sells={name: D(2_500), "ADA": D(1_500)},
        drop=D("0.2"),
        without=D(-22_800),
        hedged=D(-11_400),
        net_change=D("-0.09"),
        distance=D("0.171"),
        effectiveness=D("0.83"),
    )
    return replace(size, **changes)


def an_open_hedge(kind: str = COVER, **changes: Any) -> OpenHedge:
    """Return a hedge that was filled ten days ago."""
    offer = OpenHedge(
        kind=kind,
        contract="BTC-PERP",
        qty=D("-0.2"),
        opened_at=NOW - timedelta(days=10),
        price=D(50_000),
        moved={STABLE: D("0.033")},
        size="literal" if kind == COVER else "",
        coverage=D("0.5") if kind == COVER else None,
        drop=D("0.2"),
        settled=True,
        low=D(47_000),
        age_days=10,
        funding=D("-3.1"),
    )
    return replace(offer, **changes)


def _hedges(name: str) -> dict[str, Callable[[Words], View]]:
    """Return the views about hedges."""
    port = portfolio(name)
    readings = tuple(
        HedgeReading(hedge=one, mark=D(48_000), result=D("412.5"), distance=D("0.494"), closed=D(-22_800) if one.settled else None)
        for one in (an_open_hedge(ROTATION), an_open_hedge(settled=False), an_open_hedge(MIN_VARIANCE, closed="correction_over"))
    )
    covers = (_size(name, COVER, capped=False), _size(name, COVER), _size(name, MIN_VARIANCE))
    offered = HedgeReport(
        portfolio=port,
        open=readings,
        rotation=_size(name, ROTATION),
        covers=covers,
        bearish="fear_greed",
        alt=D("0.44"),
        alt_target=D("0.4"),
        mood=D(18),
        now=D(-20_800),
    )
    none = tuple(
        replace(one, problem=HedgeProblem.TOO_SMALL, minimum=D(10))
        for one in (*covers[:2], replace(covers[2], problem=HedgeProblem.NO_HISTORY))
    )
    rows = tuple(
        ShockRow(shock=D(at) / 10, without=D(at) * 11_400, hedged=D(at) * 5_700, covered=D("0.5") if at < 0 else None, liquidated=at > 1)
        for at in (-1, -2, -3, -5, 1, 2, 3)
    )
    table = ShockReport(portfolio=port, size=covers[1], rows=rows, stressed=True)
    facts = {"hedge": COVER, "price": "50000", "low": "45000", "mark": "50400", "result": "-80", "funding": "12.5", "rate": "-0.0005"}
    opens, closes = (replace(a_plan(name), hedge=one) for one in (an_open_hedge(), an_open_hedge(closed="manual")))
    return {
        "hedge.offer.hedge": lambda w: offer.hedge(w, offered),
        "hedge.offer.hedge below the mean": lambda w: offer.hedge(w, replace(offered, open=(), bearish="below_mean")),
        "hedge.offer.hedge nothing to be had": lambda w: offer.hedge(
            w, replace(offered, open=(), covers=none, bearish="", mood_unknown=True)
        ),
        "hedge.offer.hedge unknown": lambda w: offer.hedge(
            w, HedgeReport(portfolio=port, problems=report(name, known=False).check.problems, open=readings)
        ),
        **{
            f"hedge.offer.refused {word}": lambda w, word=word: offer.refused(w, port, _size(name, COVER, problem=word, minimum=D(10)))
            for word in HedgeProblem
            if word
        },
        "hedge.offer.without_futures": lambda w: offer.without_futures(w, replace(offered, open=())),
        "hedge.offer.which": lambda w: offer.which(w, offered),
        "hedge.offer.nothing_left": lambda w: offer.nothing_left(w, port),
        **{
            f"hedge.alerts.over {why}": lambda w, why=why: hedge_alerts.over(w, port, {**facts, "why": why})
            for why in ("stopped", "correction_over", "vol_subsided", "expired", "manual")
        },
        "hedge.alerts.funding": lambda w: hedge_alerts.funding(w, port, facts),
        "plan.card.plan_card of a hedge": lambda w: card.plan_card(w, port, opens, NOW),
        "plan.card.plan_card of its end": lambda w: card.plan_card(w, port, closes, NOW),
        "hedge.shocks.shocks": lambda w: shocks.shocks(w, table),
        "hedge.shocks.shocks of a long": lambda w: shocks.shocks(
            w, replace(table, size=_size(name, ROTATION, distance=None), stressed=False)
        ),
        "hedge.shocks.shocks refused": lambda w: shocks.shocks(w, replace(table, size=none[2])),
        "hedge.shocks.shocks unknown": lambda w: shocks.shocks(
            w, ShockReport(portfolio=port, problems=report(name, known=False).check.problems)
        ),
    }


def panicking(name: str, cause: Cause = Cause.PANIC, state: PlanState = PlanState.PROPOSED) -> Plan:
    """Return a plan of a panic with every kind of leg and omission."""
    return replace(a_plan(name, state, after() if state is PlanState.DONE else None), reasons=(Reason(trigger=cause),))


def _panics(name: str) -> dict[str, Callable[[Words], View]]:
    """Return every view of /panic."""
    port, by_hand = portfolio(name), portfolio(name, Mode.MANUAL)
    unknown = report(name, known=False).check.problems
    shown = [
        Effect(portfolio=port, plan=panicking(name), open_plan=a_plan(name, PlanState.RUNNING), open_orders=2),
        Effect(portfolio=port, plan=None, problems=unknown, open_plan=a_plan(name)),
        Effect(portfolio=by_hand, plan=replace(panicking(name), legs=(), left_out=())),
    ]
    answers = [Answer(portfolio=port, pressed=pressed, since=NOW, stopped=a_plan(name, PlanState.RUNNING)) for pressed in Pressed]
    answers += [Answer(portfolio=by_hand, pressed=Pressed.STOPPED, since=NOW, stopped=a_plan(name))]
    sold_out = panicking(name, Cause.SELL_OUT, PlanState.DONE)
    stopped = replace(port, paused=True)
    return {
        "plan.panic.effects": lambda w: panic.effects(w, shown, (), NOW),
        "plan.panic.effects unvalued": lambda w: panic.effects(w, [replace(shown[0], problems=unknown)], (), NOW),
        "plan.panic.effects of one": lambda w: panic.effects(w, shown[:1], (by_hand, port), NOW),
        "plan.panic.effects by hand": lambda w: panic.effects(w, [replace(shown[0], portfolio=by_hand)], (), NOW),
        "plan.panic.stopped": lambda w: panic.stopped(w, answers, NOW),
        "plan.panic.halted": lambda w: panic.halted(w, NOW, NOW),
        **{f"plan.panic.told {how}": lambda w, how=how: panic.told(w, port, how, unknown) for how in panic.TOLD},
        "plan.panic.sale": lambda w: panic.sale(w, replace(shown[0], plan=panicking(name, Cause.SELL_OUT)), NOW),
        "plan.panic.sale long": lambda w: panic.sale(w, replace(shown[0], plan=_long_plan(name)), NOW),
        "plan.panic.sale by hand": lambda w: panic.sale(w, replace(shown[0], portfolio=by_hand), NOW),
        "plan.panic.sale of nothing": lambda w: panic.sale(w, shown[2], NOW),
        "plan.panic.sale unknown": lambda w: panic.sale(w, shown[1], NOW),
        "plan.panic.sold": lambda w: panic.sold(w, port, sold_out),
        "plan.panic.result": lambda w: panic.result(w, stopped, panicking(name, state=PlanState.DONE), esc(name), (esc(name),)),
        "plan.panic.result of the sale": lambda w: progress.result(w, stopped, sold_out),
        "plan.panic.result whole": lambda w: progress.result(w, by_hand, replace(sold_out, legs=(), left_out=())),
        "plan.card.plan_card of a panic": lambda w: card.plan_card(w, by_hand, panicking(name), NOW),
        "plan.card.edit of a panic": lambda w: card.edit(w, by_hand, panicking(name), NOW),
        "plan.progress.progress of a panic": lambda w: progress.progress(w, port, panicking(name, state=PlanState.RUNNING)),
        "plan.card.closed_card of a panic": lambda w: card.closed_card(
            w, port, replace(a_plan(name, PlanState.SUPERSEDED), decided_by=DecidedBy.PANIC)
        ),
    }


def _long_plan(name: str) -> Plan:
    """Return a plan of forty legs."""
    many = tuple(replace(legs(name)[at % 8], index=at, state=LegState.PLANNED) for at in range(40))
    return replace(a_plan(name), legs=many)


def asking(name: str, why: NotAlone) -> Plan:
    """Return a plan of an auto portfolio that asks all the same, is reduced without an answer, and reminds before."""
    at = NOW + timedelta(minutes=30)
    stand = AnswerPolicy(why=why, amount=D(5000), limit=D(2000), remind_at=NOW if why == "dear" else None, reduce_at=at, patient=True)
    return replace(a_plan(name), stand=stand if why != "trend" else replace(stand, reduce_at=None), expires_at=at)


def by_itself(name: str, state: PlanState) -> Plan:
    """Return a plan that the bot has confirmed itself."""
    stand = AnswerPolicy(auto=True, limits=AutoLimits(trade=D(500), turnover=D(2000)), used=D(300))
    return replace(a_plan(name, state), stand=stand, decided_by=DecidedBy.AUTO)


def nobody(name: str) -> Plan:
    """Return a plan that nobody has answered, on its way to reduce risk."""
    return replace(a_plan(name, PlanState.CONFIRMED), decided_by=DecidedBy.UNANSWERED)


def on_auto(name: str) -> Portfolio:
    """Return a portfolio that acts by itself."""
    limits = AutoLimits(trade=D(500), share=D("0.1"))
    return replace(portfolio(name), answer=AnswerMode.AUTO, answering=Answering(limits=limits, unanswered=Unanswered.REDUCE))


def _guide(exchange: str, words: Words) -> View:
    key = "Key0001\nSecret0001" if exchange.endswith(":own") else ""
    return keys.guide(words, exchange, key=key, others=not key)


def _real_money(name: str) -> dict[str, Callable[[Words], View]]:
    """Return every view about real money."""
    limits = LiveLimits(order=D(6500))
    watched = replace(portfolio(name, Mode.LIVE), exchange="binance", key_id=1)
    live = replace(watched, live=LiveTerms(since=NOW, limits=limits))
    acting, auto = (
        replace(live, live=LiveTerms(since=NOW, limits=limits, is_tried=True, auto_since=NOW)),
        AutoLimits(trade=D(500), share=D("0.1")),
    )
    tested = replace(watched, exchange="binance:demo")
    return {
        "plan.real_money.consent of a test account": lambda w: real_money.consent(w, tested, limits, D(65_000)),
        "plan.real_money.agreed of a test account": lambda w: real_money.agreed(w, replace(tested, live=live.live), limits),
        "plan.real_money.terms of a test account": lambda w: real_money.terms(w, replace(tested, live=live.live)),
        "plan.real_money.watching a test account": lambda w: real_money.watching(w, tested, D(65_000)),
        "plan.real_money.as_before": lambda w: real_money.as_before(
            w, tested, say(w, "Nothing was changed."), button(w.t("Status"), "status")
        ),
        "plan.real_money.made_up": lambda w: real_money.made_up(w, "bybit"),
        "plan.real_money.watching": lambda w: real_money.watching(w, watched, D(65_000)),
        "plan.real_money.watching in place of another": lambda w: real_money.watching(
            w, watched, D(65_000), replaced=portfolio(name), clock=control.zone_ask(w, ("Europe/Madrid",), NOW), asks=False
        ),
        "portfolio.start.watched": lambda w: start.watched(
            w, watched, clock=control.zone_ask(w, ("Europe/Madrid", "America/Buenos_Aires"), NOW)
        ),
        "plan.real_money.watching unknown": lambda w: real_money.watching(w, watched, None),
        "plan.real_money.no_account": lambda w: real_money.no_account(w, watched, can_connect=True),
        "plan.real_money.no_account in a demo": lambda w: real_money.no_account(w, watched, can_connect=False),
        "plan.real_money.not_allowed": lambda w: real_money.not_allowed(w, watched),
        "plan.real_money.unknown_value": lambda w: real_money.unknown_value(w, watched),
        "plan.real_money.consent": lambda w: real_money.consent(w, watched, limits, D(65_000)),
        "plan.real_money.not_agreed": lambda w: real_money.not_agreed(w, watched),
        "plan.real_money.agreed": lambda w: real_money.agreed(w, live, limits),
        "plan.real_money.terms": lambda w: real_money.terms(w, live),
        "plan.real_money.watching_again": lambda w: real_money.watching_again(w, watched),
        "plan.real_money.loss": lambda w: real_money.loss(w, replace(live, paused=True), D("0.0513")),
        "plan.real_money.loss that ends acting alone": lambda w: real_money.loss(w, replace(live, paused=True), D("0.0513"), alone=True),
        "alerts.problem_alert with real money": lambda w: alerts.problem_alert(w, live, report(name, known=False).check.problems),
        "plan.real_money.changed": lambda w: real_money.changed(w, watched),
        "plan.real_money.terms of one that acts alone": lambda w: real_money.terms(w, acting),
        "plan.autonomy.not_alone where it is watched": lambda w: autonomy.not_alone(w, watched),
        "plan.autonomy.not_alone with real money": lambda w: autonomy.not_alone(w, live),
        "plan.alone.not_yet": lambda w: alone.not_yet(w, live),
        "plan.alone.stopped": lambda w: alone.stopped(w, live),
        "plan.alone.consent": lambda w: alone.consent(w, live, LiveTerms(since=NOW, limits=limits), auto, D(65_000)),
        "plan.alone.not_agreed": lambda w: alone.not_agreed(w, live),
        "plan.alone.changed": lambda w: alone.changed(w, live),
        "plan.alone.agreed": lambda w: alone.agreed(w, acting, auto),
        **{f"plan.alone.ended {why}": lambda w, why=why: alone.ended(w, live, why) for why in AloneEnded},
        "person.keys.unfit": lambda w: keys.unfit(w, KEY, (KeyProblem.HEDGE_MODE,)),
    }


def a_broadcast(name: str, stage: Stage = Stage.RUNNING) -> Broadcast:
    """Return what an operator writes in as many languages as there are, at length."""
    texts = dict.fromkeys(("", "en", "es", "ru"), f"{name} rests tonight. " * 60)
    return Broadcast(id=1, by=1, texts=texts, stage=stage, people=1)


def _broadcast(name: str, stage: Stage, words: Words) -> View:
    return broadcast.progress(words, Progress(broadcast=a_broadcast(name, stage), sent=12_345, lost=1))


def a_health(name: str = PLAIN, *, well: bool = True) -> Health:
    """Return how a program stands in which all is well, or nothing."""
    return Health(
        kind=ProcessKind.WORKER,
        check_age_s=12.0 if well else None,
        is_late=not well,
        portfolios=10_000,
        prices=(("binance", 3.0 if well else None), ("bybit", 3.0 if well else 9_000.0)),
        price_age_max_s=120.0,
        database_s=0.0021,
        trading_halted_since=None if well else NOW,
        people={Role.MEMBER: 9_999, Role.OPERATOR: 1, Role.PENDING: 0 if well else 21},
        plans={PlanState.RUNNING: 1} if well else {PlanState.RUNNING: 5, PlanState.PARKED: 2},
        waiting=3,
        waits_s=2.0 if well else 4_000.0,
        refused=0 if well else 1,
        backup_age_s=80_000.0 if well else None,
        free_bytes=20 * 2**30 if well else 2**20,
        own_plans={},
        inbox_age_s=None,
        processes=_processes(name, well=well),
    )


def _processes(name: str, *, well: bool) -> tuple[Process, ...]:
    """Return who works where several processes share the work; not well: neither a web does, nor anybody for half of the people."""
    sender, worker = (Process(kind=kind, host=name, pid=42, since=NOW) for kind in (ProcessKind.SENDER, ProcessKind.WORKER))
    workers = replace(worker, shares=frozenset(range(0, 64, 2))), replace(worker, shares=frozenset(range(1, 64, 2)))
    missing = (workers[1], replace(worker, kind=ProcessKind.WEB)) if well else ()
    return (sender, replace(sender, stands_by=True), workers[0], *missing)


def every_view(name: str = PLAIN) -> dict[str, Callable[[Words], View]]:
    """Return every view by ``module.function``, with ``name`` wherever something comes from outside."""
    return _every(name) | _real_money(name) | _looking_back(name) | backtests(portfolio(name))


def some_books(name: str = PLAIN, *, known: bool = True) -> Books:
    """Return the books of two years; ``known``: of everything."""
    unknown = {} if known else {"unknown": D("1234.5"), "unknown_trades": 3}
    sums = (
        YearSum(year=2025, coins=D("1203.4"), futures=D("-33.1"), funding=D("0.4"), fees=D("45.67"), trades=21, **unknown),
        YearSum(year=2026, coins=D("-12.3"), fees=D("3.2"), trades=1),
    )
    row = Row(
        entry=tax_entries.Entry(at=NOW, kind=tax_entries.BookKind.DEPOSIT, instrument=name, qty=D(1), price=None), qty=D(1), value=None
    )
    return Books(quote="USDT", rows=(row,), years=sums, funding_unknown=not known)


def some_review(name: str = PLAIN, *, known: bool = True) -> Review:
    """Return a review of 40 days; ``known``: with every figure that there can be."""
    at = [NOW - timedelta(days=40 - day) for day in range(41)]
    mark = Mark(
        held={"BTC": D("0.1"), name: D(2), "USDT": D(1_500), "BTC-PERP": D("0.02")},
        prices={"BTC": D(50_000), name: D(1_000), "USDT": D(1), "BTC-PERP": D(50_000)},
        futures_cash=D(500),
    )
    points = tuple(Point(at=one, value=D(10_000), mark=mark) for one in at)
    actual = tuple(1 + 0.004 * day - (0.08 if 20 < day < 30 else 0) for day in range(41))
    hold = tuple(1 + 0.003 * day for day in range(41))
    shown = Series(points=points, actual=actual, hold=hold, monthly=hold if known else None, bands=actual if known else None)
    risk = Risk(total=0.16, drawdown=-0.0741, volatility=0.34, sharpe=1.234, sortino=1.567)
    other = Risk(total=0.12, drawdown=-0.1234)
    causes = (Cause.DRIFT, Cause.VOLATILITY, Cause.FUNDING_HIGH)
    scores = [
        Score(trigger=cause.value, carried_out=9, skipped=1, gain=D("123.4"), missed=D("-3.2"), after=(D("1.2"), D("3.4")), hits=D("0.6"))
        for cause in causes
    ]
    parts = {one.trigger: Part(gain=one.gain, fees=D(1), saved=D(0)) for one in scores}
    card = Scorecard(
        scores=(*scores, Score(trigger=OWN, gain=D(-1), after=(D(1), None)), Score(trigger=SEVERAL, carried_out=1)),
        attribution=Attribution(parts=parts, funding=D("-1.2"), total=D("369")) if known else None,
    )
    slippage = SlippageTold(planned_bps=D("3.1"), paid_bps=D("4.2"), trades=9)
    costs = Costs(fees=D("45.6"), turnover=Turnover(spot=D("2.1"), futures=D(0)), drag=D("0.0034"), is_yearly=known, slippage=slippage)
    return Review(
        portfolio=portfolio(name),
        since=at[0],
        days=D(40),
        series=shown,
        actual=risk if known else other,
        hold=risk if known else None,
        monthly=other if known else None,
        bands=other if known else None,
        ahead=D("371.1") if known else None,
        unexplained=D("2.1") if known else None,
        bonus=0.012 if known else None,
        tracking_error=0.03,
        excess_growth=0.04,
        drift=DriftStatistics(mean=0.5, tail=0.9, outside=0.1),
        costs=replace(costs, funding=D("-1.2")) if known else costs,
        card=card,
        traded_at=(at[5], at[20]),
    )


def _looking_back(name: str) -> dict[str, Callable[[Words], View]]:
    """Return every view that tells what came of trading."""
    port = portfolio(name)
    return {
        "past.review.digest": lambda w: trading_review.digest(w, some_review(name), Rhythm.WEEK),
        "past.review.digest of a month": lambda w: trading_review.digest(w, some_review(name, known=False), Rhythm.MONTH),
        "past.review.review": lambda w: trading_review.review(w, some_review(name)),
        "past.review.review of little": lambda w: trading_review.review(w, some_review(name, known=False)),
        "past.review.review with a way that did better": lambda w: trading_review.review(
            w,
            replace(
                some_review(name), best=Advice(way="bands", deflated=0.97, tried=3, ahead=0.034), is_played=True, holds_first_plan=True
            ),
        ),
        "past.review.review with luck": lambda w: trading_review.review(
            w, replace(some_review(name), best=Advice(way="monthly", deflated=0.6, tried=3, ahead=0.004), holds_cash=True)
        ),
        "past.review.review beside the strategy of the first day": lambda w: trading_review.review(
            w, replace(some_review(name), compared=StrategySince(at=NOW, strategy=a_strategy(preset="aggressive")))
        ),
        "past.review.review that waits for a past": lambda w: trading_review.review(
            w, replace(some_review(name, known=False), is_awaited=True)
        ),
        "past.review.review beside the oldest strategy that is known": lambda w: trading_review.review(
            w, replace(some_review(name), compared=StrategySince(at=NOW, strategy=a_strategy(preset="aggressive")), is_compared_late=True)
        ),
        "past.review.tried": lambda w: trading_review.tried(w, port, replace(port, id=2), "monthly"),
        "past.review.review too early": lambda w: trading_review.review(w, Review(portfolio=port)),
        "past.review.scorecard": lambda w: trading_review.scorecard(w, some_review(name)),
        "past.review.more": lambda w: trading_review.more(w, some_review(name)),
        "past.review.more of nothing": lambda w: trading_review.more(w, Review(portfolio=port)),
        "past.over_time.months": lambda w: over_time.months(w, some_review(name)),
        "past.over_time.months too early": lambda w: over_time.months(w, Review(portfolio=port)),
        "past.over_time.weights": lambda w: over_time.weights(w, some_review(name)),
        "past.over_time.weights too early": lambda w: over_time.weights(w, Review(portfolio=port)),
        "past.review.scorecard unknown": lambda w: trading_review.scorecard(w, some_review(name, known=False)),
        "past.review.scorecard of nothing": lambda w: trading_review.scorecard(w, Review(portfolio=port)),
        "past.report.overview": lambda w: tax_report.overview(w, port, some_books(name, known=False)),
        "past.report.overview of nothing": lambda w: tax_report.overview(w, port, Books(quote="USDT")),
        "past.report.caption": lambda w: tax_report.caption(w, port, some_books(name), "2025", "2025", Format.OURS),
        "past.report.caption for a tracker": lambda w: tax_report.caption(
            w, port, some_books(name, known=False), "", "", Format.COINTRACKER
        ),
    }
