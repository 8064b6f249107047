"""What looks back as pictures: value beside the other ways, weights, months, and what each trigger brought."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from chatbot.charts.curves import Curve, Equity, GainBar, Layer, Layers, MonthCell, Months
from chatbot.charts.labels import Labels
from handlers.views.common import DASH, Picture, PictureKind, line_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.i18n import Words
    from chatbot.reports.review.review import Review, Risk

#: moments in a picture: more than there are pixels for would only take time
_POINTS: Final = 400


def value(words: Words, told: Review, ways: Sequence[tuple[str, Risk | None]]) -> Picture:
    """Draw value and falls beside the other ways, the portfolio's own first."""
    found = told.series
    if found is None or told.actual is None:
        raise ValueError("there is no picture of nothing")
    begun, ended = found.points[0].market_at, found.points[-1].market_at
    span = (ended - begun).total_seconds() or 1.0
    kept = _thinned(len(found.points))
    indices = (found.actual, found.hold, found.monthly, found.bands)
    drawn = [None if index is None else _drawn(index) for index in indices]
    curves = tuple(
        Curve(name=name, values=tuple(values[at] for at in kept), said=signed(words, risk.total))
        for (name, risk), values in zip(ways, drawn, strict=True)
        if risk is not None and values is not None
    )
    equity = Equity(
        at=tuple((found.points[at].market_at - begun).total_seconds() / span for at in kept),
        curves=curves,
        traded=tuple((at - begun).total_seconds() / span for at in told.traded_at if begun <= at <= ended),
        ends=(words.date(begun), words.date(ended)),
        fall=words.t("Below its highest value"),
        deepest=fall(words, told.actual),
        tick=words.t("plan carried out"),
    )
    labels = Labels(title=words.t("Review"), bars=words.t("value, deposits apart"))
    return Picture(kind=PictureKind.EQUITY, labels=labels, equity=equity)


def weights(words: Words, told: Review, rows: Mapping[str, Sequence[float]]) -> Picture:
    """Draw what each line was of the value; ``rows`` by line, one weight a point. A debt has no layer."""
    found = told.series
    if found is None:
        raise ValueError("there is no picture of nothing")
    begun, ended = found.points[0].market_at, found.points[-1].market_at
    span = (ended - begun).total_seconds() or 1.0
    at = [(point.market_at - begun).total_seconds() / span for point in found.points]
    return layers(words, rows, at, (words.date(begun), words.date(ended)))


def layers(words: Words, rows: Mapping[str, Sequence[float]], at: Sequence[float], ends: tuple[str, str]) -> Picture:
    """Draw what each line was of the value at moments that are shares of the whole time; ``ends`` are the first and last day, written."""
    kept = _thinned(len(at))
    drawn = Layers(
        at=tuple(at[place] for place in kept),
        layers=tuple(
            Layer(line=line, weights=tuple(max(0.0, row[place]) for place in kept), said=words.percent(row[-1], 0))
            for line, row in rows.items()
        ),
        ends=ends,
    )
    names = {line: line_name(words, line) for line in rows}
    labels = Labels(title=words.t("Weights over time"), bars=words.t("share of the value"), lines=names)
    return Picture(kind=PictureKind.WEIGHTS, labels=labels, layers=drawn)


def months(words: Words, returns: Mapping[tuple[int, int], float], told: str) -> Picture:
    """Draw returns by (year, month); month 0 is the whole year, and ``told`` says of what they are."""
    years = sorted({year for year, _ in returns})
    # a portfolio in its first year has lived through a few of them: rows without any number would leave most of the picture empty
    lived = sorted({month for _, month in returns} - {0})
    columns = tuple((str(year), tuple(_cell(words, returns.get((year, month))) for month in (*lived, 0))) for year in years)
    labels = Labels(title=words.t("Month by month"), bars=told)
    rows = (*(words.month(month) for month in lived), words.t("Year"))
    return Picture(kind=PictureKind.MONTHS, labels=labels, months=Months(rows=rows, years=columns))


def gains(words: Words, bars: Sequence[GainBar]) -> Picture:
    """Draw what each trigger brought."""
    labels = Labels(title=words.t("By trigger"), bars=words.t("brought against holding"))
    return Picture(kind=PictureKind.GAINS, labels=labels, gains=tuple(bars))


def signed(words: Words, value: float) -> str:
    """Write a fraction in per cent, with its sign."""
    return words.signed_percent(Decimal(str(value)))


def fall(words: Words, risk: Risk) -> str:
    """Write how far a series fell; a dash while it is too short to tell."""
    return DASH if risk.drawdown is None else words.percent(risk.drawdown)


def _cell(words: Words, value: float | None) -> MonthCell | None:
    return None if value is None else MonthCell(value=value, said=words.signed_points(Decimal(str(value))))


def _drawn(index: Sequence[float | None]) -> list[float]:
    """Return an index with straight lines across its gaps; its ends are known."""
    known = [(at, value) for at, value in enumerate(index) if value is not None]
    drawn = [value for _, value in known[:1]]
    for (start, low), (end, high) in pairwise(known):
        drawn += [low + (high - low) * (at - start) / (end - start) for at in range(start + 1, end + 1)]
    return drawn


def _thinned(count: int) -> Sequence[int]:
    """Return which moments are drawn: the first, the last, and evenly so many between."""
    step = max(1, -(-count // _POINTS))
    return sorted({*range(0, count, step), count - 1})
