"""Words about hedges that several views share, and wishes as the arguments of buttons."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import COVER, MIN_VARIANCE, ROTATION
from chatbot.model.hedge import BY_BETA, LITERAL, HedgeProblem, HedgeWish
from handlers.views.common import MAX_COLUMNS, bold, clip, joined, multiple, say, width

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model.hedge import HedgeSize, Room
    from handlers.views.common import Html

_NAMES: Final = {ROTATION: N_("Rotation"), COVER: N_("Cover"), MIN_VARIANCE: N_("Least variance")}
WHY_OVER: Final = {
    "stopped": N_("the price went against it"),
    "correction_over": N_("the price has recovered from its low: the correction is over"),
    "vol_subsided": N_("volatility has peaked and calmed down"),
    "expired": N_("its time is up"),
    "manual": N_("you closed it"),
    "panic": N_("/panic closed the futures"),
    "gone": N_("its position is gone"),
}
_PROBLEMS: Final = {
    HedgeProblem.NO_CONTRACT: N_("The BTC perpetual is not traded here, so there is nothing to short."),
    HedgeProblem.NO_ALT: N_("There are no ALT coins to rotate out of."),
    HedgeProblem.TOO_SMALL: N_("The short would be too small: the smallest that makes sense here is {minimum}."),
    HedgeProblem.NO_ROOM: N_("There is no room for a short."),
    HedgeProblem.NO_HISTORY: N_("The least-variance hedge is not available: too few daily prices are known."),
    HedgeProblem.NOT_SHORT: N_("There is nothing to hedge: the portfolio does not fall with BTC."),
    HedgeProblem.OPEN_ALREADY: N_(
        "A hedge of this kind is open already, and there is one of each kind. To change its size, close it first."
    ),
    HedgeProblem.STILL_SHORT: N_("The last hedge of this kind is over, but its short is still there. Close it first."),
}
#: short words in buttons
_KINDS: Final = {"r": ROTATION, "c": COVER, "m": MIN_VARIANCE}
_SIZES: Final = {"l": LITERAL, "b": BY_BETA, "": ""}
_REASONS: Final = {"": "manual", "f": "fear_greed", "d": "below_mean"}


def wish_arg(wish: HedgeWish) -> str:
    """Write a wish as the argument of a button."""
    short = [next(key for key, long in table.items() if long == word) for table, word in ((_KINDS, wish.kind), (_SIZES, wish.size))]
    parts = ["" if share is None else f"{(share * 100).normalize():f}" for share in (wish.coverage, wish.drop)]
    reason = next(key for key, long in _REASONS.items() if long == wish.reason)
    return ":".join((*short, *parts, "1" if wish.accepted else "", reason))


def wish_of(arg: str) -> HedgeWish:
    """Read what :func:`wish_arg` wrote."""
    kind, size, coverage, drop, accepted, reason = arg.split(":")[:6]
    shares = [Decimal(text) / 100 if text else None for text in (coverage, drop)]
    return HedgeWish(
        kind=_KINDS[kind], size=_SIZES[size], coverage=shares[0], drop=shares[1], accepted=bool(accepted), reason=_REASONS[reason]
    )


def name(words: Words, kind: str) -> str:
    """Return what a kind of hedge is called."""
    return words.t(_NAMES[kind])


def size_name(words: Words, size: HedgeSize) -> str:
    """Return what a choice is called: the value of its short, or what is done."""
    return words.t("Rotate") if size.wish.kind == ROTATION else words.money(size.notional, 0)


def in_fall(words: Words, sentences: tuple[str, str], result: Decimal, **facts: object) -> Html:
    """Say the sentence about a loss, or the other one about a win, with the amount as the buttons write it; nobody wins $0."""
    return say(words, sentences[_wins(result)], amount=bold(words.money(abs(result), 0)), **facts)


def loss_label(words: Words, name: str, result: Decimal) -> str:
    """Return a button's label: what it does, cut where it is long, and whole what a fall would cost then."""
    told, amount = N_("{name}: gain {amount}") if _wins(result) else N_("{name}: lose {amount}"), words.money(abs(result), 0)
    room = MAX_COLUMNS - width(words.t(told, name="", amount=amount))
    return words.t(told, name=clip(name, room), amount=amount)


def _wins(result: Decimal) -> bool:
    return result.quantize(Decimal(1)) > 0


def problem(words: Words, size: HedgeSize) -> Html:
    """Say why a hedge cannot be had; where the limits leave no room, which one, what is used of it, and what makes room."""
    if size.problem is HedgeProblem.NO_ROOM and size.room is not None:
        return joined(" ", (say(words, _PROBLEMS[size.problem]), limit(words, size, size.room)))
    minimum = words.money(size.minimum, 0) if size.minimum is not None else ""
    return say(words, _PROBLEMS[size.problem], minimum=minimum)


def limit(words: Words, size: HedgeSize, room: Room) -> Html:
    """Say which leverage limit keeps a hedge from its size, what of it is used, and what makes room."""
    return joined(" ", (_limit(words, room), _cure(words, size, room)))


def _limit(words: Words, room: Room) -> Html:
    facts = {"most": words.money(room.most, 0), "times": multiple(words, room.times), "used": bold(words.money(room.used, 0))}
    if room.gross:
        return say(words, "Coins and futures together may be worth {most}, {times} of everything, and {used} is used.", **facts)
    return say(words, "Futures may be worth {most}, {times} of your stablecoins and futures money, and {used} is used.", **facts)


def _cure(words: Words, size: HedgeSize, room: Room) -> Html:
    if room.sell is None:
        return say(words, "Close futures or bring money in first.")
    facts = {"sell": bold(words.money(room.sell, 0)), "amount": words.money(size.asked, 0), "points": words.points(room.sell_weight)}
    return say(
        words, "Room for {amount}: sell {sell} of coins for stablecoins, that is {points} points more for Stable in /targets.", **facts
    )


def won(words: Words, result: Decimal | None) -> Html | None:
    """Say what a short has won or lost so far; None where the price is unknown."""
    if result is None:
        return None
    amount = words.money(abs(result))
    return say(words, "Won {amount}", amount=amount) if result >= 0 else say(words, "Lost {amount}", amount=amount)


def paid(words: Words, funding: Decimal) -> Html:
    """Say what a short has earned or paid in funding."""
    amount = words.money(abs(funding))
    return (
        say(words, "earned {amount} of funding", amount=amount) if funding >= 0 else say(words, "paid {amount} of funding", amount=amount)
    )


def other_size(wish: HedgeWish) -> HedgeWish:
    """Return the same cover in the other of both sizes (domain 10.2)."""
    return HedgeWish(kind=COVER, size=LITERAL if wish.size == BY_BETA else BY_BETA, coverage=wish.coverage, drop=wish.drop)


def size_label(words: Words, wish: HedgeWish) -> str:
    """Return what the button of a cover's size says."""
    return words.t("By the rule as written") if wish.size == LITERAL else words.t("Sized by beta")
