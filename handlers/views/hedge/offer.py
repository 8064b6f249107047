"""Hedges in words: what is open, what could be, what it pays and what it takes away; never more than is true."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.hedges.sizing import LifeRule
from chatbot.engine.margin import HEDGE_DISTANCE
from chatbot.model import COVER, MIN_VARIANCE, ROTATION
from chatbot.model.hedge import HedgeProblem, HedgeWish
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, coin, head, joined, page, say
from handlers.views.hedge.words import WHY_OVER, name, paid, problem, wish_arg, won
from handlers.views.problems import cannot_evaluate

if TYPE_CHECKING:
    from typing import Any

    from chatbot.i18n import Words
    from chatbot.model import OpenHedge, Portfolio
    from chatbot.model.hedge import HedgeSize
    from chatbot.model.hedge_report import HedgeReading, HedgeReport
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

EXAMPLE: Final = "/hedge 50 20"
_RULE: Final = LifeRule()
#: what keeps every size of a cover from being had
_NO_COVER: Final = (HedgeProblem.NO_CONTRACT, HedgeProblem.OPEN_ALREADY, HedgeProblem.STILL_SHORT, HedgeProblem.NO_ROOM)


def hedge(words: Words, report: HedgeReport) -> View:
    """Show what is open, then what could be, each with what it pays and what it costs."""
    if report.rotation is None:
        told = [_opened(words, one) for one in report.open]
        blind = cannot_evaluate(words, report.portfolio, report.problems)
        return View(page(blind.text, *told), blind.keyboard)
    text = page(
        head(words, report.portfolio, say(words, "Hedges")),
        *([_opened(words, one) for one in report.open] or [say(words, "No hedge is open.")]),
        "",
        *_rotation(words, report, report.rotation),
        "",
        *_covers(words, report),
    )
    return View(text, _keyboard(words, report))


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
    facts = {"rebound": words.percent(_RULE.rebound, 0), "price": words.price(one.price * (1 - _RULE.fall))}
    earlier = say(
        words, "earlier when BTC rises {rebound} from a low of {price} or less, or when volatility has peaked and calmed", **facts
    )
    return joined("; ", (latest, earlier))


def _rotation(words: Words, report: HedgeReport, size: HedgeSize) -> list[Html]:
    """Say what a rotation does, whether it is suggested now and why, and that gains shrink too."""
    title = bold(name(words, ROTATION))
    if not _is_offered(size):
        return [title, problem(words, size)]
    facts = {
        "sold": words.money(sum(size.sells.values(), Decimal(0)), 0),
        "amount": words.money(size.notional, 0),
        "points": words.points(-size.net_change),
    }
    told = say(
        words,
        "Sell 10 % of each ALT coin ({sold}), short {amount} of BTC. "
        "Net exposure falls by {points} points: losses shrink, and gains as much.",
        **facts,
    )
    return [title, told, _condition(words, report)]


def _condition(words: Words, report: HedgeReport) -> Html:
    if report.mood_unknown:
        return say(words, "I don't know whether the market is bearish.")
    if not report.suggests_rotation or report.alt is None or report.alt_target is None:
        return say(words, "Not suggested now: a rotation is suggested when ALT is over its target in a bearish market.")
    over = words.points(report.alt - report.alt_target)
    if report.bearish == "fear_greed" and report.mood is not None:
        return say(
            words,
            "Suggested now: ALT is {points} points over target, and Fear & Greed is {number}.",
            points=over,
            number=words.number(report.mood),
        )
    return say(words, "Suggested now: ALT is {points} points over target, and BTC is below its falling 50-day average.", points=over)


def _covers(words: Words, report: HedgeReport) -> list[Html]:
    literal, by_beta, least = report.covers
    title = bold(name(words, COVER))
    if literal.problem in _NO_COVER:
        return [title, problem(words, literal)]
    lines = [
        title,
        problem(words, literal) if literal.problem is HedgeProblem.TOO_SMALL else cover_sentence(words, literal),
        _by_beta(words, by_beta),
    ]
    return [line for line in (*lines, _least(words, least)) if line is not None]


def cover_sentence(words: Words, size: HedgeSize) -> Html:
    """Say what a short pays in the fall, and how much of the loss that is."""
    coverage = size.wish.coverage if size.wish.coverage is not None else Decimal(0)
    facts = {"coverage": words.percent(coverage, 0), "drop": words.percent(size.drop, 0)}
    return say(
        words,
        "A short of {amount} (the {coverage} × {drop} rule) would win {gain} if BTC falls {drop}. "
        "Your coins would lose about {loss} then: this covers {share}.",
        **facts,
        **_amounts(words, size),
    )


def _amounts(words: Words, size: HedgeSize) -> dict[str, Any]:
    share = words.percent(size.share, 0) if size.share is not None else words.percent(0, 0)
    return {
        "amount": bold(words.money(size.notional, 0)),
        "gain": words.money(size.gain, 0),
        "loss": words.money(size.loss, 0),
        "share": bold(share),
    }


def _by_beta(words: Words, size: HedgeSize) -> Html | None:
    if not _is_offered(size):
        return None
    coverage = words.percent(size.wish.coverage or Decimal(0), 0)
    told = say(words, "To cover {coverage} you would need about {asked}.", coverage=coverage, asked=bold(words.money(size.asked, 0)))
    if not size.capped:
        return told
    amounts = _amounts(words, size)
    return joined(" ", (told, say(words, "The leverage limits allow {amount} of it, which covers {share}.", **amounts)))


def _least(words: Words, size: HedgeSize) -> Html:
    if not _is_offered(size):
        return problem(words, size)
    facts = {"amount": bold(words.money(size.asked, 0)), "percent": words.percent(size.effectiveness or Decimal(0), 0)}
    told = say(
        words, "Least variance takes a short of {amount}; over the last 90 days it would have removed {percent} of the variance.", **facts
    )
    allowed = say(words, "The leverage limits allow {amount} of it.", amount=bold(words.money(size.notional, 0))) if size.capped else None
    return joined(" ", (told, allowed))


def _keyboard(words: Words, report: HedgeReport) -> Keyboard:
    offered = [size for size in report.covers if _is_offered(size)]
    more = [button(words.t("Show table"), "hedge_table", wish_arg(offered[0].wish))] if offered else []
    if report.rotation is not None and _is_offered(report.rotation):
        style = Style.PRIMARY if report.suggests_rotation else Style.PLAIN
        more.append(button(words.t("Rotate"), "hedge_open", wish_arg(_reasoned(report)), style))
    rows = [[button(words.t("Close: {name}", name=name(words, one.hedge.kind)), "hedge_close", one.hedge.kind)] for one in report.open]
    rows.append([button(_offer(words, size), "hedge_open", wish_arg(size.wish)) for size in offered])
    rows += [more, [button(words.t("Exposure"), "exposure"), button(words.t("Refresh"), "hedge")]]
    return tuple(tuple(row) for row in rows if row)


def _is_offered(size: HedgeSize) -> bool:
    return size.problem in (HedgeProblem.NONE, HedgeProblem.TOO_CLOSE)


def _reasoned(report: HedgeReport) -> HedgeWish:
    return HedgeWish(kind=ROTATION, reason=report.bearish if report.suggests_rotation else "manual")


def _offer(words: Words, size: HedgeSize) -> str:
    amount = words.money(size.notional, 0)
    return words.t("Least variance {amount}", amount=amount) if size.wish.kind == MIN_VARIANCE else amount


def refused(words: Words, portfolio: Portfolio, size: HedgeSize) -> View:
    """Answer a hedge that cannot be had, or ask once more about one whose liquidation is near."""
    if size.problem is not HedgeProblem.TOO_CLOSE or size.distance is None:
        rows: Keyboard = ((button(words.t("Hedges"), "hedge"), button(words.t("Status"), "status")),)
        if size.problem in (HedgeProblem.OPEN_ALREADY, HedgeProblem.STILL_SHORT):
            rows = ((button(words.t("Close the hedge"), "hedge_close", size.wish.kind),), *rows)
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
            (button(words.t("Show table"), "hedge_table", wish_arg(size.wish)), button(words.t("Hedges"), "hedge")),
        ),
    )


def nothing_left(words: Words, portfolio: Portfolio) -> View:
    """Answer a wish to closes a hedge where there is none."""
    text = page(head(words, portfolio, say(words, "Hedges")), say(words, "No hedge is open."))
    return View(text, ((button(words.t("Hedges"), "hedge"),),))
