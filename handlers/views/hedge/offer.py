"""Hedges in words: what is open, what could be, what it pays and what it takes away; never more than is true."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.hedges.sizing import LifeRule
from chatbot.engine.margin import HEDGE_DISTANCE
from chatbot.i18n import N_
from chatbot.model import MIN_VARIANCE, ROTATION
from chatbot.model.hedge import LITERAL, HedgeProblem, HedgeWish
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, coin, head, joined, page, say
from handlers.views.hedge.words import WHY_OVER, in_fall, limit, loss_label, name, paid, problem, size_name, wish_arg, won
from handlers.views.problems import cannot_evaluate

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import OpenHedge, Portfolio
    from chatbot.model.hedge import HedgeSize
    from chatbot.model.hedge_report import HedgeReading, HedgeReport
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

EXAMPLE: Final = "/hedge 50 20"
#: of the button of somebody who uses no futures and wants a hedge nonetheless
ALL_THE_SAME: Final = "all"
_NINE_TENTHS: Final = Decimal("0.9")
_RULE: Final = LifeRule()
#: said of a loss, and of a win where there is none
_NOW: Final = (N_("If BTC falls {drop} now, you lose about {amount}."), N_("If BTC falls {drop} now, you gain about {amount}."))
_CLOSED: Final = (N_("Without it you would lose {amount}."), N_("Without it you would gain {amount}."))
_WITHOUT: Final = (N_("Without {name} you would lose {amount}."), N_("Without {name} you would gain {amount}."))
_LESS: Final = (N_("{name}: you lose {amount}, {share} less."), "")
_WITH: Final = (N_("{name}: you lose {amount}."), N_("{name}: you gain {amount}."))
#: what is told beside the open hedge that it is about, not as a size that cannot be had
_THERE: Final = (HedgeProblem.OPEN_ALREADY, HedgeProblem.STILL_SHORT)


def hedge(words: Words, report: HedgeReport) -> View:
    """Show what a fall of BTC would cost now, without each hedge that is open, and with each that could be; buttons say the same."""
    if report.rotation is None:
        told = [_opened(words, one) for one in report.open]
        blind = cannot_evaluate(words, report.portfolio, report.problems)
        return View(page(blind.text, *told), blind.keyboard)
    title = head(words, report.portfolio, say(words, "Hedges"))
    fall = now(words, report)
    there = [line for one in report.open for line in ("", _opened(words, one), _closed(words, one))]
    gap = [""] if fall is not None or there else []
    return View(page(title, fall, *there, *gap, *_choices(words, report, report.rotation)), _keyboard(words, report, report.rotation))


def now(words: Words, report: HedgeReport) -> Html | None:
    """Say what a fall of BTC would cost now; of what does not move there is nothing to say but that."""
    if not (report.now < 0 or report.now.quantize(Decimal(1))):
        return None
    return in_fall(words, _NOW, report.now, drop=bold(words.percent(report.drop, 0)))


def without_futures(words: Words, report: HedgeReport, wish: HedgeWish | None = None) -> View:
    """Say what a fall of BTC would cost somebody who uses no futures, and what helps without them; a hedge is one tap further.

    ``wish`` is the one that was typed: its card is what the tap leads to.
    """
    title = head(words, report.portfolio, say(words, "Hedges"))
    moves = report.now < 0
    less = words.money(-report.now * _NINE_TENTHS, 0)
    sold = say(words, "Without them only selling helps: with a tenth of each coin in cash you lose about {amount}.", amount=bold(less))
    told = (say(words, "A hedge is a short of BTC futures, and this portfolio uses no futures."), sold if moves else None)
    rows = (
        (button(words.t("Targets"), "targets"), button(words.t("Exposure"), "exposure")),
        (button(words.t("Hedge with futures anyway"), *(("hedge", ALL_THE_SAME) if wish is None else ("hedge_open", wish_arg(wish)))),),
    )
    return View(page(title, now(words, report) if moves else None, "" if moves else None, *told), rows)


def _opened(words: Words, reading: HedgeReading) -> Html:
    """Return one open hedge: its size, its age, what it has won, what would end it."""
    one = reading.hedge
    amount = words.money(-one.qty * (reading.mark if reading.mark is not None else one.price), 0)
    facts = {"name": bold(name(words, one.kind)), "amount": bold(amount), "coin": coin(one.contract), "date": words.date(one.opened_at)}
    lead = say(words, "{name}: short {amount} of {coin} since {date}", **facts)
    if one.closed:
        return joined("\n", (lead, say(words, "It is over: {why}. The short is still there.", why=words.t(WHY_OVER[one.closed]))))
    if not one.settled:
        return joined("\n", (lead, say(words, "Its plan is being carried out.")))
    return joined("\n", (lead, _result(words, reading), _ends(words, one)))


def _result(words: Words, reading: HedgeReading) -> Html:
    parts = [won(words, reading.result), paid(words, reading.hedge.funding)]
    if reading.distance is not None:
        parts.append(say(words, "liquidation {percent} away", percent=words.percent(reading.distance, 0)))
    return joined(DOT, parts)


def _ends(words: Words, one: OpenHedge) -> Html:
    """Say what would end a hedge (domain 10.3)."""
    days = max(0, _RULE.days - one.age_days)
    latest = words.n("It ends in {count} day at the latest", "It ends in {count} days at the latest", days)
    rebound, low = words.percent(_RULE.rebound, 0), one.price * (1 - _RULE.fall)
    if one.low <= low:
        text = N_("earlier when BTC rises {rebound} from its low, {price} so far, or when volatility has peaked and calmed")
    else:
        text = N_("earlier when BTC rises {rebound} from a low of {price} or less, or when volatility has peaked and calmed")
    earlier = say(words, text, rebound=rebound, price=words.price(min(low, one.low)))
    return joined("; ", (latest, earlier))


def _closed(words: Words, reading: HedgeReading) -> Html | None:
    """Say what a fall would cost without a hedge that is open."""
    return in_fall(words, _CLOSED, reading.closed) if reading.closed is not None else None


def _choices(words: Words, report: HedgeReport, rotation: HedgeSize) -> list[Html]:
    """Say what each hedge that can be had would make of the loss, and what keeps the others from being had."""
    offered = _offered(report, rotation)
    lead = N_("Another hedge comes on top of it:") if report.open else N_("With a BTC short you lose less, and gain less when BTC rises:")
    lines = [say(words, lead)] if offered else []
    lines += [joined(" ", ("•", _sentence(words, size), _about(words, report, size))) for size in offered]
    cut = _cut(report)
    lines += [limit(words, cut, cut.room)] if cut is not None and cut.room is not None and _is_offered(cut) else []
    missing = {one.problem: one for one in (rotation, *report.covers) if not _is_offered(one) and one.problem not in _THERE}
    lines += [problem(words, one) for one in missing.values()]
    if report.open:
        lines.append(say(words, "There is one hedge of each kind: to change the size of one, close it first."))
    return lines


def _offered(report: HedgeReport, rotation: HedgeSize) -> list[HedgeSize]:
    """Return what can be had, smallest short first, then the rotation; sizes that come to the same are one choice."""
    sizes = {one.qty: one for one in reversed(report.covers) if _is_offered(one)}
    return [*sorted(sizes.values(), key=lambda one: one.notional), *([rotation] if _is_offered(rotation) else [])]


def _cut(report: HedgeReport) -> HedgeSize | None:
    """Return the cover by the rule as written where the leverage limits keep it from its size: for a larger one little could be done."""
    return next((one for one in report.covers if one.wish.size == LITERAL and one.room is not None), None)


def _sentence(words: Words, size: HedgeSize) -> Html:
    """Say what a fall would cost with a hedge."""
    less = words.percent(size.covered or Decimal(0), 0)
    return in_fall(words, _LESS if size.hedged < 0 else _WITH, size.hedged, name=bold(size_name(words, size)), share=less)


def _about(words: Words, report: HedgeReport, size: HedgeSize) -> Html:
    """Say how a hedge comes to its size, and of a rotation what it does and whether it is suggested now."""
    wish = size.wish
    shares = {"coverage": words.percent(wish.coverage or Decimal(0), 0), "drop": words.percent(size.drop, 0)}
    if wish.kind == ROTATION:
        sold, amount = words.money(sum(size.sells.values(), Decimal(0)), 0), words.money(size.notional, 0)
        does = say(words, "Sells 10% of each ALT coin ({sold}) and shorts {amount} of BTC.", sold=sold, amount=amount)
        return joined(" ", (does, _condition(words, report)))
    if size.capped:
        asked = words.money(size.asked, 0)
        return say(words, "As much as the leverage limits allow; {asked} would be the full size.", asked=asked)
    if wish.kind == MIN_VARIANCE:
        steadier = words.percent(size.effectiveness or Decimal(0), 0)
        return say(words, "Least variance: it would have removed {percent} of the variance of the last 90 days.", percent=steadier)
    if wish.size == LITERAL:
        return say(words, "The {coverage} × {drop} rule as written.", **shares)
    return say(words, "Sized by beta to cover {coverage} of what your coins lose.", **shares)


def _condition(words: Words, report: HedgeReport) -> Html:
    if report.mood_unknown:
        return say(words, "It is meant for a bearish market; I don't know whether this is one.")
    if not report.suggests_rotation or report.alt is None or report.alt_target is None:
        return say(words, "It is meant for a bearish market with ALT over its target, and that is not the case now.")
    over = words.points(report.alt - report.alt_target)
    if report.bearish == "fear_greed" and report.mood is not None:
        return say(
            words,
            "Suggested now: ALT is {points} points over target, and Fear & Greed is {number}.",
            points=over,
            number=words.number(report.mood),
        )
    return say(words, "Suggested now: ALT is {points} points over target, and BTC is below its falling 50-day average.", points=over)


def _keyboard(words: Words, report: HedgeReport, rotation: HedgeSize) -> Keyboard:
    offered = _offered(report, rotation)
    rows = [[close_button(words, one)] for one in report.open]
    for size in offered:
        style = Style.PRIMARY if size is rotation and report.suggests_rotation else Style.PLAIN
        wish = _reasoned(report) if size is rotation else size.wish
        rows.append([button(_label(words, size), "hedge_open", f"{wish_arg(wish)}:{size.hedged:.0f}", style)])
    if _cut(report) is not None:
        rows.append([button(words.t("Targets"), "targets")])
    more = [button(words.t("Table"), "hedge_table", wish_arg(offered[0].wish))] if offered else []
    rows.append([*more, button(words.t("Exposure"), "exposure"), button(words.t("Refresh"), "hedge")])
    return tuple(tuple(row) for row in rows)


def _label(words: Words, size: HedgeSize) -> str:
    return loss_label(words, size_name(words, size), size.hedged)


def close_button(words: Words, reading: HedgeReading) -> Button:
    """Return the button that closes a hedge; it says what a fall would cost then, where that is known."""
    label, arg = words.t("Close {name}", name=name(words, reading.hedge.kind)), reading.hedge.kind
    if reading.closed is None:
        return button(label, "hedge_close", arg)
    return button(loss_label(words, label, reading.closed), "hedge_close", f"{arg}:{reading.closed:.0f}")


def which(words: Words, report: HedgeReport) -> View:
    """Ask which of several open hedges is to be closed."""
    text = page(
        head(words, report.portfolio, say(words, "Hedges")),
        say(words, "More than one hedge is open. Which one should I close?"),
        in_fall(words, _NOW, report.now, drop=bold(words.percent(report.drop, 0))) if report.rotation is not None else None,
        *(in_fall(words, _WITHOUT, one.closed, name=bold(name(words, one.hedge.kind))) for one in report.open if one.closed is not None),
    )
    return View(text, (*((close_button(words, one),) for one in report.open), (button(words.t("Hedges"), "hedge"),)))


def moved(words: Words, said: Decimal, now: Decimal | None) -> str:
    """Say that a card shows another figure than the button that led to it; empty where it shows the same."""
    if now is None or words.money(said, 0) == words.money(now, 0):
        return ""
    return words.t("Prices have moved: the button said {amount}.", amount=words.money(abs(said), 0))


def _is_offered(size: HedgeSize) -> bool:
    return size.problem in (HedgeProblem.NONE, HedgeProblem.TOO_CLOSE)


def _reasoned(report: HedgeReport) -> HedgeWish:
    return HedgeWish(kind=ROTATION, reason=report.bearish if report.suggests_rotation else "manual")


def refused(words: Words, portfolio: Portfolio, size: HedgeSize) -> View:
    """Answer a hedge that cannot be had, or ask once more about one whose liquidation is near."""
    if size.problem is not HedgeProblem.TOO_CLOSE or size.distance is None:
        rows: Keyboard = ((button(words.t("Hedges"), "hedge"), button(words.t("Status"), "status")),)
        if size.problem in _THERE:
            rows = ((button(words.t("Close the hedge"), "hedge_close", size.wish.kind),), *rows)
        if size.problem is HedgeProblem.NO_ROOM:
            rows = ((button(words.t("Targets"), "targets"),), *rows)
        return View(page(head(words, portfolio, say(words, "Hedges")), problem(words, size)), rows)
    facts = {
        "distance": bold(words.percent(size.distance, 0)),
        "drop": words.percent(size.drop, 0),
        "wanted": words.percent(HEDGE_DISTANCE * size.drop, 0),
        "amount": words.money(size.notional, 0),
    }
    text = page(
        head(words, portfolio, say(words, "Hedges"), bold(words.t("one question first"))),
        say(
            words,
            "A short of {amount} would be liquidated if BTC rose {distance}, and there are not enough stablecoins for more collateral.",
            **facts,
        ),
        say(
            words,
            "A hedge against a fall of {drop} should survive a rise of {wanted}. Otherwise a bounce on the way "
            "down liquidates the short, its collateral is lost, and your coins stand without it.",
            **facts,
        ),
        say(words, "Nothing was planned yet."),
    )
    accepted = HedgeWish(
        kind=size.wish.kind, size=size.wish.size, coverage=size.wish.coverage, drop=size.wish.drop, accepted=True, reason=size.wish.reason
    )
    return View(
        text,
        (
            (button(words.t("Plan it anyway"), "hedge_open", wish_arg(accepted), Style.DANGER),),
            (button(words.t("Table"), "hedge_table", wish_arg(size.wish)), button(words.t("Hedges"), "hedge")),
        ),
    )


def nothing_left(words: Words, portfolio: Portfolio) -> View:
    """Answer a wish to closes a hedge where there is none."""
    text = page(head(words, portfolio, say(words, "Hedges")), say(words, "No hedge is open."))
    return View(text, ((button(words.t("Hedges"), "hedge"),),))
