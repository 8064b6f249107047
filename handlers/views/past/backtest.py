"""/backtest in words and as a picture: what to test, how far it is, what it came to, and what a reader must know before believing it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from chatbot.backtest.apart.admission import Stage, TookTooLong
from chatbot.backtest.apart.process import Died
from chatbot.backtest.past import HOUR, LOOK_BACK
from chatbot.charts.curves import Curve, Equity, GainBar
from chatbot.charts.labels import Labels
from chatbot.engine.errors import Refused
from chatbot.engine.review.deflated import ENOUGH_DAYS
from chatbot.errors import ExchangeError, PlaceRefused, RateLimited, UserError
from chatbot.i18n import N_, NN_
from chatbot.model import Cause
from chatbot.portfolio import strategies
from chatbot.values import dataclass
from handlers.buttons import Style
from handlers.views.common import (
    DASH,
    DOT,
    MAX_CAPTION,
    Picture,
    PictureKind,
    View,
    bold,
    button,
    captioned,
    code,
    coin,
    error,
    esc,
    head,
    joined,
    name_of,
    page,
    preset_name,
    say,
    say_n,
    table,
    visible_length,
)
from handlers.views.trigger.signals import name as trigger_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.backtest.apart.admission import Run
    from chatbot.backtest.prepare import Days
    from chatbot.backtest.question import Answer
    from chatbot.backtest.result import Result
    from chatbot.i18n import Words
    from chatbot.model import Portfolio, Strategy
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: the portfolio's own strategy, among the names of presets; all days that there are prices for; a year
OWN: Final = "own"
ALL: Final = "all"
USUAL_PERIOD: Final = "1y"
#: periods that have a button
_PERIODS: Final = {"6m": N_("Half a year"), "1y": N_("1 year"), "2y": N_("2 years"), ALL: N_("All there is")}
_UNITS: Final = {
    "d": NN_("{count} day", "{count} days"),
    "w": NN_("{count} week", "{count} weeks"),
    "m": NN_("{count} month", "{count} months"),
    "y": NN_("{count} year", "{count} years"),
}
_DAYS: Final = NN_("{count} day", "{count} days")
_PLANS: Final = NN_("{count} plan", "{count} plans")
_AHEAD: Final = NN_("In line: {count} is before you.", "In line: {count} are before you.")
_BLIND: Final = NN_(
    "In {count} hour a price was missing, and nothing was done.", "In {count} hours a price was missing, and nothing was done."
)
_TRIED: Final = NN_(
    "{count} setting tried so far. The best of many looks good by chance alone.",
    "{count} settings tried so far. The best of many looks good by chance alone.",
)
#: what prices are where no exchange tells them, by the name of the market
_PLAYED: Final = {
    "simulated": N_("These prices are made up: they say nothing about real coins."),
    "replay": N_("Played from recorded prices."),
}
#: why there is no answer, the first that fits
_TROUBLES: Final = {
    Refused: N_("It lost everything on the way, so there is nothing to compare."),
    Died: N_("The calculation was ended from outside, perhaps because memory ran short. A shorter period needs less."),
    TookTooLong: N_("That took too long, so I gave it up. A shorter period takes less."),
    PlaceRefused: N_("The exchange does not serve the country or network that I run in, so it gives me no past prices."),
    RateLimited: N_("The exchange asks me to slow down. What I have fetched is kept; try again in a few minutes."),
    ExchangeError: N_("The exchange does not give me past prices at the moment. Try again in a few minutes."),
}
_CODE: Final = re.compile(r"(\d{1,5})([dwmy])")
_PERIOD: Final = re.compile(rf"{ALL}|\d{{1,5}}[dwmy]|20\d\d|20\d{{6}}-20\d{{6}}")
#: moments in the picture: more than there are pixels for would only take time
_POINTS: Final = 400
#: coins that are named of those with gaps
_MOST_COINS: Final = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be tested: the name of a preset or ``OWN``, and the code of a period."""

    strategy: str = OWN
    period: str = USUAL_PERIOD


@dataclass(slots=True, kw_only=True)
class Told:
    """What a run's message is about."""

    portfolio: Portfolio
    wish: Wish
    #: what is tested
    strategy: Strategy
    #: each trigger is switched the other way
    by_trigger: bool = False
    #: the days that there are prices for; None before they are known
    days: Days | None = None


def arg(wish: Wish) -> str:
    """Return what a button says of a wish, a strategy by its first letter because a button holds 64 bytes."""
    return f"{wish.strategy[0]}:{wish.period}"


def told_by(tapped: str) -> Wish:
    """Read back what :func:`arg` wrote; what is missing is the usual."""
    letter, _, period = tapped.partition(":")
    strategy = next((name for name in strategies.preset_names() if letter and name.startswith(letter)), OWN)
    return Wish(strategy=strategy, period=period if _PERIOD.fullmatch(period) else USUAL_PERIOD)


def choice(words: Words, portfolio: Portfolio, wish: Wish) -> View:
    """Offer strategies and periods; the chosen ones are marked."""
    text = page(
        head(words, portfolio, say(words, "Backtest")),
        say(
            words,
            "What would {strategy} have done over {period}?",
            strategy=bold(_strategy(words, portfolio, wish)),
            period=_period(words, wish),
        ),
        say(
            words,
            "I play it through past hours with today's triggers, plans and fees, and compare it with holding, monthly and bands alone.",
        ),
        say(words, "Or write it: {example}, {other}.", example=code(words.t("/backtest aggressive 1y")), other=code("/backtest 2021")),
    )
    names = [(words.t("Yours"), OWN), *((preset_name(words, name), name) for name in strategies.preset_names())]
    chosen = tuple(_option(label, wish.strategy == name, Wish(name, wish.period)) for label, name in names)
    periods = tuple(_option(words.t(label), wish.period == code, Wish(wish.strategy, code)) for code, label in _PERIODS.items())
    run = button(words.t("Test it"), "past_go", arg(wish), Style.PRIMARY)
    return View(text, (chosen[:2], chosen[2:], periods[:2], periods[2:], (run,)))


def _option(label: str, is_chosen: bool, wish: Wish) -> Button:
    return button(f"✓ {label}" if is_chosen else label, "backtest", arg(wish))


def under_way(words: Words, told: Told, run: Run, place: int) -> View:
    """Tell how far a run is."""
    return View(page(*top(words, told), _stage(words, run, place)), _stop(words, run))


def _stop(words: Words, run: Run) -> Keyboard:
    return ((button(words.t("Stop"), "past_stop", run.word),),)


def _stage(words: Words, run: Run, place: int) -> Html:
    if run.stage is Stage.WAITING and place:
        return say_n(words, _AHEAD, place)
    if run.stage is Stage.COUNTING:
        if run.of > 1:
            return say(words, "Playing it hour by hour: {done} of {of} done.", done=run.done, of=run.of)
        return say(words, "Playing it hour by hour.")
    if run.asked is not None:
        name, since = run.asked
        return say(words, "Fetching past prices: {coin}, from {date} on.", coin=name_of(words, name), date=day(words, since))
    return say(words, "Fetching past prices.")


def busy(words: Words, portfolio: Portfolio, run: Run) -> View:
    """Tell somebody that another run of theirs is under way."""
    text = page(head(words, portfolio, say(words, "Backtest")), say(words, "One at a time: your last backtest is still under way."))
    return View(text, _stop(words, run))


def gone(words: Words, portfolio: Portfolio) -> View:
    """Tell that of a run nothing is left: it was one of before a restart, or there have been others since."""
    text = page(
        head(words, portfolio, say(words, "Backtest")), say(words, "This backtest is not running any more. Start it again if you want it.")
    )
    return View(text, ((button(words.t("Backtest"), "backtest"),),))


def result(words: Words, told: Told, run: Run) -> View:
    """Tell how a run ended."""
    if run.answer is not None and told.days is not None:
        return _by_trigger(words, told, run, run.answer) if told.by_trigger else _beside(words, told, run, run.answer)
    again = ((button(words.t("Again"), "past_each" if told.by_trigger else "past_go", arg(told.wish)), _other(words, told)),)
    return View(page(*top(words, told), _trouble(words, run)), again)


def _trouble(words: Words, run: Run) -> Html:
    """Say why there is no answer."""
    trouble = run.trouble
    if trouble is None:
        return say(words, "Stopped.")
    if isinstance(trouble, UserError):
        return error(words, trouble)
    if isinstance(trouble, Refused) and trouble.code == "bad_price":
        return say(words, "Some of what it holds has no price on the first day: {coins}.", coins=_coins(trouble.subject.split(",")))
    told = next((sentence for kind, sentence in _TROUBLES.items() if isinstance(trouble, kind)), None)
    if told is None:
        return say(words, "Something went wrong on my side; the operator finds it in the log under {id}.", id=run.word)
    return say(words, told)


def _coins(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(map(coin, names)))


def _other(words: Words, told: Told) -> Button:
    return button(words.t("Another test"), "backtest", arg(told.wish))


def top(words: Words, told: Told, subject: Html | None = None) -> tuple[Html, Html]:
    """Return the first two lines: what is tested, and over which days; ``subject`` is what is shown of it."""
    whole = say(words, "Backtest by trigger") if told.by_trigger else say(words, "Backtest")
    shown = (whole,) if subject is None else (whole, subject)
    first = head(words, told.portfolio, *shown, bold(_strategy(words, told.portfolio, told.wish)))
    if told.days is None:
        return first, esc(_period(words, told.wish))
    begin, end = told.days.begin, told.days.end
    days = say_n(words, _DAYS, round((end - begin) / timedelta(days=1)))
    return first, say(words, "{begin} – {end}, {days}", begin=day(words, begin), end=day(words, end), days=days)


def _strategy(words: Words, portfolio: Portfolio, wish: Wish) -> str:
    return preset_name(words, portfolio.strategy.preset if wish.strategy == OWN else wish.strategy)


def _period(words: Words, wish: Wish) -> str:
    """Name a period."""
    if wish.period == ALL:
        return words.t("as far back as there are prices")
    if (length := _CODE.fullmatch(wish.period)) is not None:
        return words.n(*_UNITS[length[2]], int(length[1]))
    first, _, last = wish.period.partition("-")
    if not last:
        return first
    return " – ".join(dict.fromkeys(day(words, datetime.strptime(text, "%Y%m%d")) for text in (first, last)))  # noqa: DTZ007 - a day


def day(words: Words, moment: datetime) -> str:
    """Write a day of UTC, whatever the person's zone: a test begins and ends at its midnight."""
    return words.date(datetime(moment.year, moment.month, moment.day, tzinfo=words.zone))


def _beside(words: Words, told: Told, run: Run, found: Answer) -> View:
    """Show the ways beside each other, with their picture."""
    own, hold = found.ways["strategy"], found.ways["hold"]
    rows = [("", words.t("return"), words.t("worst fall"), words.t("plans"))]
    rows += [
        (name, _signed(words, one.growth - 1), words.percent(one.drawdown), words.number(one.plans))
        for name, one in _ways(words, told, found)
    ]
    first, span = top(words, told)
    lead = say(
        words,
        "{own}, holding {hold}, with {plans}",
        own=bold(_signed(words, own.growth - 1)),
        hold=_signed(words, hold.growth - 1),
        plans=say_n(words, _PLANS, own.plans),
    )
    text = _fitted((first, span, lead, table(rows)), _figures(words, own, hold), _caveats(words, told, run, found))
    again = button(words.t("Which triggers helped"), "past_each", arg(told.wish))
    over_time = (button(words.t("By month"), "past_months", run.word), button(words.t("Weights"), "past_weights", run.word))
    return captioned(text, ((again,), over_time, (_other(words, told),)), _picture(words, told, found))


def _ways(words: Words, told: Told, found: Answer) -> list[tuple[str, Result]]:
    """Return the rows of the table: what was tried, the person's own where that is another, and the yardsticks."""
    called = {
        "strategy": _strategy(words, told.portfolio, told.wish),
        "bands": words.t("Bands alone"),
        "monthly": words.t("Monthly"),
        "hold": words.t("Hold"),
    }
    rows = [(called[name], one) for name, one in found.ways.items()]
    return [*rows[:1], (words.t("Yours"), found.own), *rows[1:]] if found.own is not None else rows


def _figures(words: Words, own: Result, hold: Result) -> list[Html]:
    """Return what may be left out where there is no room: the pace of a year, risk, costs."""
    lines = []
    if own.growth_a_year is not None and hold.growth_a_year is not None:
        lines.append(
            say(words, "Per year: {own}, hold {hold}", own=_signed(words, own.growth_a_year), hold=_signed(words, hold.growth_a_year))
        )
    costs = say(words, "Fees {fees} of the first value", fees=words.percent(own.fees, 2))
    if own.funding:
        shares = {"fees": words.percent(own.fees, 2), "funding": _signed(words, own.funding, 2)}
        costs = say(words, "Fees {fees}, funding {funding} of the first value", **shares)
    turned = words.percent(own.turnover.spot + own.turnover.futures, 0)
    lines.append(joined(DOT, (costs, say(words, "turned over {turned} a year", turned=turned))))
    if own.volatility is not None and hold.volatility is not None:
        told = say(words, "Volatility {own} a year, hold {hold}", own=words.percent(own.volatility), hold=words.percent(hold.volatility))
        lines.append(joined(DOT, (told, f"Sharpe {_number(words, own.sharpe)}")))
    return lines


def _caveats(words: Words, told: Told, run: Run, found: Answer) -> list[Html]:
    """Return what a reader must know before believing a result (domain 12.5)."""
    own = found.ways["strategy"]
    coins = [f"{name_of(words, name)} {words.number(count)}" for name, count in found.missing.items()]
    more = ["…"] if len(coins) > _MOST_COINS else []
    return [
        line
        for line in (
            _made_up(words, told),
            _late(words, told),
            say(words, "Hours without a price: {coins}.", coins=", ".join([*coins[:_MOST_COINS], *more])) if coins else None,
            say_n(words, _BLIND, own.blind_hours) if own.blind_hours else None,
            _gone(words, own),
            _unsettled(words, own),
            _liquidated(words, told, found),
            _young(words, told),
            say(words, "Fear & Greed is not in it: there are no readings.") if _is_moodless(told) else None,
            say(words, "Your regular amounts are left out.") if _invests(told) else None,
            say(words, "Fills at the price of the decision, with fees: slippage and waiting are not in it."),
            say(words, "Survivors only: coins that have vanished since are missing, so it looks better than it was."),
            say_n(words, _TRIED, run.tried),
            say(words, "Under two years: not enough to rank triggers.") if _days(found) < ENOUGH_DAYS else None,
        )
        if line is not None
    ]


def _liquidated(words: Words, told: Told, found: Answer) -> Html | None:
    """Name the ways whose futures were closed by the exchange, and how often."""
    ways = [f"{name} {words.number(one.liquidations)}" for name, one in _ways(words, told, found) if one.liquidations]
    return say(words, "The futures were liquidated: {ways}.", ways=", ".join(ways)) if ways else None


def _unsettled(words: Words, own: Result) -> Html | None:
    """Name the contracts of which some settlements are not known, with the days."""
    coins = [f"{name_of(words, name)} {words.number(days)}" for name, days in own.unsettled.items()]
    return say(words, "Days without funding data, where it is left out: {coins}.", coins=", ".join(coins)) if coins else None


def _gone(words: Words, own: Result) -> Html | None:
    coins = [say(words, "{coin} since {date}", coin=name_of(words, name), date=day(words, since)) for name, since in own.gone.items()]
    more = [esc("…")] if len(coins) > _MOST_COINS else []
    told = N_("Not listed any more: {coins}. What was held of it counts at its last price.")
    return say(words, told, coins=joined(", ", (*coins[:_MOST_COINS], *more))) if coins else None


def _made_up(words: Words, told: Told) -> Html | None:
    kind = _PLAYED.get(told.portfolio.exchange)
    return None if kind is None else say(words, kind)


def _late(words: Words, told: Told) -> Html | None:
    if told.days is None or not told.days.late:
        return None
    if len(told.days.late) > _MOST_COINS:
        return say(words, "There are no prices before that.")
    return say(words, "It begins where there are prices of {coins}.", coins=_coins(told.days.late))


def _young(words: Words, told: Told) -> Html | None:
    """Say that triggers had less to look back on than they do, so that they may have been silent at first."""
    if told.days is None or told.days.look_back >= LOOK_BACK:
        return None
    told_of = words.n(
        "Triggers look back {usual} days and only {count} was there, so at first some were silent.",
        "Triggers look back {usual} days and only {count} were there, so at first some were silent.",
        told.days.look_back.days,
        usual=LOOK_BACK.days,
    )
    return esc(told_of)


def _is_moodless(told: Told) -> bool:
    return told.days is not None and not told.days.has_mood and told.strategy.setting(Cause.FEAR_GREED).on


def _invests(told: Told) -> bool:
    return told.strategy.schedule is not None and told.strategy.schedule.invest is not None


def _days(found: Answer) -> int:
    return (found.hours - 1) // 24


def _fitted(top: Sequence[Html], figures: Sequence[Html], caveats: Sequence[Html]) -> Html:
    """Join what a caption has room for: of the figures as many as there is room for, of the caveats all."""
    kept: list[Html] = []
    for line in figures:
        if visible_length(page(*top, *kept, line, "", *caveats)) <= MAX_CAPTION:
            kept.append(line)
    return page(*top, *kept, "", *caveats)


def _by_trigger(words: Words, told: Told, run: Run, found: Answer) -> View:
    """Show what each trigger changed."""
    own = found.ways["strategy"]
    rows: list[tuple[str, ...]] = [("", words.t("on"), words.t("off"))]
    for trigger, other in found.switched.items():
        if trigger in found.silent:
            continue
        both = (own, other) if trigger in found.on else (other, own)
        rows.append((trigger_name(words, trigger), *(_signed(words, one.growth - 1) for one in both)))
        rows.append((f"· {words.t('worst fall')}", *(words.percent(one.drawdown) for one in both)))
    silent = ", ".join(trigger_name(words, trigger) for trigger in found.switched if trigger in found.silent)
    text = page(
        *top(words, told),
        say(words, "Return and worst fall with each trigger on and off, everything else as it is:") if rows[1:] else None,
        table(rows) if rows[1:] else None,
        say(words, "Did not fire in this time: {triggers}", triggers=silent) if silent else None,
        say(words, "Chance that the best single change is more than luck: {share}", share=words.percent(found.best_change_is_skill, 0))
        if found.best_change_is_skill is not None
        else None,
        "",
        *_caveats(words, told, run, found),
    )
    buttons = ((_other(words, told), button(words.t("Triggers"), "triggers")),)
    return captioned(text, buttons, _gains(words, told, found, own)) if rows[1:] else View(text, buttons)


def _picture(words: Words, told: Told, found: Answer) -> Picture:
    days = len(found.ways["strategy"].daily)
    kept = np.unique(np.linspace(0, days - 1, min(days, _POINTS)).astype(int))
    name = words.t("Yours") if told.wish.strategy == OWN else _strategy(words, told.portfolio, told.wish)
    called = {"strategy": name, "hold": words.t("Hold"), "monthly": words.t("Monthly")}
    called["bands"] = words.t("Bands alone")
    curves = tuple(
        Curve(name=name, values=tuple(found.ways[way].daily[kept].tolist()), said=_signed(words, found.ways[way].growth - 1))
        for way, name in called.items()
        if way in found.ways
    )
    hours = found.hours - 1
    equity = Equity(
        at=tuple((kept / (days - 1)).tolist()),
        curves=curves,
        traded=tuple(hour / hours for hour in found.traded),
        ends=(day(words, found.begin), day(words, found.begin + hours * HOUR)),
        fall=words.t("Below its highest value"),
        deepest=words.percent(found.ways["strategy"].drawdown),
        tick=words.t("plan"),
    )
    labels = Labels(title=words.t("Backtest"), bars=words.t("value, before slippage"))
    return Picture(kind=PictureKind.EQUITY, labels=labels, equity=equity)


def _gains(words: Words, told: Told, found: Answer, own: Result) -> Picture:
    """Draw what each trigger that fired brought: the return with it less that without it, and write both."""
    bars = []
    for trigger, other in found.switched.items():
        if trigger in found.silent:
            continue
        on, off = (own, other) if trigger in found.on else (other, own)
        both = " / ".join(_signed(words, one.growth - 1) for one in (on, off))
        bars.append(GainBar(name=trigger_name(words, trigger), value=on.growth - off.growth, said=both))
    labels = Labels(title=_strategy(words, told.portfolio, told.wish), bars=words.t("return with / without it"))
    return Picture(kind=PictureKind.GAINS, labels=labels, gains=tuple(bars))


def _signed(words: Words, value: float, digits: int = 1) -> str:
    return words.signed_percent(Decimal(str(value)), digits)


def _number(words: Words, value: float | None) -> str:
    return DASH if value is None else words.number(Decimal(str(value)), 2)
