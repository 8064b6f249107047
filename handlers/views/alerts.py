"""Alerts: what was crossed, with the numbers, and the buttons that answer it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.exchanges.base import asset_of, is_perp
from chatbot.model import BASKET, NET, STABLE, AnswerMode, Cause, Mode, Phase, Reason
from chatbot.values import dataclass
from handlers.buttons import Style
from handlers.views.common import View, bold, button, clip, esc, head, joined, page, say
from handlers.views.plan import reasons
from handlers.views.plan.card import drift_sentence
from handlers.views.plan.legs import left_out_text
from handlers.views.problems import cannot_evaluate_line
from handlers.views.trigger import signals
from handlers.views.trigger.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import LeftOut, LineReading, Plan, Portfolio, Problem
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: orders under an exchange's minimum that an alert names
_MOST_SMALL = 2


@dataclass(frozen=True, slots=True)
class Step:
    """A signal that stands differently from what the person was told."""

    reason: Reason
    #: it asks for more risk while something else asks for less
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Depegged:
    """A stablecoin that has left its dollar."""

    asset: str
    qty: Decimal
    price: Decimal
    #: the portfolio is kept in it
    is_money: bool = False


def explained(words: Words, alert: View) -> View:
    """Return somebody's first alert with a line that says what one is."""
    told = say(words, "This is your first alert: it tells you something and trades nothing. /alerts decides which ones ring.")
    return replace(alert, text=page(alert.text, "", told))


def drift_alert(words: Words, portfolio: Portfolio, lines: Sequence[LineReading], *, idle: Sequence[LeftOut] | None = None) -> View:
    """Tell which lines have left their bands, the net exposure among them.

    ``idle``: nothing of it is worth an order as things stand, and what of it the exchange would refuse.
    """
    told = [
        drift_sentence(words, Reason(trigger=Cause.DRIFT, line=line.line, weight=line.weight, target=line.target, band=line.band))
        for line in lines
    ]
    small = None if idle is None else _about(portfolio, idle, {line.line for line in lines})
    outcome = _nothing_follows(words, small) if small is not None else []
    return View(page(head(words, portfolio, name=True), *told, *outcome), _alert_buttons(words, portfolio, idle=idle is not None))


def _about(portfolio: Portfolio, small: Sequence[LeftOut], named: AbstractSet[str]) -> list[LeftOut]:
    """Return those of the coins and lines that an alert names; stablecoins have no orders of their own, and fear names no coin."""
    names_all = not named.isdisjoint({"", BASKET, STABLE})
    return [one for one in small if names_all or not named.isdisjoint(_names_of(portfolio, one.instrument))]


def _names_of(portfolio: Portfolio, instrument: str) -> set[str]:
    return {asset_of(instrument), NET if is_perp(instrument) else portfolio.strategy.line_of(instrument)}


def _nothing_follows(words: Words, small: Sequence[LeftOut], *, cash_only: bool = False) -> list[Html]:
    if cash_only:
        return [say(words, "You hold only cash so far, so nothing changes; your first plan takes it into account.")]
    if not small:
        return [say(words, "Right now no order would be worth its fees, so no plan follows.")]
    refused = [joined(" ", (say(words, "Left out:"), left_out_text(words, one))) for one in small[:_MOST_SMALL]]
    if len(small) > _MOST_SMALL:
        refused.append(esc(words.n("{count} more is left out", "{count} more are left out", len(small) - _MOST_SMALL)))
    return [say(words, "Right now no order of it can be sent, so no plan follows."), *refused]


def trigger_alert(
    words: Words,
    portfolio: Portfolio,
    steps: Sequence[Step],
    mood_source: str = "",
    *,
    idle: Sequence[LeftOut] | None = None,
    cash_only: bool = False,
    others: Sequence[Portfolio] = (),
) -> View:
    """Tell what the triggers saw in one check, and what comes of it; ``idle`` as for drift.

    ``cash_only``: the portfolio waits for its first plan, so that no signal has anything to change. ``others`` are portfolios of the same
    person of which the same is true: they are named too, and no button keeps one of them quiet.
    """
    told = [_step_line(words, step, mood_source) for step in steps if step.reason.event is not Phase.WATCH]
    told += _watched(words, [step.reason for step in steps if step.reason.event is Phase.WATCH])
    return View(
        page(
            *(head(words, one, name=True) for one in (portfolio, *others)),
            *told,
            *_outcome(words, portfolio, steps, idle=idle, cash_only=cash_only),
        ),
        _trigger_buttons(words, portfolio, steps, idle=idle is not None and not cash_only, alone=not others),
    )


def _step_line(words: Words, step: Step, mood_source: str) -> Html:
    line = reasons.sentence(words, step.reason, suppressed=step.suppressed)
    return signals.with_source(words, line, step.reason.trigger, mood_source)


def _watched(words: Words, moves: list[Reason]) -> list[Html]:
    """Name the largest of the moves between two readings, and count the others: in a storm every coin has moved."""
    if not moves:
        return []
    largest = max(moves, key=lambda reason: reason.reading or 0)
    more = len(moves) - 1
    others = (
        words.n("{count} other coin has passed its limit too.", "{count} other coins have passed their limits too.", more) if more else ""
    )
    return [joined(" ", (reasons.sentence(words, largest), others))]


def _outcome(words: Words, portfolio: Portfolio, steps: Sequence[Step], *, idle: Sequence[LeftOut] | None, cash_only: bool) -> list[Html]:
    """Say what happens next: a plan, nothing but this message, or nothing at all."""
    lines = []
    held_back = (WORDS[step.reason.trigger].held_back for step in steps if step.suppressed and step.reason.event is not Phase.END)
    lines += [say(words, msgid) for msgid in dict.fromkeys(held.alert for held in held_back if held is not None)]
    if not all(step.suppressed for step in steps):
        follows = say(words, "A plan follows if there are orders worth sending.")
        only_told = say(words, "You wanted only to be told; a plan is made when you ask for one.")
        told = [only_told if portfolio.answer is AnswerMode.NOTIFY else follows]
        if idle is not None:
            named = {step.reason.line for step in steps if step.reason.event is not Phase.WATCH}
            told = _nothing_follows(words, _about(portfolio, idle, named), cash_only=cash_only)
        lines += told
    return lines


def _trigger_buttons(words: Words, portfolio: Portfolio, steps: Sequence[Step], *, idle: bool, alone: bool) -> Keyboard:
    trigger = steps[0].reason.trigger
    see = button(words.t("See the plan"), "rebalance", "", Style.PRIMARY)
    about = button(signals.name(words, trigger), "trigger", trigger)
    first = (about,) if idle or all(step.suppressed for step in steps) else (see, about)
    return (first, (button(words.t("Why?"), "why"), *(snooze_buttons(words, portfolio) if alone else ())))


def snooze_buttons(words: Words, portfolio: Portfolio) -> tuple[Button, Button]:
    """Return the ways to keep an alert's portfolio quiet: for an hour at once, or for longer."""
    longer = button(words.t("Longer…"), "snooze_longer", f"portfolio:{portfolio.id}")
    return button(words.t("Snooze 1 h"), "snooze", portfolio.id), longer


def _alert_buttons(words: Words, portfolio: Portfolio, *, idle: bool = False) -> Keyboard:
    see = () if idle else (button(words.t("See the plan"), "rebalance", "", Style.PRIMARY),)
    return ((*see, button(words.t("Why?"), "why")), (*snooze_buttons(words, portfolio),))


def margin_alert(
    words: Words, portfolio: Portfolio, distance: Decimal | None, leverage: Decimal | None, *, under_way: bool = False
) -> View:
    """Ring for margin in danger: the plan that follows reduces futures before anything else; not while another one is ``under_way``."""
    near = (
        say(words, "The nearest liquidation is {distance} away.", distance=bold(words.percent(distance))) if distance is not None else None
    )
    size = (
        say(words, "The futures positions are {leverage} times the money behind them.", leverage=words.number(leverage, 1))
        if leverage
        else None
    )
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Your futures margin is in danger.")),
        near,
        size,
        say(words, "A plan is under way. If the danger lasts when it has ended, I propose to reduce the futures.")
        if under_way
        else say(words, "I propose to reduce the futures first, before anything else is traded."),
    )
    return View(text, _alert_buttons(words, portfolio, idle=under_way))


def depeg_alert(words: Words, portfolio: Portfolio, coins: Sequence[Depegged]) -> View:
    """Tell which stablecoins have left their dollar, what they count as now, and that no plan spends them."""
    told = [
        say(
            words,
            "{coin} costs {price}, {percent} away from its dollar. Your {qty} {coin} count as {value}.",
            coin=bold(clip(coin.asset, 12)),
            price=bold(words.price(coin.price)),
            percent=words.percent(abs(coin.price - 1)),
            qty=words.quantity(coin.qty),
            value=bold(words.money(coin.qty * coin.price)),
        )
        for coin in coins
        if not coin.is_money
    ]
    kept_in = [line for coin in coins if coin.is_money for line in _money_lines(words, coin)]
    unspent = say(words, "Plans neither spend nor convert it until it is back within 1%.") if told else None
    text = page(head(words, portfolio, name=True), *told, unspent, *kept_in)
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Why?"), "why")), (*snooze_buttons(words, portfolio),)))


def _money_lines(words: Words, coin: Depegged) -> list[Html]:
    """Tell that the coin a portfolio is kept in has left its dollar: it counts as one all the same, so the value says nothing of it."""
    facts = {
        "coin": bold(clip(coin.asset, 12)),
        "price": bold(words.price(round(coin.price, 4))),
        "percent": words.percent(abs(coin.price - 1)),
    }
    return [
        say(words, "{coin} costs {price} by the other dollars traded here, {percent} away from its dollar.", **facts),
        say(words, "This portfolio is kept in {coin}: it still counts as one dollar, in values and in plans.", coin=facts["coin"]),
    ]


def problem_alert(words: Words, portfolio: Portfolio, problems: Sequence[Problem]) -> View:
    """Tell that a portfolio has not been evaluated for a while, and why."""
    text = page(
        head(words, portfolio, name=True),
        cannot_evaluate_line(words, problems),
        say(words, "Until this ends there are no alerts about drift, and no plans. I keep trying."),
        say(words, "I can't watch your margin either: until then, watch your positions at the exchange.")
        if portfolio.mode is Mode.LIVE
        else None,
    )
    return View(text, ((button(words.t("Status"), "status"), *snooze_buttons(words, portfolio)),))


def followed(words: Words, alert: View, plan: Plan) -> View:
    """Let an alert point to the card of its plan, which stands below newer messages and has the buttons."""
    pointer = say(words, "Plan {number} is below.", number=plan.number)
    return View(page(alert.text, bold(pointer)))


def snoozed(words: Words, portfolio: Portfolio, until: datetime) -> View:
    """Answer Snooze."""
    text = page(
        head(words, portfolio),
        say(words, "No alerts until {time}. Checks go on; /resume ends the silence.", time=words.moment(until)),
        say(words, "The plan comes then, if there is still something to do.") if portfolio.window_opened_at is not None else None,
        say(words, "Margin in danger, failed legs and errors still ring."),
    )
    return View(text, ((button(words.t("Ring again now"), "resume"), button(words.t("Status"), "status")),))
