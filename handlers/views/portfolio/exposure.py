"""The exposure: net of spot and futures by coin, and what the futures book costs, covers and risks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.charts.labels import Labels
from chatbot.model import AssetExposure
from chatbot.plans.costs import CARRY_DAYS
from handlers.buttons import Style
from handlers.views.common import (
    DASH,
    DOT,
    Picture,
    PictureKind,
    bold,
    button,
    captioned,
    clip,
    coin,
    head,
    joined,
    multiple,
    named,
    page,
    say,
    table,
)
from handlers.views.portfolio import lives
from handlers.views.problems import cannot_evaluate
from handlers.views.tables import beside_lines, exceeds_margin, moved_line, net_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import ContractReading, ExposureReport, PortfolioFigures
    from handlers.buttons import Keyboard
    from handlers.views.common import Html, View

#: rows of the table; smaller coins are added up in one more
_MOST = 10
#: beyond this amount columns of whole units would not fit beside each other
_WIDEST = 999_999


def exposure(words: Words, report: ExposureReport, now: datetime | None = None) -> View:
    """Show net exposure by coin and in all, and the open futures; the unknown is a dash, what is not traded has its age at ``now``."""
    figures = report.figures
    if figures is None:
        return cannot_evaluate(words, report.portfolio, report.problems)
    text = page(
        head(words, report.portfolio, name=True),
        _ledger(words, report.assets, figures),
        _totals(words, figures),
        _beta(words, report, figures),
        _beta_with_kept(words, figures),
        net_line(words, figures),
        moved_line(words, figures, shown=(figures.exposure,)),
        hedge_line(words, report) or cover_line(words, report.assets),
        *_book(words, report, figures),
        *beside_lines(words, figures),
        *(lives.standing_lines(words, figures, now) if now is not None else ()),
        say(words, "Prices {age} old", age=words.age(report.price_age_s)) if report.price_age_s is not None else None,
    )
    return captioned(text, _keyboard(words), _picture(words, report, figures))


def _totals(words: Words, figures: PortfolioFigures) -> Html:
    return joined(
        DOT,
        (
            say(words, "Net exposure {percent}", percent=bold(words.percent(figures.net, 0))),
            say(words, "gross {multiple}", multiple=multiple(words, figures.gross)),
            say(words, "futures leverage {multiple}", multiple=multiple(words, figures.leverage)),
        ),
    )


def _beta(words: Words, report: ExposureReport, figures: PortfolioFigures) -> Html:
    """Return the beta, and of which coins it is assumed because there is too little history."""
    number = words.number(figures.beta, 2)
    if not report.assumed:
        return say(words, "Beta to BTC {number}, an estimate from past prices", number=number)
    coins = joined(", ", (clip(asset, 12) for asset in report.assumed[:_MOST]))
    return say(words, "Beta to BTC {number}, an estimate; assumed for {coins}: too little history", number=number, coins=coins)


def _beta_with_kept(words: Words, figures: PortfolioFigures) -> Html | None:
    if figures.beta_with_kept is None:
        return None
    return say(words, "With what is kept out it would be {number}", number=words.number(figures.beta_with_kept, 2))


def _ledger(words: Words, assets: Sequence[AssetExposure], figures: PortfolioFigures) -> Html:
    """Return spot, futures, net and share of the value by coin, and their sums."""
    shown = list(assets[:_MOST])
    rest = assets[_MOST:]
    if rest:
        shown.append(_sum(words.t("others"), rest))
    shown.append(_sum(words.t("all"), assets))
    largest = max(abs(amount) for one in shown for amount in (one.spot, one.futures, one.net)) * words.rate
    unit = next(unit for unit in (1, 10**3, 10**6, 10**9, 10**12) if largest / unit <= _WIDEST or unit == 10**12)
    rows = [[f"{words.currency}{_UNITS[unit]}", words.t("spot"), words.t("futures"), words.t("net"), words.t("share")]]
    for one in shown:
        amounts = (words.number(amount * words.rate / unit) for amount in (one.spot, one.futures, one.net))
        rows.append([clip(one.asset, 12), *amounts, words.percent(one.net / figures.value, 0)])
    return table(rows)


_UNITS = {1: "", 10**3: " ×10³", 10**6: " ×10⁶", 10**9: " ×10⁹", 10**12: " ×10¹²"}


def _sum(name: str, assets: Sequence[AssetExposure]) -> AssetExposure:
    zero = Decimal(0)
    return AssetExposure(
        asset=name, spot=sum((asset.spot for asset in assets), zero), futures=sum((asset.futures for asset in assets), zero)
    )


def cover_line(words: Words, assets: Sequence[AssetExposure]) -> Html | None:
    """Say how much of the spot a net short book covers; None where it covers nothing."""
    whole = _sum("", assets)
    if whole.futures >= 0 or whole.spot <= 0:
        return None
    return say(words, "Futures cover {percent} of the spot exposure", percent=words.percent(-whole.futures / whole.spot, 0))


def hedge_line(words: Words, report: ExposureReport) -> Html | None:
    """Say how much of the spot the open hedges cover; None without one."""
    spot = _sum("", report.assets).spot
    if report.hedged <= 0 or spot <= 0:
        return None
    return say(words, "The hedge covers {percent} of the spot exposure", percent=bold(words.percent(report.hedged / spot, 0)))


def _book(words: Words, report: ExposureReport, figures: PortfolioFigures) -> list[Html]:
    """Return the open contracts: size, distance to liquidation, funding a day."""
    if not report.contracts:
        return [say(words, "No futures positions")]
    rows = [["", words.t("size"), words.t("liquidation"), words.t("a day")]]
    rows += [_contract(words, contract, figures) for contract in report.contracts[:_MOST]]
    together = say(words, "Each contract alone; where several move against you, the margin is used up sooner.")
    note = together if len(report.contracts) > 1 and exceeds_margin(figures) else None
    return [say(words, "Futures positions"), table(rows), *([note] if note else []), funding(words, report.contracts)]


def _contract(words: Words, one: ContractReading, figures: PortfolioFigures) -> list[str]:
    # None is known here: the margin covers whatever the price does
    far = words.percent(one.liquidation, 0) if one.liquidation is not None else words.t("never")
    return [coin(one.contract), words.percent(one.notional / figures.value), far, _amount(words, one.funding_day)]


def funding(words: Words, contracts: Sequence[ContractReading]) -> Html:
    """Say what all open contracts together earn or pay; unknown when one of them is."""
    known = [contract.funding_day for contract in contracts if contract.funding_day is not None]
    if len(known) < len(contracts):
        return say(words, "Funding of the book: {dash}", dash=DASH)
    total = sum(known, Decimal(0))
    facts = {"amount": bold(words.money(abs(total))), "month": words.money(abs(total) * CARRY_DAYS)}
    if total < 0:
        return say(words, "At the present rates the book pays {amount} of funding a day, {month} in 30 days", **facts)
    return say(words, "At the present rates the book earns {amount} of funding a day, {month} in 30 days", **facts)


def _amount(words: Words, value: Decimal | None) -> str:
    return DASH if value is None else words.signed_money(value)


def _picture(words: Words, report: ExposureReport, figures: PortfolioFigures) -> Picture:
    """Name the picture of spot, futures and net by coin: of those that the table names."""
    shown = report.assets[:_MOST]
    labels = Labels(
        title=named(words, report.portfolio),
        bars=words.t("Net, % of the value"),
        lines={asset.asset: clip(asset.asset, 12) for asset in shown},
        legend=(words.t("spot"), words.t("futures"), words.t("net")),
        numbers={asset.asset: words.percent(asset.net / figures.value, 0) for asset in shown},
    )
    return Picture(kind=PictureKind.EXPOSURE, figures=figures, labels=labels, assets=shown)


def _keyboard(words: Words) -> Keyboard:
    return (
        (button(words.t("Rebalance"), "rebalance", "", Style.PRIMARY), button(words.t("Why?"), "why")),
        (button(words.t("Status"), "status"), button(words.t("Refresh"), "exposure")),
    )
