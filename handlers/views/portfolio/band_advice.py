"""The recommended bands: what each line's should be, what that rests on, and one tap to use it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.plans import band_advice
from handlers.buttons import Style
from handlers.views.common import DASH, View, bold, button, head, joined, line_name, page, say, table
from handlers.views.portfolio.strategy import half_width
from handlers.views.problems import cannot_evaluate

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.plans.band_advice import Advice, LineAdvice
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: offered limits on the yearly deviation from the targets, per cent
_BUDGETS = (1, 2, 3)
_TRACKING = "*"
#: buttons of single lines; "Use all" reaches the others
_MOST = 12
_IN_ROW = 3
#: a payload has 64 bytes, and the seal and the rest need half of them
_LONGEST_LINE = 20
_UNKNOWN = {
    band_advice.NO_TARGET: N_("{line}: a line without a target has no band of its own."),
    band_advice.NO_VOLUME: N_("{line}: its recent volume or volatility is unknown, and so are its costs."),
    band_advice.NO_HISTORY: N_("{line}: there are no daily prices of the last three months."),
}


def recommended(words: Words, advice: Advice) -> View:
    """Show the recommended band of every line beside the present one; what is not known is a dash, and why."""
    if advice.problems:
        return cannot_evaluate(words, advice.portfolio, advice.problems)
    tracked = any(line.found and line.found.bound_by == "tracking_error" for line in advice.lines)
    text = page(
        head(words, advice.portfolio, say(words, "Recommended bands")),
        table(
            [
                ["", words.t("now"), words.t("best"), words.t("cost, bp"), words.t("days")],
                *(_row(words, advice, line) for line in advice.lines),
            ]
        ),
        *(_reason(words, line) for line in advice.lines if line.found is None),
        joined(" ", (_TRACKING, say(words, "here the limit on tracking decides, elsewhere the costs"))) if tracked else None,
        _basis(words, advice),
        say(words, "Days: expected between two triggers. All of it estimates, from three months of prices and today's costs."),
    )
    return View(text, _keyboard(words, advice))


def _row(words: Words, advice: Advice, one: LineAdvice) -> list[str]:
    now = half_width(advice.portfolio.strategy, one.line)
    present = f"±{words.points(now)}" if now is not None else DASH
    if one.found is None or one.rule is None or one.cost is None:
        return [line_name(words, one.line), present, DASH, DASH, DASH]
    mark = _TRACKING if one.found.bound_by == "tracking_error" else ""
    days = DASH if one.found.days_between is None else words.number(one.found.days_between, 0)
    return [line_name(words, one.line), present, f"{_width(words, one)}{mark}", words.number(one.cost * 10_000, 0), days]


def _width(words: Words, one: LineAdvice) -> str:
    return f"±{words.number(one.rule.abs_pp, 1)}" if one.rule is not None and one.rule.abs_pp is not None else DASH


def _reason(words: Words, one: LineAdvice) -> Html:
    return say(words, _UNKNOWN[one.why], line=line_name(words, one.line))


def _basis(words: Words, advice: Advice) -> Html:
    """Say what decides: costs alone, or a limit on how far the portfolio may stray in a year as well."""
    if advice.te_budget is None:
        return say(words, "A band this wide costs least: narrower ones trade too often, wider ones stray too far.")
    limit = bold(words.percent(advice.te_budget, 0))
    return say(words, "The costs decide, unless a line would stray from its target by more than {percent} a year.", percent=limit)


def _keyboard(words: Words, advice: Advice) -> Keyboard:
    present = advice.portfolio.strategy.bands
    better = [line for line in advice.lines if line.rule is not None and line.rule != present.get(line.line)]
    budget = budget_arg(advice)
    singles = [
        button(f"{line_name(words, one.line)} {_width(words, one)}", "use_band", f"{one.line}:{one.rule.abs_pp}:{budget}")
        for one in better[:_MOST]
        if one.rule is not None and len(one.line.encode()) <= _LONGEST_LINE
    ]
    rows = [tuple(singles[at : at + _IN_ROW]) for at in range(0, len(singles), _IN_ROW)]
    if len(better) > 1:
        rows.append((button(words.t("Use all"), "use_bands", budget, Style.PRIMARY),))
    rows.append(tuple(_budgets(words, advice)))
    rows.append((button(words.t("Bands"), "bands"), button(words.t("Refresh"), "advice", budget)))
    return tuple(rows)


def _budgets(words: Words, advice: Advice) -> list[Button]:
    """Offer the other limits on tracking."""
    offered = [] if advice.te_budget is None else [button(words.t("Costs only"), "advice")]
    limits = [number for number in _BUDGETS if advice.te_budget != Decimal(number) / 100]
    return [*offered, *(button(words.t("Stray ≤ {percent}", percent=words.percent(Decimal(n) / 100, 0)), "advice", n) for n in limits)]


def budget_arg(advice: Advice) -> str:
    """Return the limit on tracking as buttons carry it: per cent, or empty."""
    return "" if advice.te_budget is None else f"{(advice.te_budget * 100).normalize():f}"


def used_toast(words: Words, line: str, points: Decimal) -> str:
    """Return the short answer to the use of one recommended band."""
    return words.t("{line}: the band is now ±{points}.", line=line_name(words, line), points=words.number(points, 1))


def gone_toast(words: Words) -> str:
    """Return the short answer to a band for a line that is no longer there."""
    return words.t("Your targets have changed since; these are the current lines.")
