"""The answer to a wish for a plan where there is none: all is inside what an order could improve, or was left so by the last plan."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import NET
from handlers.views.common import View, bold, button, coin, head, joined, line_name, page, say
from handlers.views.plan.legs import left_out_text
from handlers.views.portfolio import lives
from handlers.views.tables import moved_line, net_line, weights_table

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import LineReading, Plan, PortfolioFigures
    from chatbot.plans.outcomes import NothingToDo, SmallDifference
    from handlers.views.common import Html

#: a difference that is shown at least as 0.01 points
_SHOWN_POINTS = Decimal("0.00005")


def nothing_to_do(words: Words, found: NothingToDo, now: datetime | None = None) -> View:
    """Answer ``/rebalance`` when no order would improve anything, or none that would can be sent; what is not traded has its age.

    What is inside its band and a little off, or was left there by the last plan, is named, and can be traded all the same.
    """
    portfolio, figures, small = found.portfolio, found.figures, found.small
    close = [
        say(words, "Every line is close to its target. The orders would be too small to be worth their fees."),
        _largest(words, figures),
    ]
    is_outside = any(reading.breach for reading in figures.limits)
    if is_outside:
        close = close[1:]
    if all(not reading.drift for reading in figures.limits):
        close = [say(words, "Every line is exactly on its target.")]
    if small is not None:
        close = [_since(words, found.since), _inside(words, figures, small)]
    undone = [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in found.left_out[:8]]
    text = page(
        head(words, portfolio),
        bold(words.t("Nothing can be traded now.")) if undone or is_outside else bold(words.t("Nothing to do.")),
        *(undone or close),
        *(lives.standing_lines(words, figures, now) if now is not None else ()),
        weights_table(words, figures),
        _net_as_named(words, figures),
        moved_line(words, figures),
    )
    pages = (button(words.t("Status"), "status"), button(words.t("Why?"), "why"))
    return View(text, ((button(words.t("Trade it all the same"), "trade_all"),), pages) if small is not None else (pages,))


def _since(words: Words, plan: Plan | None) -> Html | None:
    """Say that the last plan has left it so, where that is why nothing is proposed."""
    if plan is None:
        return None
    return say(words, "Nothing has changed since plan {number}, which left the rest as it is.", number=plan.number)


def _small_points(words: Words, share: Decimal) -> str:
    """Write points with a second decimal where one would leave nothing of them."""
    return words.points(share, 1 if share >= Decimal("0.001") or not share else 2)


def _inside(words: Words, figures: PortfolioFigures, small: SmallDifference) -> Html:
    """Name what is furthest off of all that is small: the coin, or a line of the table below that its coins add up to."""
    line = _furthest(figures)
    named, off = bold(coin(small.instrument)), small.weight
    if line is not None and abs(line.drift) > off:
        named, off = bold(line_name(words, line.line)), abs(line.drift)
    points = _small_points(words, off)
    if any(reading.breach for reading in figures.limits):
        return say(words, "The largest difference is {line}, {points} points.", line=named, points=points)
    return say(words, "Every line is inside its band. The largest difference is {coin}, {points} points.", coin=named, points=points)


def _net_as_named(words: Words, figures: PortfolioFigures) -> Html | None:
    """Show the net futures where they are what is furthest off: they have no row in the table."""
    line = _furthest(figures)
    return net_line(words, figures) if line is not None and line.line == NET else None


def _furthest(figures: PortfolioFigures) -> LineReading | None:
    return max(figures.limits, key=lambda reading: abs(reading.drift), default=None)


def _largest(words: Words, figures: PortfolioFigures) -> Html | None:
    """Name the line that is furthest off its target; None where there is none, or its difference would be shown as nothing."""
    line = _furthest(figures)
    if line is None or abs(line.drift) < _SHOWN_POINTS:
        return None
    facts = {"line": bold(line_name(words, line.line)), "points": _small_points(words, abs(line.drift))}
    return say(words, "The largest difference is {line}, {points} points.", **facts)
