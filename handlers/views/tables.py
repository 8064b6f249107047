"""Tables of weights and the lines about exposure, shared by the status, the alert, the card and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.labels import Labels
from chatbot.engine.cash import has_left
from chatbot.i18n import N_
from chatbot.values import dataclass
from handlers.views.common import (
    ARROW,
    DASH,
    DOT,
    MAX_COLUMNS,
    Picture,
    PictureKind,
    clip,
    joined,
    line_name,
    multiple,
    names_of,
    say,
    table,
    width,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import LineReading, PortfolioFigures, Strategy
    from handlers.views.common import Html

OUTSIDE = "●"
#: significant figures of a quantity
_FIGURES: Final = 6
#: moved targets whose own ones are named
_MOST_MOVED: Final = 3
#: behind a target that a trigger or a hedge has moved
MOVED = "*"


def weights_table(words: Words, figures: PortfolioFigures) -> Html:
    """Return weight, target and drift of every line; a dot marks the lines outside, and where bands differ each has its own."""
    differ = len(_bands(figures)) > 1
    rows = [["", words.t("now"), words.t("target"), words.t("drift"), *([words.t("band")] if differ else [])]]
    rows[0][-1] += "  "
    rows += [_weights_row(words, reading, differ=differ) for reading in figures.lines]
    return table(rows)


def _bands(figures: PortfolioFigures) -> set[Decimal]:
    return {reading.band for reading in figures.lines if reading.band is not None}


def _weights_row(words: Words, reading: LineReading, *, differ: bool) -> list[str]:
    target = words.percent(reading.target) + (MOVED if reading.base is not None else "")
    row = [line_name(words, reading.line), words.percent(reading.weight), target, words.signed_points(reading.drift)]
    if differ:
        row.append(f"±{words.points(reading.band)}" if reading.band is not None else DASH)
    row[-1] += f" {OUTSIDE}" if reading.breach else "  "
    return row


def bands_line(words: Words, figures: PortfolioFigures) -> Html | None:
    """Say how wide the bands are where all are alike, and what the dot means; None where there is nothing to say."""
    bands, outside = _bands(figures), any(reading.breach for reading in figures.limits)
    if len(bands) != 1:
        return say(words, "{dot} outside its band", dot=OUTSIDE) if outside else None
    band = f"±{words.points(bands.pop())}"
    if outside:
        return say(words, "{dot} outside its band of {band} points", dot=OUTSIDE, band=band)
    return say(words, "All inside their bands of {band} points", band=band)


def moved_line(words: Words, figures: PortfolioFigures, *, shown: Iterable[LineReading | None] | None = None) -> Html | None:
    """Explain the mark of targets that a trigger or hedge has moved with what the strategy's own are; None where nothing is moved.

    ``shown`` are the lines that the message speaks of, where it does not speak of all.
    """
    told = figures.limits if shown is None else [line for line in shown if line is not None]
    moved = [(line.line, line.base) for line in told if line.base is not None and line.line not in figures.waiting]
    if not moved:
        return None
    own = [f"{line_name(words, line)} {words.percent(base)}" for line, base in moved[:_MOST_MOVED]]
    if len(moved) > _MOST_MOVED:
        own.append(words.n("{count} more", "{count} more", len(moved) - _MOST_MOVED))
    return say(words, "{mark} own target: {targets}", mark=MOVED, targets=", ".join(own))


def unknown_table(words: Words, strategy: Strategy) -> Html:
    """Return the same table when nothing is known: dashes, never zeros."""
    rows = [["", words.t("now"), words.t("target"), words.t("drift")]]
    rows += [[line_name(words, line), DASH, words.percent(target), DASH] for line, target in strategy.weights.items()]
    return table(rows)


def change_table(words: Words, before: PortfolioFigures, after: PortfolioFigures, *, titles: tuple[str, str]) -> Html:
    """Return the weights before and after beside the targets."""
    then = {reading.line: reading for reading in before.lines}
    rows = [["", *titles, words.t("target")]]
    for reading in after.lines:
        earlier = then.get(reading.line)
        rows.append(
            [
                line_name(words, reading.line),
                words.percent(earlier.weight) if earlier else DASH,
                words.percent(reading.weight) + (OUTSIDE if reading.breach else ""),
                words.percent(reading.target),
            ]
        )
    return table(rows)


@dataclass(frozen=True, slots=True)
class Amount:
    """One row about something that is held."""

    name: str
    #: base units; None: it has none, or they are unknown
    qty: Decimal | None
    #: quote
    value: Decimal
    #: fraction of the portfolio's value, signed
    share: Decimal


def amounts_table(words: Words, amounts: Sequence[Amount]) -> Html:
    """Return quantity, price and value of what is held; its share too where forty columns hold it."""
    rows = [["", words.t("amount"), words.t("price"), words.t("value"), words.t("share")]]
    rows += [_amount_row(words, one) for one in amounts]
    widest = sum(max(map(width, column)) + 1 for column in zip(*rows, strict=True)) - 1
    return table(rows if widest <= MAX_COLUMNS else [row[:-1] for row in rows])


def _amount_row(words: Words, one: Amount) -> list[str]:
    known = one.qty or None
    return [
        clip(one.name, 12),
        DASH if known is None else _short(words, known),
        DASH if known is None else words.price(one.value / known),
        words.money(one.value, 0),
        words.percent(one.share, 0),
    ]


def _short(words: Words, qty: Decimal) -> str:
    """Write a quantity with six significant figures, as people read it."""
    digits = max(0, min(8, _FIGURES - 1 - qty.adjusted()))
    return words.quantity(round(qty, digits))


#: what stands in a real account beside the portfolio, a line a place
_BESIDE = {
    "earn": N_("Lent or staked, kept out: {coins}"),
    "futures": N_("Other coins in the futures account, kept out: {coins}"),
    "no_market": N_("Without a market here, kept out: {coins}"),
    "dust": N_("Dust, kept out: {coins}"),
    "orders": N_("In open orders: {coins}"),
}
#: coins that one of these lines names
_MOST_BESIDE = 4


def _some(words: Words, coins: Mapping[str, Decimal]) -> str:
    named = [f"{words.quantity(qty)} {clip(asset, 12)}" for asset, qty in list(coins.items())[:_MOST_BESIDE]]
    more = len(coins) - _MOST_BESIDE
    return "; ".join([*named, *([words.n("{count} more", "{count} more", more)] if more > 0 else [])])


def beside_lines(words: Words, figures: PortfolioFigures) -> list[Html]:
    """Return what stands beside the table: quantities that are kept out, and dollars that count for less than one."""
    kept = [
        f"{words.quantity(one.qty)} {clip(asset, 12)}, {DASH if one.value is None else words.money(one.value, 0)}"
        for asset, one in figures.kept.items()
    ]
    off = [f"{clip(asset, 12)} {words.price(price)}" for asset, price in figures.off_peg.items()]
    money = words.price(round(figures.quote_price, 4)) if figures.quote_price is not None and has_left(figures.quote_price) else ""
    return [
        *([say(words, "Kept out: {coins}", coins="; ".join(kept))] if kept else []),
        *(say(words, _BESIDE[place], coins=_some(words, coins)) for place, coins in figures.beside.items() if place in _BESIDE),
        *([say(words, "Off its dollar, not spent: {coins}", coins="; ".join(off))] if off else []),
        *([say(words, "The quote coin is off its dollar at {price}; it counts as one here.", price=money)] if money else []),
    ]


def exposure_line(words: Words, figures: PortfolioFigures) -> Html:
    """Return net exposure, beta and gross exposure in one line."""
    return joined(
        DOT,
        (
            say(words, "Net exposure {percent}", percent=words.percent(figures.net, 0)),
            say(words, "beta {number}", number=words.number(figures.beta, 2)),
            say(words, "gross {multiple}", multiple=multiple(words, figures.gross)),
        ),
    )


def net_change(words: Words, before: PortfolioFigures, after: PortfolioFigures) -> Html:
    """Return the net exposure before and after."""
    old, new = words.percent(before.net, 0), words.percent(after.net, 0)
    return say(words, "Net exposure {percent}", percent=new if old == new else f"{old}{ARROW}{new}")


def exposure_change(words: Words, before: PortfolioFigures, after: PortfolioFigures) -> Html:
    """Return net exposure, beta and sleeve leverage before and after in one line."""

    def both(show: Callable[[PortfolioFigures], str]) -> str:
        old, new = show(before), show(after)
        return new if old == new else f"{old}{ARROW}{new}"

    return _exposure(
        words,
        both(lambda figures: words.percent(figures.net, 0)),
        both(lambda figures: words.number(figures.beta, 2)),
        both(lambda figures: multiple(words, figures.leverage)),
    )


def exposure_unknown(words: Words) -> Html:
    """Return the same line where nobody knows any of it."""
    return _exposure(words, DASH, DASH, DASH)


def _exposure(words: Words, net: str, beta: str, leverage: str) -> Html:
    return joined(
        DOT,
        (
            say(words, "Net exposure {percent}", percent=net),
            say(words, "beta {number}", number=beta),
            say(words, "futures leverage {multiple}", multiple=leverage),
        ),
    )


def futures_line(words: Words, figures: PortfolioFigures) -> Html:
    """Return which way the book leans, how large it is, and how far away the nearest liquidation is.

    That is of each contract alone (domain 1.6): a book that is larger than its margin may be liquidated where all of it falls.
    """
    net = sum(figures.book.values(), start=figures.value * 0)
    if not any(figures.book.values()):
        return say(words, "No futures positions")
    amount = words.money(abs(net), 0)
    lean = _lean(words, net, amount)
    if figures.liquidation is None:
        alone = say(words, "no contract alone can be liquidated")
        return joined(", ", (lean, alone if exceeds_margin(figures) else say(words, "cannot be liquidated")))
    return joined(", ", (lean, say(words, "liquidation {percent} away", percent=words.percent(figures.liquidation, 0))))


def exceeds_margin(figures: PortfolioFigures) -> bool:
    """Tell whether the book is larger than what is there for it, so that its longs together can use all of it up."""
    return figures.leverage is None or figures.leverage > 1


def net_line(words: Words, figures: PortfolioFigures) -> Html | None:
    """Return the futures' net exposure beside its target and band; None where there are no futures."""
    found = figures.exposure
    if found is None or found.band is None:
        return None
    target = words.percent(found.target) + (MOVED if found.base is not None else "")
    facts = {"weight": words.percent(found.weight), "target": target, "band": f"±{words.points(found.band)}"}
    told = say(words, "Net futures {weight}, target {target} {band}", **facts)
    return joined(" ", (told, OUTSIDE if found.breach else None))


def _lean(words: Words, net: Decimal, amount: str) -> Html:
    if not net:
        return say(words, "Futures long and short by the same amount")
    return say(words, "Futures long {amount}", amount=amount) if net > 0 else say(words, "Futures short {amount}", amount=amount)


def allocation_picture(words: Words, figures: PortfolioFigures, title: str) -> Picture:
    """Name the picture of actual weights against targets."""
    labels = Labels(
        title=title,
        outer=words.t("outer ring: now"),
        inner=words.t("inner ring: target"),
        bars=words.t("Drift, points, and band"),
        centre=words.money(figures.value, 0),
        lines=names_of(words, figures),
        numbers=_drifts(words, figures),
        facts={line.line: _moves(words, line.weight, line.target) for line in figures.lines},
    )
    return Picture(kind=PictureKind.ALLOCATION, figures=figures, labels=labels)


def change_picture(words: Words, before: PortfolioFigures, after: PortfolioFigures, title: str) -> Picture:
    """Name the picture of a portfolio before and after."""
    then = {line.line: line.weight for line in before.lines}
    labels = Labels(
        title=title,
        outer=words.t("outer ring: before"),
        inner=words.t("inner ring: after"),
        bars=words.t("Drift before and after, points"),
        centre=words.money(after.value, 0),
        lines=names_of(words, after),
        numbers=_drifts(words, after),
        facts={line.line: _moves(words, then[line.line], line.weight) for line in after.lines if line.line in then},
    )
    return Picture(kind=PictureKind.CHANGE, figures=before, after=after, labels=labels)


def _drifts(words: Words, figures: PortfolioFigures) -> dict[str, str]:
    return {line.line: words.signed_points(line.drift) for line in figures.lines}


def _moves(words: Words, old: Decimal, new: Decimal) -> str:
    return f"{words.points(old)}{ARROW}{words.points(new)}"
