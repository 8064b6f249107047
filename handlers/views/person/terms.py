"""Words of the field in three sentences, with the person's own figures where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.values import dataclass
from handlers.command_list import TITLES
from handlers.views.common import View, bold, button, head, line_name, multiple, page, say
from handlers.views.hedge import offer
from handlers.views.portfolio import exposure

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.i18n import Words
    from chatbot.model import LineReading, PortfolioFigures
    from chatbot.model.hedge_report import HedgeReport
    from chatbot.model.report import ExposureReport
    from handlers.views.common import Html

#: terms beside each other
_IN_A_ROW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word that cards and tables use; ``name`` and ``text`` are msgids."""

    name: str
    text: str
    #: the page that shows it
    page: str


#: by the word that free text and buttons name it by
TERMS: Final[dict[str, Term]] = {
    "drift": Term(
        name=N_("Drift"),
        text=N_(
            "Drift is how far a line's weight has moved from its target, in points: a target of 40% that has become 46% has drifted by 6. "
            "Prices cause it, without anybody trading."
        ),
        page="status",
    ),
    "band": Term(
        name=N_("Band"),
        text=N_(
            "A band is how far a line may drift before I propose a plan: ±5 points around 40% is from 35% to 45%. "
            "A narrow band trades more and costs more fees; a wide one follows the target less closely."
        ),
        page="bands",
    ),
    "rebalance": Term(
        name=N_("Rebalance"),
        text=N_(
            "Rebalancing sells some of what has grown above its target and buys what has fallen below it. "
            "It keeps the risk where you chose it and costs fees each time, so I wait until a line leaves its band."
        ),
        page="why",
    ),
    "futures": Term(
        name=N_("Futures"),
        text=N_(
            "With futures a portfolio gains or loses with a coin's price without buying or selling the coin, so they can "
            "hedge what you hold. "
            "They can be liquidated, and they earn or pay funding; a strategy without them is possible."
        ),
        page="exposure",
    ),
    "hedge": Term(
        name=N_("Hedge"),
        text=N_(
            "A hedge is a short of BTC futures: it gains when the market falls, and your coins stay where they are. "
            "It takes away a part of what you would gain in a rise, and it may cost funding."
        ),
        page="hedge",
    ),
    "funding": Term(
        name=N_("Funding"),
        text=N_(
            "Funding is what holders of perpetual futures pay each other every few hours, so that the contract stays close "
            "to the coin's price. "
            "While it is positive, longs pay and shorts are paid."
        ),
        page="exposure",
    ),
    "leverage": Term(
        name=N_("Leverage"),
        text=N_(
            "Leverage is the size of the futures positions divided by the money behind them: at 2x a move of 1% changes that money by 2%. "
            "The higher it is, the nearer the liquidation."
        ),
        page="exposure",
    ),
    "margin": Term(
        name=N_("Margin"),
        text=N_(
            "Margin is the money in the futures account that stands behind its positions. "
            "The exchange asks for a minimum; when losses eat into it, the position is liquidated."
        ),
        page="exposure",
    ),
    "liquidation": Term(
        name=N_("Liquidation"),
        text=N_(
            "Liquidation means that the exchange closes a futures position by force, because its margin no longer covers the loss. "
            "Coins that you hold on spot cannot be liquidated."
        ),
        page="exposure",
    ),
    "beta": Term(
        name=N_("Beta"),
        text=N_(
            "Beta tells how much a portfolio moves when BTC moves: with a beta of 1.2 a fall of 10% costs about 12%. "
            "It is estimated from past prices, and it rises in crashes."
        ),
        page="exposure",
    ),
    "mark_price": Term(
        name=N_("Mark price"),
        text=N_(
            "The mark price is the exchange's fair price of a futures contract, worked out from several markets and not "
            "from its last trade. "
            "Profit, margin and liquidation are measured by it. Orders still trade at the prices of the order book."
        ),
        page="exposure",
    ),
    "reduce_only": Term(
        name=N_("Reduce-only"),
        text=N_(
            "A reduce-only order can make a futures position smaller and do nothing else. "
            "If the position is gone by then, nothing is opened by accident. All my orders that shrink futures are reduce-only."
        ),
        page="exposure",
    ),
    "slippage": Term(
        name=N_("Slippage"),
        text=N_(
            "Slippage is the difference between the price you see and the price you get; it grows with the size of an "
            "order and in thin markets. "
            "A card shows an estimate before you confirm. The result shows what was really paid."
        ),
        page="history",
    ),
    "volatility": Term(
        name=N_("Volatility"),
        text=N_(
            "Volatility is how strongly a price swings, compared with what is usual for that coin. "
            "When it is far above usual, the volatility trigger lowers the coin's target until it calms down. /triggers "
            "shows the reading now."
        ),
        page="triggers",
    ),
}


def term(words: Words, name: str, report: ExposureReport | None, fall: HedgeReport | None = None) -> View:
    """Explain a word; ``report`` is the person's portfolio now, and ``fall`` what a fall of BTC would cost it; None without one."""
    one = TERMS[name]
    figures = report.figures if report is not None else None
    own = _OWN[name](words, figures) if figures is not None and name in _OWN else None
    if name == "funding" and report is not None and report.contracts:
        own = exposure.funding(words, report.contracts)
    if fall is not None:
        own = offer.now(words, fall)
    title = head(words, report.portfolio, bold(words.t(one.name))) if report is not None and own else bold(words.t(one.name))
    shown = (button(words.t(TITLES[one.page]), one.page),) if report is not None else ()
    return View(page(title, say(words, one.text), own), ((*shown, button(words.t("Other words"), "term")),))


def every(words: Words) -> View:
    """List the words that can be explained, each with its button."""
    buttons = [button(words.t(one.name), "term", name) for name, one in TERMS.items()]
    rows = tuple(tuple(buttons[at : at + _IN_A_ROW]) for at in range(0, len(buttons), _IN_A_ROW))
    return View(page(say(words, "Which word should I explain? You can also write “what is drift?”.")), rows)


def _furthest(words: Words, figures: PortfolioFigures) -> Html | None:
    """Tell of the line that is furthest from its target, with its band if it has one."""
    line: LineReading | None = max(figures.limits, key=lambda one: abs(one.drift), default=None)
    if line is None:
        return None
    facts = {"line": bold(line_name(words, line.line)), "drift": bold(words.signed_points(line.drift))}
    if line.band is None:
        return say(words, "Your largest drift now is {line}: {drift} points.", **facts)
    return say(words, "Your largest drift now is {line}: {drift} points; its band is ±{band}.", band=words.points(line.band), **facts)


def _futures(words: Words, figures: PortfolioFigures) -> Html:
    facts = {"futures": bold(words.percent(figures.futures_net, 0)), "net": bold(words.percent(figures.net, 0))}
    return say(words, "Your futures are {futures} of the portfolio now, and its net exposure is {net}.", **facts)


def _leverage(words: Words, figures: PortfolioFigures) -> Html:
    if not figures.book:
        return say(words, "You have no futures positions now.")
    return say(words, "Your leverage is {leverage} now.", leverage=bold(multiple(words, figures.leverage)))


def _liquidation(words: Words, figures: PortfolioFigures) -> Html:
    if figures.liquidation is None:
        return say(words, "Nothing of yours can be liquidated now.")
    return say(words, "Your nearest liquidation is {percent} away.", percent=bold(words.percent(figures.liquidation, 0)))


def _beta(words: Words, figures: PortfolioFigures) -> Html:
    return say(words, "Your beta is {beta} now.", beta=bold(words.number(figures.beta, 2)))


#: what is told of the person's own
_OWN: Final[dict[str, Callable[[Words, PortfolioFigures], Html | None]]] = {
    "drift": _furthest,
    "band": _furthest,
    "rebalance": _furthest,
    "futures": _futures,
    "leverage": _leverage,
    "margin": _leverage,
    "reduce_only": _leverage,
    "liquidation": _liquidation,
    "beta": _beta,
}
