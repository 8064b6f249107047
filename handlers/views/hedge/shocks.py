"""The honest table of a hedge: what moves of BTC would do without it and with it, as text and as bars."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.charts.labels import Labels
from chatbot.charts.shock_figures import ShockBar
from chatbot.model import COVER, ROTATION
from chatbot.model.hedge import HedgeProblem
from handlers.views.common import Picture, PictureKind, View, bold, button, captioned, head, page, say, table
from handlers.views.hedge.words import name, other_size, problem, size_label, wish_arg
from handlers.views.problems import cannot_evaluate

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model.hedge import HedgeSize
    from chatbot.model.hedge_report import ShockReport, ShockRow
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: beyond this amount the columns would not fit beside each other
_WIDEST = 9_999_999
_CROSS = "✕"


def shocks(words: Words, report: ShockReport) -> View:
    """Show the table; rows in which the short is liquidated are marked."""
    size = report.size
    if size is None:
        return cannot_evaluate(words, report.portfolio, report.problems)
    if size.problem not in (HedgeProblem.NONE, HedgeProblem.TOO_CLOSE):
        text = page(head(words, report.portfolio, say(words, "Hedges")), problem(words, size))
        return View(text, ((button(words.t("Hedges"), "hedge"),),))
    gone = any(row.liquidated for row in report.rows)
    betas = (
        say(words, "In US dollars, with betas a quarter larger, as in a crash.")
        if report.stressed
        else say(words, "In US dollars, with betas as estimated; they rise in crashes.")
    )
    text = page(
        head(words, report.portfolio, bold(name(words, size.wish.kind)), words.money(size.notional, 0)),
        _table(words, report.rows),
        say(words, "{cross} the short is liquidated: its collateral is gone.", cross=_CROSS) if gone else None,
        _distance(words, size),
        betas,
    )
    return captioned(text, _keyboard(words, size, stressed=report.stressed), _picture(words, report, size))


def _distance(words: Words, size: HedgeSize) -> Html:
    if size.distance is None:
        return say(words, "The short only reduces a long, so it cannot be liquidated.")
    return say(words, "Liquidation if BTC rises {percent}", percent=words.percent(size.distance, 0))


def _table(words: Words, rows: tuple[ShockRow, ...]) -> Html:
    lines = [["BTC", words.t("without"), words.t("with it"), words.t("covers")]]
    for row, (without, hedged) in zip(rows, _amounts(words, rows), strict=True):
        covers = words.percent(row.covered, 0) if row.covered is not None else ""
        lines.append([_move(words, row), without, hedged + (_CROSS if row.liquidated else ""), covers])
    return table(lines)


def _amounts(words: Words, rows: tuple[ShockRow, ...]) -> list[tuple[str, str]]:
    """Return the result of each move without and with the hedge, in a unit in which the columns fit beside each other."""
    largest = max((abs(amount) for row in rows for amount in (row.without, row.hedged)), default=Decimal(0)) * words.rate
    unit = next(unit for unit in (1, 10**3, 10**6, 10**9) if largest / unit <= _WIDEST or unit == 10**9)
    return [(words.number(row.without * words.rate / unit), words.number(row.hedged * words.rate / unit)) for row in rows]


def _move(words: Words, row: ShockRow) -> str:
    return words.signed_percent(row.shock, 0)


def _picture(words: Words, report: ShockReport, size: HedgeSize) -> Picture:
    labels = Labels(
        title=f"{name(words, size.wish.kind)} {words.money(size.notional, 0)}",
        bars=words.t("Gain or loss, {currency}", currency=words.currency),
        legend=(words.t("without"), words.t("with it"), f"{_CROSS} {words.t('liquidated')}"),
    )
    bars = tuple(
        ShockBar(name=_move(words, row), without=float(row.without), hedged=float(row.hedged), said=said, liquidated=row.liquidated)
        for row, said in zip(report.rows, _amounts(words, report.rows), strict=True)
    )
    return Picture(kind=PictureKind.SHOCKS, labels=labels, shocks=bars)


def _keyboard(words: Words, size: HedgeSize, *, stressed: bool) -> Keyboard:
    wish = size.wish
    calm = button(words.t("Betas as estimated"), "hedge_table", wish_arg(wish))
    rough = button(words.t("Betas × 1.25"), "hedge_table", f"{wish_arg(wish)}:x")
    rows = [[calm if stressed else rough]]
    if wish.kind == COVER:
        other = other_size(wish)
        rows[0].append(button(size_label(words, other), "hedge_table", wish_arg(other) + (":x" if stressed else "")))
    plan = words.t("Rotate") if wish.kind == ROTATION else words.t("Plan it")
    rows.append([button(plan, "hedge_open", wish_arg(wish)), button(words.t("Hedges"), "hedge")])
    return tuple(map(tuple, rows))
