"""Targets and bands: what the portfolio should look like, and how far it may drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.charts.labels import Labels
from chatbot.engine import band_width
from chatbot.exchanges.base import asset_of
from chatbot.i18n import N_
from chatbot.model import ALT, CORE, FUTURES, STABLE, USUAL_QUOTE, AnswerMode, LineReading, PortfolioFigures
from chatbot.portfolio.names import SPOT_ONLY
from chatbot.portfolio.strategies import is_without_futures, preset_names
from chatbot.portfolio.valuation import engine_bands
from handlers.buttons import Style
from handlers.views.common import (
    DASH,
    DOT,
    Picture,
    PictureKind,
    View,
    bold,
    button,
    captioned,
    clip,
    code,
    head,
    joined,
    line_name,
    multiple,
    page,
    preset_name,
    say,
    table,
)
from handlers.views.trigger.signals import switched_on_line

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import BandRule, Portfolio, Strategy
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

MEMBERS_EXAMPLE = "/targets ALT SOL XRP DOGE"
BANDS_EXAMPLE = "/bands BTC 5 ALT 10%"
_BAND_CHOICES = (3, 5, 7, 10)
#: where a rebalance may lead to, by theta (domain 3.3)
DESTINATIONS = {N_("to target"): "1", N_("half-way"): "0.5", N_("to the edge"): "0"}


def weights_example(quote: str) -> str:
    """Return how own weights are written, with the quote coin for the line of cash."""
    return f"BTC 40 ETH 30 ALT 20 {quote} 10"


def targets_example(quote: str) -> str:
    """Return how they are written behind their command."""
    return f"/targets {weights_example(quote)}"


def dollar_line(words: Words, quote: str) -> Html | None:
    """Say which dollar a portfolio is kept in; None of the usual one, of which there is nothing to say."""
    if quote == USUAL_QUOTE:
        return None
    return say(words, "Kept in {quote} for good: orders pay and receive it, and it counts as one dollar.", quote=quote)


def strategy_table(words: Words, strategy: Strategy) -> Html:
    """Return every line with its target and band."""
    rows = [["", words.t("target"), words.t("band")]]
    rows += [
        [line_name(words, line), words.percent(weight), _band(words, strategy.bands.get(line))] for line, weight in strategy.weights.items()
    ]
    return table(rows)


def _band(words: Words, rule: BandRule | None) -> str:
    """Write a band: points, a share of the target, or the smaller of both."""
    if rule is None or (rule.abs_pp is None and rule.rel is None):
        return DASH
    points = f"±{words.number(rule.abs_pp, 1)}" if rule.abs_pp is not None else ""
    share = f"±{words.percent(rule.rel, 0)}" if rule.rel is not None else ""
    return " / ".join(part for part in (points, share) if part)


def lines_called(words: Words) -> dict[str, str]:
    """Return the lines by what they are called in the tables."""
    return {line_name(words, line): line for line in (CORE, STABLE, FUTURES)}


def members_line(words: Words, strategy: Strategy) -> Html | None:
    """Return the coins behind ALT."""
    coins = [clip(asset, 12) for asset in strategy.members.get(ALT, ())]
    if not coins or ALT not in strategy.weights:
        return None
    shown = ", ".join(coins[:10]) + ("…" if len(coins) > 10 else "")
    return say(words, "ALT: {coins}", coins=shown)


def kept_line(words: Words, strategy: Strategy) -> Html | None:
    """Say what is kept out, by quantity; None where nothing is."""
    if not strategy.kept:
        return None
    return say(words, "Kept out: {coins}", coins="; ".join(kept_quantity(words, asset, wish) for asset, wish in strategy.kept.items()))


def kept_quantity(words: Words, asset: str, wish: Decimal | None) -> str:
    """Say how much of a coin is kept out; None: all of it."""
    name = clip(asset, 12)
    return words.t("all {coin}", coin=name) if wish is None else f"{words.quantity(wish)} {name}"


def rules_lines(words: Words, strategy: Strategy) -> list[Html]:
    """Return the futures' target and their band where there are any, and the leverage limits."""
    net = say(words, "Futures net {percent} of value", percent=words.signed_percent(strategy.futures_net, 0))
    band = say(words, "band ±{points} points", points=words.number(strategy.futures_band_pp, 1))
    split = ", ".join(f"{clip(asset_of(name), 12)} {words.percent(share, 0)}" for name, share in list(strategy.futures_split.items())[:6])
    caps = say(
        words,
        "At most {gross} gross, {sleeve} in futures",
        gross=multiple(words, strategy.gross_cap),
        sleeve=multiple(words, strategy.sleeve_cap),
    )
    return [joined(DOT, (net, band, split if strategy.futures_net else None)), caps] if strategy.contracts else [caps]


def targets(words: Words, portfolio: Portfolio) -> View:
    """Show the targets, with the presets as buttons and an example of own weights."""
    strategy = portfolio.strategy
    text = page(
        head(words, portfolio, preset_name(words, strategy.preset)),
        strategy_table(words, strategy),
        members_line(words, strategy),
        *rules_lines(words, strategy),
        dollar_line(words, portfolio.quote),
        kept_line(words, strategy),
        "",
        say(words, "Own weights: {example}", example=code(targets_example(portfolio.quote))),
        say(words, "Other coins for ALT: {example}", example=code(MEMBERS_EXAMPLE)) if ALT in strategy.weights else None,
    )
    kinds = (SPOT_ONLY, "") if is_without_futures(strategy) else ("",)
    presets = (tuple(name + kind for name in preset_names() if name + kind != strategy.preset) for kind in kinds)
    mix = button(words.t("Today's mix"), "preset", "today")
    rows = (tuple(button(preset_name(words, name), "preset", name) for name in row) for row in presets)
    keyboard: Keyboard = (*rows, (mix,), (button(words.t("Bands"), "bands"), button(words.t("Status"), "status")))
    return captioned(text, keyboard, strategy_picture(words, strategy))


def preset_offer(words: Words, portfolio: Portfolio, strategy: Strategy, name: str) -> View:
    """Show another strategy for an existing portfolio, called ``name``; nothing changes before the button is pressed."""
    is_preset = name.removesuffix(SPOT_ONLY) in preset_names()
    called = preset_name(words, name) if is_preset else words.t("Today's mix")
    text = page(
        head(words, portfolio, say(words, "change to {name}?", name=bold(called))),
        strategy_table(words, strategy),
        members_line(words, strategy),
        *rules_lines(words, strategy),
        switched_on_line(words, strategy),
        joined(" ", (say(words, "Targets, bands and the trigger that moves its futures change."), say(words, _still(portfolio))))
        if is_preset
        else say(words, "Your targets become what you hold now, each coin at the weight it has. Nothing is traded for that."),
    )
    use = button(words.t("Use it"), "use_preset", name, Style.PRIMARY)
    return captioned(text, ((use, button(words.t("Back"), "targets")),), strategy_picture(words, strategy))


def _still(portfolio: Portfolio) -> str:
    """Return the msgid of what another strategy leaves as it is: who trades, and after whose word."""
    if portfolio.is_by_hand:
        return N_("You still trade its plans yourself.")
    if portfolio.answer is AnswerMode.AUTO:
        return N_("Inside your limits I still act without asking: /mode.")
    return N_("Orders still need your Confirm.")


def members_changed(words: Words, portfolio: Portfolio, *, held: bool) -> View:
    """Confirm other coins for ALT; what that changes depends on whether something of it is ``held`` (domain 2.3)."""
    told = (
        N_("ALT keeps the mix that you hold: a new coin is bought only when nothing of ALT is held, and a held one stays."),
        N_("To buy or sell one, give it a weight of its own."),
    )
    lines = told if held else (N_("What is bought first is split equally over them."),)
    shown = changed(words, portfolio)
    return View(page(shown.text, "", *(say(words, line) for line in lines)), shown.keyboard)


def changed(words: Words, portfolio: Portfolio) -> View:
    """Confirm changed targets or bands and show them."""
    text = page(
        head(words, portfolio, bold(words.t("changed")), name=True),
        strategy_table(words, portfolio.strategy),
        members_line(words, portfolio.strategy),
        *rules_lines(words, portfolio.strategy),
    )
    first = button(words.t("Plan now"), "rebalance", "", Style.PRIMARY)
    return View(text, ((first, button(words.t("Status"), "status")),))


def bands(words: Words, portfolio: Portfolio) -> View:
    """Show the bands, where a rebalance leads to, and one-tap choices."""
    strategy = portfolio.strategy
    text = page(
        head(words, portfolio, say(words, "Bands")),
        strategy_table(words, strategy),
        say(
            words,
            "A line fires when it is its band away from its target; a plan then leads to {destination}.",
            destination=bold(destination(words, strategy)),
        ),
        say(
            words,
            "Futures do not fire by weight; their net exposure has its own band of ±{points} points.",
            points=words.number(strategy.futures_band_pp, 1),
        ),
        *([] if strategy.theta == 1 else [say(words, "On the way there, the lines that are cheapest to trade go first.")]),
        *_limit_line(words, strategy),
        "",
        say(words, "Points, or per cent of the target: {example}", example=code(BANDS_EXAMPLE)),
    )
    widths = tuple(button(f"±{points}", "band", points) for points in _BAND_CHOICES)
    ends = tuple(button(words.t(label), "theta", value) for label, value in DESTINATIONS.items())
    best = (button(words.t("Recommended"), "advice"), button(words.t("How a plan trades"), "options"))
    return View(text, (widths, ends, best, (button(words.t("Targets"), "targets"), button(words.t("Status"), "status"))))


def _limit_line(words: Words, strategy: Strategy) -> list[Html]:
    if strategy.turnover_budget is None:
        return []
    share = bold(words.percent(strategy.turnover_budget, 0))
    return [say(words, "One plan trades at most {share} of the value; the rest waits for another.", share=share)]


def destination(words: Words, strategy: Strategy) -> str:
    """Say where a rebalance leads to (theta of domain 3.3)."""
    if strategy.theta == 1:
        return words.t("the target")
    return words.t("the nearest edge") if strategy.theta == 0 else words.t("the middle between edge and target")


def strategy_picture(words: Words, strategy: Strategy) -> Picture:
    """Name the picture of a strategy's targets."""
    zero = strategy.futures_net * 0
    lines = tuple(
        LineReading(line=line, weight=weight, target=weight, band=half_width(strategy, line)) for line, weight in strategy.weights.items()
    )
    figures = PortfolioFigures(value=zero, lines=lines, net=zero, gross=zero, futures_net=strategy.futures_net, beta=zero, leverage=zero)
    name = preset_name(words, strategy.preset)
    names = {line.line: line_name(words, line.line) for line in lines}
    labels = Labels(
        title=name,
        bars=words.t("Target and band, %"),
        lines=names,
        numbers={line.line: words.points(line.target) for line in lines},
        facts={line.line: f"±{words.points(line.band)}" for line in lines if line.band is not None},
    )
    return Picture(kind=PictureKind.PRESET, figures=figures, labels=labels)


def half_width(strategy: Strategy, line: str) -> Decimal | None:
    """Return the half-width of a line's band as a fraction of V; None where it has none."""
    band = None if line == FUTURES else engine_bands(strategy).get(line)
    return None if band is None else band_width.half_width(band, strategy.weights[line])
