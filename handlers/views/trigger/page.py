"""The triggers: what each reads, how near it is, what it does and what is known of it, and the ways to switch and tune it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.charts.labels import Gauge, Labels
from handlers.buttons import Style
from handlers.views import age
from handlers.views.common import (
    DASH,
    DOT,
    Html,
    Picture,
    PictureKind,
    View,
    bold,
    button,
    captioned,
    code,
    esc,
    head,
    joined,
    line_name,
    page,
    say,
    table,
)
from handlers.views.person.schedule import next_run_line
from handlers.views.trigger import parameters, signals
from handlers.views.trigger.words import WORDS

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Cause, LineReading, PortfolioFigures, Signal, StatusReport
    from handlers.buttons import Button, Keyboard
    from handlers.views.trigger.words import Knob, ModeWords

EXAMPLE = "/triggers volatility 2.5"
_ON, _OFF = "☑", "☐"
#: distance to liquidation below which futures are reduced before anything else (domain 9.8)
_URGENT = 0.10
#: coins that the details name one by one
_MOST_COINS = 12


def overview(words: Words, report: StatusReport) -> View:
    """Show every trigger with its state, and what the portfolio's own triggers read."""
    parts = [line for trigger in signals.every() for line in _of_trigger(words, report, trigger)]
    text = page(
        head(words, report.portfolio, say(words, "Triggers")),
        *parts,
        *_own(words, report),
        say(words, "You can also write it: {example}", example=code(EXAMPLE)),
    )
    return captioned(text, _overview_keyboard(words, report), gauges_picture(words, report))


def _of_trigger(words: Words, report: StatusReport, trigger: Cause) -> list[Html]:
    strategy = report.portfolio.strategy
    mark = _ON if strategy.setting(trigger).on else _OFF
    title = joined(" ", (mark, joined(DOT, (bold(signals.name(words, trigger)), signals.overview_state(words, report, trigger)))))
    if not strategy.can_move(trigger):
        return [joined(DOT, (joined(" ", (mark, bold(signals.name(words, trigger)))), say(words, "no futures to move")))]
    group = signals.grouped(signals.of_trigger(report, trigger))
    lines = [(signals.reading_line(words, signal), signal.age_s) for signal in group.named]
    if group.others:
        lines.append((signals.others_line(words, group.others), signals.oldest_s(group.others)))
    return [title, *([signals.beside_source(words, age.together(words, lines), trigger, report.mood_source)] if lines else [])]


def _own(words: Words, report: StatusReport) -> list[Html]:
    """Return what watches the portfolio itself, each in a short line."""
    figures = report.check.figures
    lines = [joined(DOT, (bold(words.t("Drift")), *_drift(words, figures)))] if figures is not None else []
    lines.append(next_run_line(words, report.next_run) or say(words, "No schedule"))
    opened = [hedge for hedge in report.hedges if not hedge.closed]
    lines.append(
        esc(words.n("{count} hedge is open", "{count} hedges are open", len(opened))) if opened else say(words, "No hedge is open")
    )
    if figures is not None and figures.liquidation is not None:
        far = {"percent": words.percent(figures.liquidation, 0), "limit": words.percent(_URGENT, 0)}
        lines.append(say(words, "Margin: liquidation {percent} away, urgent below {limit}", **far))
    return lines


def _drift(words: Words, figures: PortfolioFigures) -> list[Html]:
    banded = [line for line in figures.lines if line.band]
    nearest = max(banded, key=lambda line: abs(line.drift) / (line.band or 1), default=None)
    found = [line for line in (nearest, figures.exposure) if line is not None and line.band]
    return [_band_line(words, line) for line in found]


def _band_line(words: Words, line: LineReading) -> Html:
    facts = {"drift": words.points(abs(line.drift)), "band": words.points(line.band or abs(line.drift))}
    return say(words, "{line}: {drift} of {band} points", line=line_name(words, line.line), **facts)


def _overview_keyboard(words: Words, report: StatusReport) -> Keyboard:
    strategy = report.portfolio.strategy
    rows = []
    for trigger in signals.every():
        on = strategy.setting(trigger).on
        switch = button(f"{_ON if on else _OFF} {signals.name(words, trigger)}", "turn", f"{trigger}:{int(not on)}:list")
        rows.append((switch, button(words.t("Details"), "trigger", trigger)))
    return (*rows, (button(words.t("Status"), "status"), button(words.t("Why?"), "why"), button(words.t("Refresh"), "triggers")))


def gauges_picture(words: Words, report: StatusReport) -> Picture:
    """Name the picture of all triggers: of several coins the nearest."""
    labels = Labels(
        title=words.t("Triggers"),
        bars=words.t("from calm to the limit"),
        legend=(words.t("now"), words.t("starts here"), words.t("ends here")),
    )
    return Picture(kind=PictureKind.GAUGES, labels=labels, gauges=tuple(_gauge(words, report, trigger) for trigger in signals.every()))


def _gauge(words: Words, report: StatusReport, trigger: Cause) -> Gauge:
    on = report.portfolio.strategy.acts_on(trigger)
    found = signals.nearest_first(signals.of_trigger(report, trigger))
    if not found:
        return Gauge(name=signals.name(words, trigger), value=DASH, state=words.t("no data") if on else words.t("off"), on=on)
    signal = found[0]
    near = signals.closeness(signal)
    return Gauge(
        name=signals.subject(words, signal),
        value=f"{signals.number(words, trigger, signal.reading, signal.enter)} / {signals.number(words, trigger, signal.enter)}",
        state=signals.short_state(words, report, signal),
        on=on,
        active=signal.active and on,
        position=float(near) if near is not None else None,
        release=float(signals.way(signal, signal.leave)) if signal.leave != signal.enter else None,
    )


def details(words: Words, report: StatusReport, trigger: Cause) -> View:
    """Show one trigger in full: every coin, what it does, what is known of it, and its parameters."""
    strategy = report.portfolio.strategy
    on = strategy.setting(trigger).on
    said = WORDS[trigger]
    nearest = signals.nearest_first(signals.of_trigger(report, trigger))[:_MOST_COINS]
    told = [signals.beside_source(words, _detail_line(words, report, signal), trigger, report.mood_source) for signal in nearest]
    text = page(
        head(words, report.portfolio, bold(signals.name(words, trigger)), words.t("on") if on else words.t("off")),
        *(told or [esc(words.t("no data")) if strategy.can_move(trigger) else say(words, "no futures to move")]),
        "",
        say(words, said.does),
        say(words, said.known),
        *(_mode_table(words, said.modes) if said.modes is not None else ()),
        "",
        *(_knob_line(words, report, trigger, knob) for knob in said.knobs),
        _mode_line(words, said.modes, strategy.mode_of(trigger)) if said.modes is not None else None,
        say(words, "You can also write it: {example}", example=code(said.example)),
    )
    return View(text, _detail_keyboard(words, report, trigger))


def _detail_line(words: Words, report: StatusReport, signal: Signal) -> Html:
    return joined(DOT, (age.beside(words, signals.reading_line(words, signal), signal.age_s), signals.state(words, report, signal)))


def _knob_line(words: Words, report: StatusReport, trigger: Cause, knob: Knob) -> Html:
    value = parameters.counted(words, trigger, knob, parameters.value_of(report.portfolio.strategy, trigger, knob))
    return joined(" ", (code(words.t(knob.word)), say(words, knob.says, value=bold(value))))


def _mode_line(words: Words, modes: ModeWords, chosen: str) -> Html:
    return joined(" ", (code(words.t("mode")), say(words, modes.says, mode=bold(words.t(modes.names[chosen])))))


def _mode_table(words: Words, modes: ModeWords) -> list[Html]:
    """Return what each mode does and does not take away, as figures and in words."""
    moves = ["", *(words.signed_percent(move, 0) for move in modes.moves)]
    rows = [moves, *([words.t(label), *(words.signed(amount, 0) for amount in amounts)] for label, amounts in modes.rows)]
    return [say(words, modes.title), table(rows), say(words, modes.note)]


def _detail_keyboard(words: Words, report: StatusReport, trigger: Cause) -> Keyboard:
    strategy = report.portfolio.strategy
    on = strategy.setting(trigger).on
    style = Style.PLAIN if on else Style.PRIMARY
    rows: list[tuple[Button, ...]] = [
        (button(words.t("Switch off") if on else words.t("Switch on"), "turn", f"{trigger}:{int(not on)}", style),)
    ]
    said, chosen = WORDS[trigger], strategy.mode_of(trigger)
    rows += [_knob_row(words, report, trigger, knob) for knob in said.knobs]
    if said.modes is not None:
        rows.append(
            tuple(
                button(f"✓ {words.t(label)}" if mode == chosen else words.t(label), "knob", f"{trigger}:mode:{mode}")
                for mode, label in said.modes.names.items()
            )
        )
    return (*rows, (button(words.t("All triggers"), "triggers"), button(words.t("Why?"), "why")))


def _knob_row(words: Words, report: StatusReport, trigger: Cause, knob: Knob) -> tuple[Button, ...]:
    """Return less, what is set, more; at an end of the range that side is missing. An option is one button that turns it round."""
    strategy = report.portfolio.strategy
    if parameters.is_switch(trigger, knob):
        on = parameters.value_of(strategy, trigger, knob)
        return (button(f"{_ON if on else _OFF} {words.t(knob.word)}", "knob", _turn(trigger, knob, 1 - on)),)
    now = parameters.written(words, trigger, knob, parameters.value_of(strategy, trigger, knob))
    row = [button(f"{words.t(knob.word)} {now}", "trigger", trigger)]
    less, more = (parameters.turned(strategy, trigger, knob, up=up) for up in (False, True))
    if less is not None:
        row.insert(0, button(f"‹ {parameters.written(words, trigger, knob, less)}", "knob", _turn(trigger, knob, less)))
    if more is not None:
        row.append(button(f"{parameters.written(words, trigger, knob, more)} ›", "knob", _turn(trigger, knob, more)))
    return tuple(row)


def _turn(trigger: Cause, knob: Knob, value: Decimal) -> str:
    return f"{trigger}:{knob.name}:{round(value, parameters.PLACES).normalize():f}"


def about(words: Words) -> View:
    """Explain every trigger in plain words, with what is honestly known."""
    parts: list[Html] = []
    for trigger in signals.every():
        parts += [bold(signals.name(words, trigger)), say(words, WORDS[trigger].does), say(words, WORDS[trigger].known), Html("")]
    text = page(*parts, say(words, "Each is switched and tuned in /triggers; /why tells what the last check saw."))
    return View(text, ((button(words.t("Help"), "help", "strategy"), button(words.t("Triggers"), "triggers")),))
