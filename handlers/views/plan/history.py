"""Past plans: a list, one in full, and all of them as a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import NET, PlanState
from handlers.views import problems
from handlers.views.common import ARROW, DOT, View, bold, button, clip, esc, head, joined, line_name, page, pages, say
from handlers.views.hedge.card import card_lines as hedge_lines
from handlers.views.plan.card import closed_text, past_reasons, title
from handlers.views.plan.legs import left_out_text
from handlers.views.plan.paid import paid_line
from handlers.views.tables import change_picture, change_table, exposure_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.errors import Damaged
    from chatbot.i18n import Words
    from chatbot.model import Leg, Plan, Portfolio, PortfolioFigures
    from handlers.views.common import Html

PAGE_SIZE = 8
#: what was tapped to open a plan in full: the details of its result, and not a row of the list
OF_RESULT = "result"
_STATES = {
    PlanState.PROPOSED: N_("waiting for an answer"),
    PlanState.CONFIRMED: N_("about to start"),
    PlanState.RUNNING: N_("being carried out"),
    PlanState.DONE: N_("carried out"),
    PlanState.PARKED: N_("stopped half-way"),
    PlanState.EXPIRED: N_("expired"),
    PlanState.SKIPPED: N_("skipped"),
    PlanState.SUPERSEDED: N_("replaced"),
}
_PUT_OFF = N_("put off")
#: what a person said of a plan that they trade themselves
_STATES_BY_HAND = {
    PlanState.PROPOSED: N_("waiting until you say what was done"),
    PlanState.DONE: N_("noted as done"),
    PlanState.EXPIRED: N_("never answered"),
    PlanState.SKIPPED: N_("not done, as you said"),
}
_COLUMNS = (
    "plan",
    "state",
    "created",
    "finished",
    "leg",
    "kind",
    "instrument",
    "side",
    "quantity",
    "limit",
    "leg_state",
    "filled",
    "average",
    "fee",
    "note",
)
#: a cell that starts so would be run as a formula by a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def history(
    words: Words,
    portfolio: Portfolio,
    plans: Sequence[Plan],
    damaged: Sequence[Damaged] = (),
    *,
    more: bool = False,
    is_older: bool = False,
) -> View:
    """List plans, newest first, each with its reason, and name those that cannot be read.

    ``more`` offers the page before, ``is_older`` is such a page.
    """
    if not plans and not damaged:
        return _none(words, portfolio, is_older=is_older)
    shown = plans[:PAGE_SIZE]
    title, broken = head(words, portfolio, say(words, "History")), problems.damaged_line(words, damaged)
    text = page(title, broken, *(_row(words, plan) for plan in shown))
    opens = [button(words.t("Plan {number}", number=plan.number), "plan", plan.id) for plan in shown]
    rows = [tuple(opens[at : at + 3]) for at in range(0, len(opens), 3)]
    last = [button("CSV", "csv")]
    if more and shown:
        last.append(button(words.t("Older"), "history", shown[-1].id))
    return View(text, (*rows, tuple(last)))


def _none(words: Words, portfolio: Portfolio, *, is_older: bool) -> View:
    """Say that there is nothing to list, and what there is to do."""
    if is_older:
        return View(page(head(words, portfolio), say(words, "There are no older plans.")), ((button(words.t("Back"), "history"),),))
    if not portfolio.is_open:
        return View(page(head(words, portfolio), say(words, "It never had a plan.")))
    none = say(words, "No plans yet. /rebalance makes the first one.")
    return View(page(head(words, portfolio), none), ((button(words.t("Rebalance"), "rebalance"), button(words.t("Status"), "status")),))


def _row(words: Words, plan: Plan) -> Html:
    states = _STATES | _STATES_BY_HAND if plan.is_by_hand else _STATES
    state = _PUT_OFF if plan.was_put_off else states[plan.state]
    lead = joined(DOT, (bold(str(plan.number)), words.moment(plan.created_at), words.t(state)))
    change = _largest_change(words, plan.before, plan.result) if plan.result is not None else None
    asked = past_reasons(words, replace(plan, standing=()))  # what asked for it; what was known before stands in the plan in full
    return joined("\n", (lead, *[*hedge_lines(words, plan)[:1], *asked][:1], change))


def _largest_change(words: Words, before: PortfolioFigures, after: PortfolioFigures) -> Html | None:
    """Return the line that moved most, in weights, or the net futures: a hedge moves hardly anything else."""
    then = {**{line.line: line.weight for line in before.lines}, NET: before.futures_net}
    now = {**{line.line: line.weight for line in after.lines if line.line in then}, NET: after.futures_net}
    line = max(now, key=lambda name: abs(now[name] - then[name]))
    if now[line] == then[line]:
        return None
    return esc(f"   {line_name(words, line)} {words.percent(then[line])}{ARROW}{words.percent(now[line])}")


def plan_in_full(words: Words, portfolio: Portfolio, plan: Plan, *, at: int = 0, origin: str = "") -> View:
    """Show one plan with everything that was known and done, a page at a time; Back leads to the ``origin``: its result, or the list."""
    after = plan.result or plan.after
    titles = (words.t("before"), words.t("after") if plan.result is not None else words.t("planned"))
    top = title(words, portfolio, plan, words.moment(plan.created_at))
    lines = [
        bold(words.t("waiting for an answer") if plan.state is PlanState.PROPOSED and not plan.is_by_hand else closed_text(words, plan)),
        *hedge_lines(words, plan)[:1],
        *past_reasons(words, plan),
        esc(""),
        *(paid_line(words, leg) for leg in plan.legs),
        *(joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in plan.left_out),
        esc(""),
        _fees(words, plan),
        change_table(words, plan.before, after, titles=titles),
        exposure_change(words, plan.before, after),
    ]
    found = pages(lines, top)
    shown = max(0, min(at, len(found) - 1))
    back = button(words.t("Back"), "card", plan.id) if origin == OF_RESULT else button(words.t("Back"), "history")
    on = (button(words.t("More"), "plan", f"{plan.id}:{origin}:{shown + 1}"),) if shown + 1 < len(found) else ()
    picture = change_picture(words, plan.before, after, words.t("Plan {number}", number=plan.number))
    return View(found[shown], ((*on, back),), picture)


def _fees(words: Words, plan: Plan) -> Html:
    paid = sum((leg.fee for leg in plan.legs), plan.fees * 0)
    if plan.state in (PlanState.DONE, PlanState.PARKED):
        return say(words, "Fees paid {paid}, estimated {estimate}", paid=words.money(paid), estimate=words.money(plan.fees))
    return say(words, "Fees estimated {estimate}", estimate=words.money(plan.fees))


def csv_caption(words: Words, portfolio: Portfolio) -> Html:
    """Return what stands under the file of every leg of every plan."""
    return page(head(words, portfolio, say(words, "History")))


def history_csv(plans: Sequence[Plan]) -> str:
    """Return one row per leg with exact numbers and UTC times; the columns keep their English names so that scripts can rely on them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_csv_row(plan, leg) for plan in plans for leg in plan.legs)
    return out.getvalue()


def _csv_row(plan: Plan, leg: Leg) -> list[object]:
    return [
        plan.number,
        plan.state.value,
        plan.created_at.isoformat(),
        plan.finished_at.isoformat() if plan.finished_at else "",
        leg.index + 1,
        leg.kind.value,
        _harmless(leg.instrument),
        "" if leg.is_transfer else leg.side,
        f"{leg.qty:f}",
        f"{leg.limit:f}" if leg.limit is not None else "",
        leg.state.value,
        f"{leg.filled:f}",
        f"{leg.average:f}" if leg.average is not None else "",
        f"{leg.fee:f}",
        _harmless(leg.note),
    ]


def _harmless(cell: str) -> str:
    text = clip(cell, 80)
    return f"'{text}" if text.startswith(_FORMULA) else text
