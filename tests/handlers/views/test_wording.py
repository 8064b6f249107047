"""What the views say: the figures that matter, unknown as a dash, late taps answered, failures never hidden."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from chatbot.model import (
    CORE,
    NET,
    Cause,
    DecidedBy,
    HeldBack,
    HeldTarget,
    LeftOutWhy,
    LegState,
    LineReading,
    Mode,
    NotAlone,
    Outcome,
    Person,
    Phase,
    PlanState,
    Problem,
    Reason,
)
from chatbot.model.hedge import HedgeProblem
from chatbot.plans.outcomes import NothingToDo, SmallDifference
from handlers.buttons import Reason as TapReason
from handlers.buttons import Refusal
from handlers.views import alerts, common, problems, tables
from handlers.views.hedge import words as hedge_words
from handlers.views.person import access, halt, schedule, settings
from handlers.views.plan import autonomy, card, history, more, nothing, progress, reasons
from handlers.views.plan import legs as legs_views
from handlers.views.plan.legs import ended_short
from handlers.views.portfolio import options, status, strategy, why
from tests.handlers.views.view_examples import NOW, a_plan, a_strategy, after, figures, legs, portfolio, report, trigger_steps, triggered
from tests.languages import spoken
from tests.places import LOCALE

WORDS = Catalogue(LOCALE).words("en", "Europe/London")
D = Decimal


def labels(view: common.View) -> list[str]:
    return [button.label for row in view.keyboard for button in row]


def actions(view: common.View) -> dict[str, str]:
    return {button.tap.action: button.tap.arg for row in view.keyboard for button in row}


def test_status_says_what_product_asks_for() -> None:
    """Value, change, table, band, exposure, beta, gross, liquidation, funding, ages: each line is there; amounts are under Coins."""
    calm = replace(report(), portfolio=portfolio(), open_plan=None, market_time=None)
    text = status.status(WORDS, calm, NOW).text
    for said in (
        "<b>PAPER</b> · Balanced",
        "<b>$98,412.07</b>   −1.6% today, deposits apart",
        "BTC/ETH  46.2%   40.0%   +6.2 ●",
        "Futures   9.8%   10.0%     −0.2",
        "● outside its band of ±5.0 points",
        "Net exposure 91% · beta 1.02 · gross 0.91x",
        "Futures long $4,812, liquidation 48% away",
        "Funding BTC +0.011% per 8 h",
        "Prices 4 sec old · next check in 41 sec",
    ):
        assert said in text, said
    assert labels(status.status(WORDS, calm, NOW)) == ["Rebalance", "Why?", "Hedge", "Coins", "Refresh"]


def test_status_gives_each_line_its_band_where_they_differ() -> None:
    """One width is said once, below the table."""
    wide = replace(figures().lines[1], band=D("0.08"))
    differ = replace(report(), check=replace(report().check, figures=replace(figures(), lines=(figures().lines[0], wide))))
    text = status.status(WORDS, differ, NOW).text
    assert "BTC/ETH  46.2%   40.0%   +6.2  ±5.0 ●" in text
    assert "ALT      35.1%   40.0%   −4.9    ±8.0" in text
    assert "● outside its band\n" in text
    inside = replace(figures(), lines=tuple(replace(line, breach=None) for line in figures().lines))
    text = status.status(WORDS, replace(differ, check=replace(report().check, figures=inside)), NOW).text
    assert "All inside their bands of ±5.0 points" in text


def test_status_unknown_has_dashes_and_no_zero() -> None:
    """What cannot be evaluated says why and shows no invented figure."""
    seen = report(known=False).check
    unpriced = replace(seen, problems=tuple(problem for problem in seen.problems if problem.code != "empty"))
    unknown = replace(report(known=False), check=unpriced, open_plan=None, market_time=None, next_check_s=None)
    view = status.status(WORDS, unknown, NOW)
    assert "Cannot evaluate: <b>no price for SOL" in view.text
    assert "BTC/ETH    —   40.0%      —" in view.text
    assert "0.0%" not in view.text.replace("40.0%", "").replace("10.0%", "")
    assert "$" not in view.text
    assert view.picture is None


def test_status_tells_what_waits() -> None:
    """A pause, a snooze and an open plan are in the status, and its first button leads on."""
    waiting = report()
    assert "Plan 27 waits for your answer, 5 minutes left." in status.status(WORDS, waiting, NOW).text
    assert actions(status.status(WORDS, waiting, NOW))["card"] == "123456"
    paused = replace(waiting, portfolio=replace(waiting.portfolio, paused=True))
    assert "Paused: nothing is checked until /resume." in status.status(WORDS, paused, NOW).text
    assert labels(status.status(WORDS, paused, NOW))[0] == "Resume"
    assert "No alerts until" not in status.status(WORDS, waiting, NOW + timedelta(hours=2)).text


def test_card_has_reason_legs_costs_result_and_expiry() -> None:
    """Three lines say which plan, how long it waits and why; then what, at which price and value, where it leads and what it costs."""
    drifted = replace(a_plan(), reasons=a_plan().reasons[:1], standing=a_plan().standing[:1])
    view = card.plan_card(WORDS, portfolio(), drifted, NOW)
    held = "<b>SOL</b> target <b>15.0%</b> instead of 40.0%: all your coins together are 2.4x as volatile as usual."
    assert view.text.split("\n\n")[0].splitlines() == [
        "<b>PAPER</b> · Balanced · Plan 27",
        "5 minutes to answer",
        f"{held} <b>BTC/ETH</b> is <b>6.2</b> points over its target of 40.0%; band ±5.0.",
    ]
    for said in (
        "1. sell <code>0.0731</code> SOL at <code>60,030.00</code> · $4,386",
        "2. move <code>0.07 USDT</code> from futures to spot",
        "5. futures: reduce the SOL long by <code>0.0731</code>",
        "After: BTC/ETH 40.0% · ALT 40.0% · Stable 10.0% · Futures 10.0%",
        "Net exposure 91%",
        "Costs about <b>$14.07</b>: fees $9.60, slippage $4.47",
        "Left out: SOL: $6.10 is under the exchange's minimum of $10",
    ):
        assert said in view.text, said
    assert labels(view) == ["Confirm", "Edit", "Skip", "Snooze 1 h", "Longer…", "More"]
    assert set(actions(view).values()) == {"123456", "plan:123456", "123456:0", f"123456:{1 << 7:x}"}, "Confirm names the leg left out"
    behind = more.more(WORDS, portfolio(), drifted)
    for said in (
        "BTC/ETH  46.2%  40.0%   40.0%",
        "futures leverage ∞ → 0.98x",
        "beta 1.02",
        "SOL futures earn about $4.20 of funding in 30 days",
        "slippage about 2.0 bp",
    ):
        assert said in behind.text, said
        assert said not in view.text


@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
@pytest.mark.parametrize("count", [1, 8, 24, 40, 200])
def test_a_long_card_keeps_its_picture_and_everything_stands_behind_more(language: str, count: int) -> None:
    """Head, largest legs and result are one caption; the pages behind it name every leg."""
    words = Catalogue(LOCALE).words(language)
    many = tuple(replace(legs()[0], index=at, qty=D(at + 1) / 1000, state=LegState.PLANNED) for at in range(count))
    plan = replace(a_plan(), legs=many)
    view = card.plan_card(words, portfolio(), plan, NOW)
    assert view.picture is not None
    assert common.visible_length(view.text) <= common.MAX_CAPTION
    assert len(view.text.split("\n\n")[0].splitlines()) == 3
    assert f"{count}. " in view.text, "the largest leg stays"
    told, page = "", 0
    while True:
        shown = more.more(words, portfolio(), plan, page)
        assert shown.picture is not None
        assert common.visible_length(shown.text) <= common.MAX_CAPTION
        told, page = f"{told}\n{shown.text}", page + 1
        assert labels(shown)[-1] == labels(card.edit(words, portfolio(), plan, NOW))[-1], "and Back leads to the card"
        if len(labels(shown)) == 1:
            break
    assert all(f"\n{at + 1}. " in told for at in range(count))


def test_a_card_that_was_a_second_on_its_way_has_all_its_minutes() -> None:
    """Five minutes less what the delivery takes was "4 minutes to answer" on every card; and no card promises more than it has."""
    plan, brief = a_plan(), replace(a_plan(), expires_at=a_plan().created_at + timedelta(seconds=60))
    for late, said in ((0, "5 minutes"), (2, "5 minutes"), (6, "4 minutes"), (270, "30 seconds")):
        told = card.plan_card(WORDS, portfolio(), plan, plan.created_at + timedelta(seconds=late)).text
        assert told.splitlines()[1] == f"{said} to answer", late
    for late, said in ((0, "60 seconds"), (4, "60 seconds"), (10, "50 seconds"), (59, "1 second")):
        told = card.plan_card(WORDS, portfolio(), brief, brief.created_at + timedelta(seconds=late)).text
        assert told.splitlines()[1] == f"{said} to answer", late


def test_by_hand_confirm_means_done() -> None:
    """A manual portfolio asks for a report, not for leave."""
    assert labels(card.plan_card(WORDS, portfolio(mode=Mode.MANUAL), replace(a_plan(), mode=Mode.MANUAL), NOW))[0] == "All done"


@pytest.mark.parametrize("state", [state for state in PlanState if state is not PlanState.PROPOSED])
def test_a_plan_that_ended_can_not_be_confirmed(state: PlanState) -> None:
    """Neither its card nor its edit view offers Confirm, and both say how it ended."""
    for view in (card.plan_card(WORDS, portfolio(), a_plan(state=state), NOW), card.edit(WORDS, portfolio(), a_plan(state=state), NOW)):
        assert not {"confirm", "toggle", "skip", "edit"} & set(actions(view))
        assert card.closed_text(WORDS, a_plan(state=state)) in view.text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (PlanState.EXPIRED, "Plan 27 expired at 14:10, prices have moved since. Here is the plan as of now."),
        (PlanState.SKIPPED, "Plan 27 was skipped at 14:05. Nothing was traded."),
        (PlanState.SUPERSEDED, "Plan 27 ended, because what it rested on was changed. Nothing was traded."),
        (PlanState.RUNNING, "Plan 27 is being carried out. Pressing again changes nothing."),
        (PlanState.DONE, "Plan 27 was carried out at 14:05. Pressing again changes nothing."),
    ],
)
def test_late_taps_are_answered_in_words(state: PlanState, said: str) -> None:
    """Each end of a plan has its own answer, short enough for Telegram's window in every language."""
    assert progress.late_text(WORDS, a_plan(state=state)) == said


def test_small_window_texts_fit_in_every_language() -> None:
    """Telegram takes at most 200 characters in the answer to a tap."""
    catalogue = Catalogue(LOCALE)
    for language in catalogue.languages:
        words = catalogue.words(language)
        texts = [progress.late_text(words, replace(a_plan(state=state), number=123_456)) for state in PlanState]
        texts += [problems.tap_refused(words, Refusal(reason)) for reason in TapReason]
        texts += [
            progress.not_yours(words),
            progress.skipped_toast(words, a_plan(), until=a_plan().expires_at),
            progress.skipped_toast(words, replace(a_plan(state=PlanState.SKIPPED), decided_by=DecidedBy.SNOOZE), until=a_plan().expires_at),
            progress.confirmed_toast(words, a_plan()),
            progress.left_behind(words, a_plan()),
            progress.left_behind_open(words, a_plan()),
            halt.refused(words, a_plan(), a_plan().expires_at, NOW + timedelta(days=2)),
            halt.other_halt(words, a_plan().expires_at),
        ]
        assert all(0 < len(text) <= 200 for text in texts), language


def test_edit_switches_every_leg() -> None:
    """Each leg has a switch that shows whether it is in; without legs there is nothing to confirm."""
    view = card.edit(WORDS, portfolio(), a_plan(), NOW)
    assert labels(view)[:2] == ["☑ 1. sell SOL $4,386", "☑ 2. transfer $0"]
    assert labels(view)[7].startswith("☐ 8. ")
    empty = replace(a_plan(), legs=tuple(replace(leg, state=LegState.DROPPED) for leg in legs()))
    assert "No legs are left" in card.edit(WORDS, portfolio(), empty, NOW).text
    assert "confirm" not in actions(card.edit(WORDS, portfolio(), empty, NOW))
    assert "confirm" not in actions(card.plan_card(WORDS, portfolio(), empty, NOW)), "it was carried out, and done in a second"
    assert "confirm" not in actions(card.edit(WORDS, portfolio(), empty, NOW))


def test_progress_tells_every_leg() -> None:
    """Partial fills, the orders that they took, refusals and unknown outcomes are all shown."""
    text = progress.progress(WORDS, portfolio(), a_plan(state=PlanState.RUNNING)).text
    assert "Being carried out: 4 of 8 legs ended." in text
    for said in (
        "in the order book, 41% filled, 3 orders so far",
        "only part of it done, 41% filled",
        "refused",
        "sent, outcome unknown, not enough money",
    ):
        assert said in text, said


def test_result_never_hides_a_failed_leg() -> None:
    """Every leg that fell short is in the result, with its reason; a clean result says only done."""
    done = a_plan(state=PlanState.DONE, result=after())
    text = progress.result(WORDS, portfolio(), done).text
    assert "done, 3 legs fell short" in text
    assert text.count("◐") == text.count("✗") == 1
    assert "fees paid $14.64" in text
    clean = replace(done, legs=tuple(replace(leg, state=LegState.FILLED) for leg in legs()))
    assert "Not as planned" not in progress.result(WORDS, portfolio(), clean).text
    assert "<b>done in 1 second</b>" in progress.result(WORDS, portfolio(), clean).text


@pytest.mark.parametrize(
    ("change", "short"),
    [
        ({"state": LegState.DROPPED}, False),
        ({"state": LegState.DROPPED, "note": "halted"}, True),
        ({"state": LegState.REJECTED}, True),
        ({"state": LegState.UNKNOWN}, True),
        ({"state": LegState.FILLED}, False),
        ({"state": LegState.FILLED, "note": "shrunk"}, False),
        ({"state": LegState.DROPPED, "note": "replanned"}, False),
        ({"state": LegState.PARTIAL, "filled": D("0.0730999")}, False),
        ({"state": LegState.PARTIAL, "filled": D("0.07")}, True),
    ],
)
def test_what_counts_as_falling_short(change: dict[str, object], short: bool) -> None:
    """Whatever ended with less than it was to do counts, except what the person left out and dust."""
    leg = replace(legs()[0], **{"note": "", **change})
    assert ended_short(leg) is short


def test_result_of_a_parked_plan_asks_for_a_person() -> None:
    """An unknown outcome is said to be unknown."""
    text = progress.result(WORDS, portfolio(), a_plan(state=PlanState.PARKED)).text
    assert "Plan 27 stopped half-way" in text
    assert "I don't know whether" in text


def test_alert_names_the_lines_and_offers_the_plan() -> None:
    """An alert has the numbers that fired and the three answers to it."""
    view = alerts.drift_alert(WORDS, portfolio(), [line for line in figures().lines if line.breach])
    assert view.text == "<b>PAPER</b> · Balanced\n<b>BTC/ETH</b> is <b>6.2</b> points over its target of 40.0%; band ±5.0."
    assert labels(view) == ["See the plan", "Why?", "Snooze 1 h", "Longer…"]


def test_under_target_and_without_a_band() -> None:
    """The sentence turns with the sign, and says nothing about a band that there is not."""
    reason = Reason(trigger=Cause.DRIFT, line=CORE, weight=D("0.3"), target=D("0.4"))
    assert card.reason_text(WORDS, reason) == "<b>BTC/ETH</b> is <b>10.0</b> points under its target of 40.0%."


def test_why_names_the_nearest_limit() -> None:
    """The nearest line comes first with what is left to its limit."""
    inside = replace(figures(), lines=tuple(replace(line, breach=None) for line in figures().lines if line.line != CORE))
    check = replace(report().check, figures=inside, held_back=HeldBack.INSIDE, prices=6)
    text = why.why(WORDS, replace(report(), open_plan=None), check, NOW + timedelta(seconds=12)).text
    assert "Nothing to do: the nearest limit is <b>ALT</b>, <b>4.9</b> of 5.0 points." in text
    assert "Last check 12 sec ago, all 6 prices fresh." in text


def test_why_calls_a_band_no_nearest_limit_where_a_signal_is_nearer() -> None:
    """It said so of 0.2 of 5.0 points, and in its next sentence that the trend was half-way to its limit."""
    seen = triggered()
    calm = replace(seen.check.figures, lines=(), exposure=LineReading(line=NET, weight=D("0.102"), target=D("0.1"), band=D("0.05")))
    text = why.why(WORDS, replace(seen, open_plan=None), replace(seen.check, figures=calm, held_back=HeldBack.INSIDE), NOW).text
    assert "Nothing to do: the nearest of the bands is <b>Net futures</b>, <b>0.2</b> of 5.0 points." in text


@pytest.mark.parametrize("held_back", HeldBack)
@pytest.mark.parametrize("is_open", [True, False])
def test_why_is_three_sentences_at_most(held_back: HeldBack, is_open: bool) -> None:
    """What the bot does, the nearest limit with its number, how fresh the data is; everything else is one tap away."""
    seen = triggered(active=True)
    shown = replace(seen, open_plan=a_plan() if is_open else None)
    for figures_ in (seen.check.figures, replace(seen.check.figures, lines=(), exposure=None)):
        check = replace(seen.check, figures=figures_, held_back=held_back, prices=9)
        head, *said = why.why(WORDS, shown, check, NOW).text.splitlines()
        assert head == "<b>PAPER</b>"
        assert 1 <= len(said) <= 3
        assert said[-1] == "Last check 0 sec ago, all 9 prices fresh, Volatility, Trend, Fear &amp; Greed read 9 hr ago."
        assert all(one.count(". ") == 0 and one.endswith(".") for one in said), said


def test_all_problems_of_an_input_in_one_answer() -> None:
    """Two mistakes are told together, escaped, with an example that works."""
    found = [UserError("{name} is listed twice.", name="<b>"), UserError("There is no number after {name}.", name="ETH")]
    text = problems.mistakes(WORDS, found, strategy.targets_example("USDT")).text
    assert text.startswith("2 things to fix:\n• &lt;b&gt; is listed twice.\n• There is no number after ETH.")
    assert "<code>/targets BTC 40 ETH 30 ALT 20 USDT 10</code>" in text


def test_the_same_problem_is_told_once_and_many_are_counted() -> None:
    """A dozen stale prices do not fill the screen."""
    twice = [Problem(code="missing_price", instrument="ADA"), Problem(code="missing_price", instrument="ADA-PERP")]
    assert problems.problems_text(WORDS, twice) == "no price for ADA"
    old = [Problem(code="stale_price", instrument=name, age_s=3610.0) for name in ("ADA", "BTC", "BTC-PERP")]
    alone = Problem(code="stale_price", instrument="ETH", age_s=7300.0)
    assert problems.problems_text(WORDS, [*old, alone]) == "the prices of ADA, BTC are 60 min old; the price of ETH is 2 hr old"
    many = [Problem(code="missing_price", instrument=f"C{at}") for at in range(9)]
    assert problems.problems_text(WORDS, many).endswith("no price for C5; 3 more")


def test_a_plan_of_the_past_tells_no_age_of_its_readings() -> None:
    """It was hours old when the plan was made, and the list said weeks later that it was read two hours ago."""
    by = tuple({step.reason.trigger: step.reason for step in reversed(trigger_steps())}.values())[::-1]
    plan = replace(a_plan("SOL", PlanState.DONE, after()), reasons=by, standing=(HeldTarget(line=NET, own=D("0.1"), now=D(0), by=by[2:]),))
    assert " ago" in card.plan_card(WORDS, portfolio(), replace(plan, state=PlanState.PROPOSED), NOW).text
    assert " ago" not in history.history(WORDS, portfolio(), (plan,)).text
    shown = history.plan_in_full(WORDS, portfolio(), plan).text
    assert "trend looks worn out" in shown
    assert " ago" not in shown


def test_csv_is_exact_and_harmless() -> None:
    """Numbers keep every digit, one row a leg, and no cell can be run as a formula."""
    evil = a_plan("=HYPERLINK(1)", PlanState.DONE)
    rows = history.history_csv([evil]).splitlines()
    assert len(rows) == 1 + 8
    assert rows[0].startswith("plan,state,created,finished,leg,kind,instrument,side,quantity,limit")
    assert "0.07310000" in rows[1]
    assert not [cell for row in rows for cell in row.split(",") if cell.startswith(("=", "@", "+"))]


def test_live_is_marked_with_its_exchange() -> None:
    """The mark of real money names where it is; all others are one word."""
    assert common.mark(Mode.LIVE, "binance") == "<b>LIVE · Binance</b>"
    assert common.mark(Mode.LIVE, "binance:demo") == "<b>TEST · Binance</b>"
    assert common.mark(Mode.LIVE, "bybit:testnet", watched=True) == "<b>TEST · Bybit</b>"
    assert common.mark(Mode.PAPER, "binance") == "<b>PAPER</b>"


def test_bands_say_where_a_plan_leads() -> None:
    """Theta is told in words."""
    said = {theta: strategy.destination(WORDS, replace(a_strategy(), theta=D(theta))) for theta in ("1", "0.5", "0")}
    assert said == {"1": "the target", "0.5": "the middle between edge and target", "0": "the nearest edge"}


def test_only_the_operator_is_shown_the_operators_commands() -> None:
    """Help lists what a person may use; an unknown group falls back to the first."""
    assert "/users" in settings.help_page(WORDS, "operator", operator=True).text
    assert "/users" not in settings.help_page(WORDS, "operator").text
    assert "/status" in settings.help_page(WORDS, "nonsense").text


def test_a_request_can_be_approved_or_blocked() -> None:
    """The operator decides with one tap about exactly this person."""
    view = access.access_request(WORDS, Person(id=77, chat_id=77, name="Eve <admin>"))
    assert "Eve &lt;admin&gt; <code>77</code>" in view.text
    assert actions(view) == {"approve": "77:pending", "block": "77:pending"}


def test_a_page_too_long_loses_whole_lines_before_its_end() -> None:
    """A text never exceeds Telegram's limit, keeps its last line and is never cut inside a tag."""
    text = common.page("head", *[common.bold("x" * 100)] * 60, "tail")
    assert common.visible_length(text) <= common.MAX_TEXT
    assert text.startswith("head\n<b>")
    assert text.endswith("</b>\ntail")


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("漢字", 4), ("e\u0301", 1), ("\u200dx", 1), ("🚀", 2), ("±5,0●", 5)])
def test_width_counts_columns(text: str, columns: int) -> None:
    """Wide characters take two columns, combining marks none."""
    assert common.width(text) == columns


@pytest.mark.parametrize(
    ("text", "clipped"),
    [("short", "short"), ("a\nb  c", "a b c"), ("漢字漢字漢字", "漢字漢…"), ("\u202eabc", "abc"), ("x" * 20, "x" * 7 + "…")],
)
def test_clip_keeps_one_line(text: str, clipped: str) -> None:
    """Names are cut by columns, on one line, without marks that turn the direction of what follows."""
    assert common.clip(text, 8) == clipped


def test_ages_of_the_past_are_never_negative() -> None:
    """A clock that is slightly behind does not tell of the future."""
    text = why.why(WORDS, report(), report().check, datetime(2026, 11, 24, 14, 4, 58, tzinfo=UTC)).text
    assert "Last check 0 sec ago." in text


def test_every_word_of_the_model_that_a_person_may_meet_has_words() -> None:
    """A new word without a sentence would be told as nothing at all; what is told by silence is named here."""
    silent = {NotAlone.NONE, NotAlone.EDITED, NotAlone.SILENT, NotAlone.OFF, NotAlone.NOTHING}
    assert set(why._HELD_BACK) == set(HeldBack) - {HeldBack.NONE}
    assert set(autonomy._WHY) == set(NotAlone) - silent
    assert set(schedule._OUTCOMES) == set(Outcome) - {Outcome.NONE, Outcome.WAITING, Outcome.ASLEEP, Outcome.HALTED}
    assert set(legs_views._LEFT_OUT) == set(LeftOutWhy)
    assert set(hedge_words._PROBLEMS) == set(HedgeProblem) - {HedgeProblem.NONE, HedgeProblem.TOO_CLOSE}
    assert {phase for phase, _ in options._TILTED} == {Phase.BEGIN, Phase.END}
    assert set(reasons._HEDGE) == set(Phase) - {Phase.NONE, Phase.EASE, Phase.WATCH}
    fallback = card.reason_text(WORDS, Reason(trigger=Cause("of another version")))
    for cause in Cause:
        weights = {"weight": D("0.5"), "target": D("0.4")} if cause in (Cause.DRIFT, Cause.EXPOSURE) else {}
        reason = Reason(trigger=cause, line=CORE, event=Phase.BEGIN, reading=D("0.5"), limit=D("0.4"), size=D("-0.1"), **weights)
        assert card.reason_text(WORDS, reason) != fallback, cause


def test_a_leg_that_ended_with_nothing_filled_is_not_called_done_in_part() -> None:
    """It said that a part was done, and in the same breath 0% of it."""
    leg = replace(legs()[0], state=LegState.PARTIAL, filled=D(0), note="trading_halted")
    assert legs_views.progress_line(WORDS, leg).startswith("– 1. ")
    assert legs_views.leg_state(WORDS, leg) == "nothing of it done, stopped by the operator"
    assert legs_views.leg_state(WORDS, replace(leg, filled=leg.qty / 2)) == "only part of it done, 50% filled, stopped by the operator"


def test_a_picture_of_a_test_account_says_so_itself() -> None:
    """It may be passed on without its caption."""
    picture = tables.allocation_picture(WORDS, figures(), "Balanced")
    for exchange, title in (("binance:demo", "TEST · Balanced"), ("binance", "Balanced")):
        shown = common.View(common.mark(Mode.LIVE, exchange), picture=picture)
        again = replace(shown, keyboard=())
        assert again.picture is not None
        assert again.picture.labels.title == title


@pytest.mark.parametrize("small", ["0.0001", "0.0007", "0.2"])
def test_the_largest_difference_is_the_largest_of_all_that_is_shown(small: str) -> None:
    """The coin that is furthest off, unless a line of the table is further: its coins add up."""
    shown, off = figures(), D(small)
    furthest = max(abs(line.drift) for line in shown.limits)
    assert D("0.0007") < furthest < D("0.2")
    text = nothing.nothing_to_do(
        WORDS, NothingToDo(portfolio=portfolio(), figures=shown, small=SmallDifference(instrument="XRP", weight=off))
    ).text
    said = "<b>XRP</b>" if off > furthest else WORDS.points(furthest)
    assert said in text.partition("The largest difference is")[2].partition("points.")[0]


def test_the_net_futures_are_shown_where_they_are_named_as_furthest_off() -> None:
    """They have no row in the table: "0.7 points" stood above four lines that were off by 0.1."""
    exposure = LineReading(line=NET, weight=D("0.107"), target=D("0.1"), band=D("0.05"))
    on_target = tuple(replace(line, weight=line.target, breach=None) for line in figures().lines)
    for off, is_told in ((exposure, True), (replace(exposure, weight=D("0.1")), False)):
        shown = replace(figures(), lines=on_target, exposure=off)
        text = nothing.nothing_to_do(WORDS, NothingToDo(portfolio=portfolio(), figures=shown)).text
        assert ("Net futures 10.7%, target 10.0% ±5.0" in text) == is_told
        assert ("The largest difference is <b>Net futures</b>, 0.7 points." in text) == is_told


def test_nothing_is_said_to_be_close_to_its_target_where_a_line_is_outside_its_band() -> None:
    """It said so, and below it that the largest difference is 13.3 points."""
    shown = figures()
    off = replace(shown.limits[0], weight=shown.limits[0].target + D("0.133"), breach="over")
    inside = tuple(replace(line, breach=None) for line in shown.limits)
    for lines, said in (((off, *inside[1:]), "Nothing can be traded now."), (inside, "Nothing to do.")):
        held = replace(shown, lines=lines, exposure=None)
        text = nothing.nothing_to_do(WORDS, NothingToDo(portfolio=portfolio(), figures=held)).text
        assert said in text
        assert ("Every line is close to its target." in text) == (said == "Nothing to do.")
    assert "The largest difference is" in text
