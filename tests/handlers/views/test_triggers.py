"""What is said of the triggers: nearest first, numbers that never look like what they are not, what an active one holds down."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.charts.direction import FSI, LRI, PDI, RLM
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import SetBy
from chatbot.model import INFO, AnswerMode, Cause, Phase, Reason, TriggerSetting
from handlers.transport.rendering import _step
from handlers.views import alerts
from handlers.views.plan import card
from handlers.views.portfolio import status, why
from handlers.views.trigger import lines as standing
from handlers.views.trigger import page, signals
from handlers.views.trigger.words import WORDS
from tests.handlers.views.view_examples import NOW, a_signal, a_strategy, figures, portfolio, report, trigger_steps, triggered
from tests.languages import CATALOGUE, spoken

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import StatusReport

D = Decimal
EN = CATALOGUE.words("en", "Europe/London")
RU = CATALOGUE.words("ru")


def seeing(*signals: object, **settings: TriggerSetting) -> StatusReport:
    """Return a status that sees these signals with every trigger on."""
    on = {Cause(trigger): TriggerSetting(on=True) for trigger in TRIGGERS} | {Cause(name): chosen for name, chosen in settings.items()}
    port = replace(portfolio(), strategy=replace(a_strategy(), triggers=on))
    return replace(report(), portfolio=port, signals=signals, mood_source="alternative.me", open_plan=None)


def told(words: Words, shown: StatusReport) -> list[str]:
    """Return every line about the triggers behind /why."""
    return [str(line) for limit in standing.ranked(words, shown) for line in limit.lines] + [
        str(line) for line in standing.rest(words, shown)
    ]


@pytest.mark.parametrize(
    ("trigger", "reading", "shown"),
    [
        (Cause.VOLATILITY, "1.4", "1.4x"),
        (Cause.VOLATILITY, "1.96", "1.96x"),
        (Cause.VOLATILITY, "1.9996", "1.9996x"),
        (Cause.VOLATILITY, "2", "2.0x"),
        (Cause.FUNDING_HIGH, "0.0004996", "+0.04996%"),
        (Cause.FUNDING_HIGH, "0.00011", "+0.011%"),
        (Cause.FUNDING_LOW, "-0.00012", "−0.012%"),
        (Cause.FEAR_GREED, "31", "31"),
        (Cause.TREND, "0.375", "0.38"),
    ],
)
def test_a_reading_below_its_limit_does_not_look_like_it(trigger: str, reading: str, shown: str) -> None:
    """1.96 of 2.0 is not written 2.0; a rate has three decimals, the index none."""
    signal = a_signal(trigger, "", reading)
    assert signals.number(EN, trigger, signal.reading, signal.enter) == shown


def test_status_lines_are_the_nearest_three_and_only_of_what_is_on() -> None:
    """Fear at 31 is nearer than funding at a third of the way; a trigger that is off says nothing."""
    shown = seeing(
        a_signal(Cause.VOLATILITY, "BTC", "1.4"),
        a_signal(Cause.VOLATILITY, "SOL", "1.2"),
        a_signal(Cause.TREND, "BTC-PERP", "0.1"),
        a_signal(Cause.FUNDING_LOW, "", "0.0001"),
        a_signal(Cause.FUNDING_HIGH, "", "0.00031"),
        a_signal(Cause.FEAR_GREED, "", "31"),
        funding_low=TriggerSetting(on=False),
    )
    assert [str(line) for line in standing.status_lines(EN, shown)] == [
        "Fear &amp; Greed 31 (futures neutral below 25) · alternative.me",
        "Funding +0.031% per 8 h (cuts above +0.050%)",
        "Volatility BTC 1.4x usual (cuts at 2.0x)",
    ]
    text = status.status(EN, shown, NOW).text
    assert "Funding BTC" not in text, "funding is not told twice"


def test_status_marks_a_moved_target_and_says_what_the_own_one_is() -> None:
    """The table holds against the effective target."""
    text = status.status(EN, triggered(active=True), NOW).text
    assert "25.0%*" in text
    assert "* own target: BTC/ETH 40.0%, Net futures 10.0%" in text
    assert "target 0.0%* ±5.0" in text
    assert "*" not in status.status(EN, triggered(), NOW).text


def test_why_says_what_an_active_trigger_holds_down_and_what_ends_it() -> None:
    """Since when, from where to where, and how far the end has come."""
    text = why.everything(EN, triggered(active=True), triggered(active=True).check.figures).text
    for part in (
        "BTC volatility has been high since 21 Nov 2026, 14:05 (market time); it is 2.4x its usual level.",
        "Its target is 10.1% instead of 24.0% while that lasts.",
        "It ends at 1.5x or less on 2 days in a row (0 so far).",
        "It ends at 30 or above on 2 days in a row (1 so far).",
        "and asks for 12% net futures.",
        "It adds nothing while a spike, a trend, fear or a hedge asks for less risk.",
        "All in all the net futures target is 0.0% instead of 10.0%.",
    ):
        assert part in text, (part, text)


def test_all_triggers_begin_with_what_is_nearest_to_its_limit() -> None:
    """Lines and signals in one order: what is outside, what holds a target down, then by how far each is on its way."""
    lines = (replace(figures().lines[0], breach=None, weight=D("0.43")), replace(figures().lines[1], weight=D("0.3"), breach="under"))
    shown = seeing(
        replace(a_signal(Cause.VOLATILITY, "BTC", "1.6"), active=True, since=NOW),
        a_signal(Cause.FEAR_GREED, "", "26"),
        a_signal(Cause.FUNDING_HIGH, "", "0.00011"),
    )
    text = why.everything(EN, shown, replace(figures(), lines=lines, exposure=None)).text
    places = [text.index(part) for part in ("ALT: 10.0", "BTC volatility", "Greed is 26", "BTC/ETH: 3.0", "Funding is +0.011%")]
    assert places == sorted(places), text


def test_a_storm_between_two_readings_is_one_line_about_the_largest_move() -> None:
    """Six coins in one message, and "2.005x its usual": the largest is named, rounded as people read, and the others are counted."""
    moves = {"BTC": "2.005", "ETH": "3.1416", "SOL": "2.5", "ADA": "2.2"}
    steps = [
        alerts.Step(
            Reason(trigger=Cause.VOLATILITY, line=coin, event=Phase.WATCH, reading=D(reading), limit=D(2), read_at=NOW), suppressed=True
        )
        for coin, reading in moves.items()
    ]
    _, said = alerts.trigger_alert(EN, portfolio(), steps).text.splitlines()
    assert said.startswith("<b>ETH</b> has moved <b>3.1x</b> its usual amount since the last reading. ")
    assert said.endswith("Nothing is traded. 3 other coins have passed their limits too.")
    (_, alone) = alerts.trigger_alert(EN, portfolio(), steps[:1]).text.splitlines()
    assert "<b>BTC</b> has moved <b>2.0x</b> its usual" in alone
    assert "other coin" not in alone


def test_why_sums_up_the_far_coins_and_names_what_is_blind_and_off() -> None:
    """Twenty coins are one line and a half; a trigger without a reading is called so."""
    coins = [a_signal(Cause.VOLATILITY, f"C{at}", "1.1") for at in range(19)]
    shown = seeing(a_signal(Cause.VOLATILITY, "BTC", "1.4"), *coins, a_signal(Cause.FEAR_GREED, "", None), trend=TriggerSetting())
    lines = told(EN, shown)
    blind = [html.escape(signals.name(EN, one)) for one in signals.every() if one not in (Cause.VOLATILITY, Cause.TREND)]
    assert {"Low funding", "Fear &amp; Greed"} <= set(blind)
    assert lines == [
        "BTC volatility is 1.4x its usual level and would have to reach 2.0x.",
        "19 other coins at most 1.1x",
        f"No data for: {', '.join(blind)}. What is not known neither starts nor ends anything.",
        "Switched off: Trend",
    ]


def test_a_trend_at_its_limit_says_what_is_still_missing() -> None:
    """A score of 0.50 has not "to reach 0.50": it needs a close on which two signs agree."""
    (line, *_) = told(EN, seeing(a_signal(Cause.TREND, "ETH-PERP", "0.5")))
    said = "The ETH trend scores 0.50 of 0.50: it trims at a daily close if two signs agree then, once for each high of the price."
    assert line == said


def test_an_active_reading_just_over_its_end_does_not_look_like_it() -> None:
    """1.52 is not written 1.5 where it would have to be 1.5 or less."""
    lines = told(EN, seeing(replace(a_signal(Cause.VOLATILITY, "BTC", "1.52"), active=True, since=NOW)))
    assert "it is 1.52x its usual level." in lines[0]
    assert "It ends at 1.5x or less" in lines[1]


def test_russian_counts_blocks_and_coins_rightly() -> None:
    """1 блок, 3 блока, 5 блоков."""
    for needed, said in ((1, "1 блок подряд"), (3, "3 блока подряд"), (5, "5 блоков подряд")):
        shown = seeing(a_signal(Cause.FUNDING_HIGH, "", "0.0002", needed=needed))
        assert said in told(RU, shown)[0]
    for others, said in ((1, "ещё 1 монета"), (3, "ещё 3 монеты"), (5, "ещё 5 монет")):
        coins = [a_signal(Cause.VOLATILITY, f"C{at}", "1.1") for at in range(others + 1)]
        assert said in told(RU, seeing(*coins))[1]


@pytest.mark.parametrize(
    ("signal", "on", "said"),
    [
        (a_signal(Cause.VOLATILITY, "BTC", "1.4"), True, "armed"),
        (a_signal(Cause.VOLATILITY, "BTC", "1.4"), False, "off"),
        (a_signal(Cause.VOLATILITY, "BTC", None), True, "no data"),
        (a_signal(Cause.FUNDING_HIGH, "", "0.0006", count=2, needed=3), True, "counting, 2 of 3"),
        (a_signal(Cause.VOLATILITY, "BTC", "2.4", active=True, since=NOW, needed=2), True, "fired since 24 Nov 2026, 14:05"),
        (a_signal(Cause.VOLATILITY, "BTC", "1.4", active=True, since=NOW, count=1, needed=2), True, "· cooling down, 1 of 2"),
        (a_signal(Cause.FUNDING_LOW, "", "-0.0002", active=True, since=NOW, count=1, needed=3), True, "fired since 24 Nov 2026, 14:05"),
    ],
)
def test_every_state_has_its_words(signal: object, on: bool, said: str) -> None:
    """Low funding that counts towards its next step is not cooling down."""
    setting = {signal.trigger: TriggerSetting(on=on)}
    text = signals.state(EN, replace(seeing(signal, **setting), market_time=None), signal)
    assert text.endswith(said)


def test_the_time_of_a_played_market_is_labelled() -> None:
    """A replay of 2021 is watched today: what began there says whose time it is told in, on every page about triggers."""
    spike = a_signal(Cause.VOLATILITY, "BTC", "2.4", active=True, since=NOW, needed=2)
    played = replace(seeing(spike), market_time=NOW)
    assert signals.state(EN, played, spike).endswith("fired since 24 Nov 2026, 14:05 (market time)")
    assert "has been high since 24 Nov 2026, 14:05 (market time)" in told(EN, played)[0]
    assert "market time" not in told(EN, replace(played, market_time=None))[0]


@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
def test_an_ordinary_overview_is_a_caption_and_help_is_whole(language: str) -> None:
    """In every language all facts stand under the picture, and no honest note is cut from the help."""
    words = CATALOGUE.words(language)
    for shown in (triggered(), triggered(active=True), triggered(coins=20)):
        assert page.overview(words, shown).picture is not None
    about = re.sub(f"[{LRI}{FSI}{PDI}{RLM}]", "", page.about(words).text)
    assert all(str(common_escape(words.bare(note))) in about for said in WORDS.values() for note in (said.does, said.known))


def common_escape(text: str) -> str:
    """Return a text as it stands in a message."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_an_alert_says_what_comes_of_it() -> None:
    """A plan, for the end of a signal too, only this message, or nothing at all."""
    steps = {(step.reason.trigger, step.reason.event): step for step in trigger_steps("BTC")}
    begin, over, held = steps["volatility", "begin"], steps["volatility", "end"], steps["funding_low", "begin"]
    follows, waits = "A plan follows", "You wanted only to be told"
    asked = alerts.trigger_alert(EN, portfolio(), [begin]).text
    assert "<b>BTC</b> volatility is <b>2.4x</b> its usual level, limit 2.0x: its target is cut to <b>42%</b>" in asked
    assert follows in asked
    told = alerts.trigger_alert(EN, replace(portfolio(), answer=AnswerMode.NOTIFY), [begin]).text
    assert waits in told
    assert follows not in told
    nothing = alerts.trigger_alert(EN, portfolio(), [held])
    assert "Low funding changes nothing now" in nothing.text
    assert "asks for <b>" in nothing.text
    assert "net futures go up" not in nothing.text, "it is not said of what does not happen"
    assert follows not in nothing.text
    assert "See the plan" not in [button.label for row in nothing.keyboard for button in row]
    last = steps["funding_low", "end"]
    ended = replace(last, reason=replace(last.reason, reading=D("0.0001")), suppressed=True)
    vain = alerts.trigger_alert(EN, portfolio(), [ended]).text
    assert "Funding is no longer low" in vain
    assert "Nothing had been added for it." in vain
    assert all(false not in vain for false in ("go back to their own target", "changes nothing now", follows)), "it had never moved them"
    assert follows in alerts.trigger_alert(EN, portfolio(), [over]).text
    fear = alerts.trigger_alert(EN, portfolio(), [steps["fear_greed", "begin"]], "alternative.me").text
    assert "is <b>22</b>, below 25" in fear
    assert "Source: alternative.me." in fear


def test_a_stored_step_takes_the_limit_that_it_crossed() -> None:
    """It begins at one limit and ends at the other."""
    stored = {"trigger": "funding_high", "subject": "", "reading": "0.0002", "enter": "0.0005", "leave": "0.0003", "size": None}
    begin, end = (_step({**stored, "event": event, "suppressed": False}).reason for event in ("begin", "end"))
    assert (begin.limit, end.limit) == (D("0.0005"), D("0.0003"))


def test_the_card_repeats_the_numbers() -> None:
    """Each reason of a plan says what fired."""
    high = Reason(trigger=Cause.FUNDING_HIGH, event=Phase.BEGIN, reading=D("0.00061"), limit=D("0.0005"), size=D("0.5"))
    said = "Funding is high, <b>+0.061%</b> per 8 h, limit +0.050%: <b>50%</b> of the net long futures is kept."
    assert card.reason_text(EN, high) == said
    margin = Reason(trigger=Cause.MARGIN, reading=D("0.08"), limit=D("0.1"))
    assert card.reason_text(EN, margin) == "Liquidation is <b>8.0%</b> away, the limit is 10.0%."


def test_every_trigger_of_the_engine_has_an_entry_and_words() -> None:
    """The three places that a new trigger stands in name the same ones, in the same order, with the same knobs and modes."""
    assert list(TRIGGERS) == list(INFO) == list(WORDS)
    assert len(INFO) > 4
    for trigger, info in INFO.items():
        turned = {one.name for one in TRIGGERS[trigger].parameters if one.set_by is SetBy.PERSON}
        assert {knob.name for knob in WORDS[trigger].knobs} == turned, trigger
        assert tuple(WORDS[trigger].mode_names) == info.modes, trigger
        assert (WORDS[trigger].held_back is not None) == info.effect.adds_risk, trigger
        limit = TRIGGERS[trigger].parameter(TRIGGERS[trigger].enter)
        ends = (limit.least, limit.most) if limit.set_by is SetBy.PERSON else (limit.default,)
        assert all(info.calm > end if TRIGGERS[trigger].below else info.calm < end for end in ends), "its gauge would have no length"
