"""/targets and /bands: presets, own weights, band widths, and where a rebalance leads to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import traded
from chatbot.i18n import N_
from chatbot.model import ALT, BandRule
from chatbot.phrases import spelling
from chatbot.portfolio import strategies
from chatbot.portfolio.manage import OF_PORTFOLIO
from chatbot.portfolio.names import SPOT_ONLY
from chatbot.portfolio.reserve import out_of_reach
from chatbot.portfolio.valuation import managed_coins
from handlers.chat import guesses, names, parsing
from handlers.chat.context import need_portfolio, refuse, show
from handlers.chat.reading import own_words
from handlers.chat.reading.typed_lists import NOISE
from handlers.commands import band_advice
from handlers.commands.untargeted import coins_of
from handlers.views import problems
from handlers.views.common import preset_name
from handlers.views.portfolio import start, untargeted
from handlers.views.portfolio import strategy as views

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio, Strategy
    from handlers.chat.context import Context

DIALOG = "weights"


async def targets(update: Update, context: Context) -> None:
    """Show the targets, or take ``/targets BTC 40 ETH 30 ALT 20 USDT 10``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is None and context.args:
        await _take_weights(update, context, portfolio, context.rest)
    else:
        await context.leave(DIALOG)
        await show(update, context, views.targets(context.words, portfolio))


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take own weights that were asked for."""
    del data
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _take_weights(update, context, portfolio, text)


async def _take_weights(update: Update, context: Context, portfolio: Portfolio, text: str) -> None:
    if named := preset_meant(text, context.words):
        await _offer(update, context, portfolio, named)
        return
    instruments = await context.program.markets.of(portfolio).source.markets()
    named_here = names.of_lines(instruments, views.lines_called(context.words))
    if (coins := parsing.members(text, named_here)) is not None:
        await _take_members(update, context, portfolio, coins)
        return
    parsed = own_words.either(text, context.words, lambda said: parsing.pairs(said, named_here), lambda got: got.unknown(named_here))
    strategy, found = strategies.own_weights(parsed.values or parsed.beside, instruments, portfolio.strategy, parsed.problems)
    if strategy is None:
        await refuse(update, context, found, views.targets_example(portfolio.quote))
        return
    await context.leave(DIALOG)
    await _change(update, context, portfolio, strategy)


async def _take_members(update: Update, context: Context, portfolio: Portfolio, coins: Sequence[str]) -> None:
    """Let ALT stand for these coins."""
    instruments = await context.program.markets.of(portfolio).source.markets()
    strategy, found = strategies.with_members(coins, instruments, portfolio.strategy)
    if strategy is None or (found := out_of_reach(strategy)):
        await refuse(update, context, found, views.MEMBERS_EXAMPLE)
        return
    await context.leave(DIALOG)
    held = (await (await context.program.accounts.exchange(portfolio.id)).balances()).spot
    changed = await context.program.portfolios.change(portfolio, strategy=strategy)
    is_held = any(strategy.line_of(coin) == ALT for coin in managed_coins(held, strategy))
    await show(update, context, views.members_changed(context.words, changed, held=is_held))


async def preset(update: Update, context: Context) -> None:
    """Show another preset for this portfolio, or ask for own weights; nothing changes yet."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if context.tapped.arg == "custom":
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id})
        await show(update, context, start.custom_prompt(context.words, portfolio.mode, portfolio.quote, portfolio, back="targets"))
        return
    await _offer(update, context, portfolio, context.tapped.arg)


async def _offer(update: Update, context: Context, portfolio: Portfolio, name: str) -> None:
    chosen = await _chosen(update, context, portfolio, name)
    if chosen is not None:
        await show(update, context, views.preset_offer(context.words, portfolio, chosen, name))


async def _chosen(update: Update, context: Context, portfolio: Portfolio, name: str) -> Strategy | None:
    """Return the strategy of a name for a portfolio; None where what is held cannot be valued, which is said."""
    if name != start.TODAY:
        return await _preset(context, portfolio, name)
    evaluation = await context.program.evaluator.look(portfolio, fresh=True)
    if evaluation.figures is None:
        await show(update, context, problems.cannot_evaluate(context.words, portfolio, evaluation.problems))
        return None
    return strategies.as_held(evaluation.figures.values, portfolio.strategy, net=evaluation.figures.futures_net)


async def use_preset(update: Update, context: Context) -> None:
    """Change to the preset that was shown."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        chosen = await _chosen(update, context, portfolio, context.tapped.arg)
        if chosen is not None:
            await _change(update, context, portfolio, chosen)


def preset_meant(text: str, words: Words) -> str | None:
    """Return the preset that is called so, in English or the person's language, or nearly so."""
    presets = [name + kind for kind in ("", SPOT_ONLY) for name in strategies.preset_names()]
    text = " ".join(word for word in text.split() if word.casefold().strip(",.!") not in NOISE)
    called = {spelling.plain(said): name for name in presets for said in (name, preset_name(words, name))}
    called |= {spelling.plain(said): start.TODAY for said in (start.TODAY, words.t("today"), words.t("Today's mix"))}
    return guesses.meant(text, called)


async def _preset(context: Context, portfolio: Portfolio, name: str) -> Strategy:
    held = portfolio.strategy.members.get("ALT", ())
    chosen = strategies.preset(name, traded(await context.program.markets.of(portfolio).source.markets()), held)
    kept = portfolio.strategy
    with_triggers = strategies.with_triggers_of(chosen, kept)
    return replace(
        with_triggers,
        theta=kept.theta,
        turnover_budget=kept.turnover_budget,
        tilt=kept.tilt,
        move_limit_pct=kept.move_limit_pct,
        schedule=kept.schedule,
        kept=kept.kept,
    )


#: other words for where a rebalance leads to, in plain letters
_DESTINATIONS = {
    **dict.fromkeys(("target", "to the target", "objetivo", "al objetivo", "цель", "до цели", "к цели"), "1"),
    **dict.fromkeys(("midpoint", "to the midpoint", "middle", "halfway", "half", "medio", "a mitad", "середина", "до середины"), "0.5"),
    **dict.fromkeys(("edge", "nearest edge", "borde", "al borde", "краи", "до края"), "0"),
}

#: what the button is called
_RECOMMENDED = N_("Recommended")


async def bands(update: Update, context: Context) -> None:
    """Show the bands, or take ``/bands BTC 5 ALT 10%``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is None and context.args:
        await _take_bands(update, context, portfolio)
    else:
        await show(update, context, views.bands(context.words, portfolio))


def destination(text: str, words: Words) -> Decimal | None:
    """Return where a rebalance shall lead to, of "edge" or "a mitad de camino"; None: a text says something else."""
    called = {spelling.plain(said): theta for label, theta in views.DESTINATIONS.items() for said in (label, words.t(label))}
    said = guesses.meant(text, _DESTINATIONS | called)
    return None if said is None else Decimal(said)


async def _take_bands(update: Update, context: Context, portfolio: Portfolio) -> None:
    if guesses.meant(context.rest, {spelling.plain(said): said for said in (_RECOMMENDED, context.words.t(_RECOMMENDED))}) is not None:
        await band_advice.recommend(update, context, portfolio)
        return
    if (theta := destination(context.rest, context.words)) is not None:
        await _change(update, context, portfolio, replace(portfolio.strategy, theta=theta), bands_only=True)
        return
    known = names.of_lines(await context.program.markets.of(portfolio).source.markets(), views.lines_called(context.words))
    rules, found = own_words.either(context.rest, context.words, lambda said: parsing.bands(said, known), lambda got: got[1])
    strategy = None
    if not found:
        strategy, found = strategies.own_bands(rules, portfolio.strategy)
    if strategy is None:
        await refuse(update, context, found, views.BANDS_EXAMPLE)
        return
    await _change(update, context, portfolio, strategy, bands_only=True)


async def band(update: Update, context: Context) -> None:
    """Give every line the same band."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    rule = BandRule(abs_pp=Decimal(context.tapped.arg))
    strategy = replace(portfolio.strategy, bands=dict.fromkeys(portfolio.strategy.bands, rule), futures_band_pp=rule.abs_pp or Decimal(5))
    await _change(update, context, portfolio, strategy, bands_only=True)


async def theta(update: Update, context: Context) -> None:
    """Choose where a rebalance leads to."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        await _change(update, context, portfolio, replace(portfolio.strategy, theta=Decimal(context.tapped.arg)), bands_only=True)


async def _change(update: Update, context: Context, portfolio: Portfolio, strategy: Strategy, *, bands_only: bool = False) -> None:
    if found := out_of_reach(strategy):
        await refuse(update, context, found, "/keep BTC 0")
        return
    changed = await context.program.portfolios.change(portfolio, strategy=strategy)
    if not bands_only and (coins := await coins_of(context, changed)):
        await show(update, context, untargeted.question(context.words, changed, coins))
        return
    await show(update, context, (views.bands if bands_only else views.changed)(context.words, changed))
