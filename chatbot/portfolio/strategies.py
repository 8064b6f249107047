"""Strategies in words: presets filled with coins, own weights, own bands; all problems of one input found together."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS
from chatbot.engine.exact import wide
from chatbot.engine.portfolio import MAJORS
from chatbot.engine.presets import PRESETS
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.errors import UserError
from chatbot.exchanges.base import PERP, asset_of, is_perp
from chatbot.i18n import N_
from chatbot.model import ALT, CORE, FUTURES, INFO, STABLE, BandRule, Cause, Strategy, TriggerSetting
from chatbot.portfolio.names import SPOT_ONLY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

#: of these each preset has one switched on (domain 2.2)
FUTURES_TRIGGERS = tuple(Cause(chosen.futures_trigger) for chosen in PRESETS.values())
#: of no use to somebody without futures
_MOVE_FUTURES = tuple(name for name, info in INFO.items() if info.effect.needs_futures or name in FUTURES_TRIGGERS)
#: coins offered for ALT, largest first; the first few that the market quotes become the members
ALT_CANDIDATES = ("SOL", "XRP", "BNB", "ADA", "DOGE", "LINK", "AVAX", "LTC")
ALT_MEMBERS = 4
#: of a line beside which no other has a band
_USUAL_BAND = BandRule(abs_pp=PRESETS["balanced"].band_pp)
#: names that a person may type for the line of cash; and for money of no particular coin, which is the quote coin
_MONEY = frozenset({STABLE, "CASH", "USD"})
_CASH_LINE = CASH_COINS | _MONEY
#: a name of so many letters is looked for among what people call coins; and nobody calls them anything
_SPELLED = 5
_NOBODY: Mapping[str, str] = MappingProxyType({})
#: of V: a tenth of a point, as people choose weights; and what is less than any trade
_TENTH, _FINE = Decimal("0.001"), Decimal("1e-6")
#: stands for every line that is not named
EVERY = "ALL"
#: a band of less than this many points would fire on noise, and one of more than this never
MIN_BAND_PP, MAX_BAND_PP = Decimal("0.5"), Decimal(50)


def preset_names() -> tuple[str, ...]:
    """Return the presets from the calmest to the boldest."""
    return tuple(PRESETS)


def is_spot_only(strategy: Strategy) -> bool:
    """Tell whether a strategy is a preset without its futures."""
    return strategy.preset.endswith(SPOT_ONLY)


def preset(name: str, instruments: Collection[str], held: Collection[str] = ()) -> Strategy:
    """Return a preset of domain 2.2 filled with coins that have a price here; coins already held become members of ALT.

    A name that ends in ``SPOT_ONLY`` is the preset without its futures.
    """
    if name.endswith(SPOT_ONLY):
        return without_futures(preset(name.removesuffix(SPOT_ONLY), instruments, held))
    chosen = PRESETS[name]
    band = BandRule(abs_pp=chosen.band_pp)
    weights = dict(chosen.weights)
    return Strategy(
        preset=name,
        weights=weights,
        members={CORE: _core(instruments), ALT: _alts(instruments, held)},
        futures_net=chosen.futures_net,
        futures_split=_futures_split(instruments),
        bands={line: band for line in weights if line != FUTURES},
        futures_band_pp=chosen.band_pp,
        gross_cap=chosen.gross_cap,
        sleeve_cap=chosen.sleeve_cap,
        triggers={name: TriggerSetting(on=True) for name, info in INFO.items() if info.in_every_preset or name == chosen.futures_trigger},
    )


def keepable_in(quote: str, missing: Collection[str]) -> None:
    """Raise :class:`UserError` where ``missing``, coins and contracts that a portfolio needs, are not traded against a quote coin."""
    coins = ", ".join(name for name in missing if not is_perp(name))
    futures = ", ".join(asset_of(name) for name in missing if is_perp(name))
    if coins and futures:
        told = N_("{coins}, and the futures of {futures}, are not traded against {quote} here, so the portfolio can't be kept in it.")
        raise UserError(told, coins=coins, futures=futures, quote=quote)
    if coins:
        raise UserError(N_("{coins}: not traded against {quote} here, so the portfolio can't be kept in it."), coins=coins, quote=quote)
    if futures:
        told = N_("The futures of {futures} are not traded against {quote} here, so the portfolio can't be kept in it.")
        raise UserError(told, futures=futures, quote=quote)


def with_triggers_of(chosen: Strategy, kept: Strategy) -> Strategy:
    """Return a preset with the trigger settings that a portfolio has; which one moves the futures comes with the preset (domain 2.2).

    Where futures come or go with it, so does the trigger that only moves them.
    """
    moving = FUTURES_TRIGGERS if is_spot_only(chosen) is is_spot_only(kept) else _MOVE_FUTURES
    futures = {name: replace(kept.setting(name), on=chosen.setting(name).on) for name in moving}
    return replace(chosen, triggers={**chosen.triggers, **kept.triggers, **futures})


def with_mode(strategy: Strategy, trigger: Cause, mode: str) -> Strategy:
    """Return a strategy whose trigger does this while it is active; what it cannot do is the usual."""
    chosen = mode if mode in INFO[trigger].modes else ""
    return replace(strategy, triggers={**strategy.triggers, trigger: replace(strategy.setting(trigger), mode=chosen)})


def switched(strategy: Strategy, trigger: Cause, *, on: bool) -> Strategy:
    """Return a strategy with a trigger switched on or off; its parameters stay."""
    return replace(strategy, triggers={**strategy.triggers, trigger: replace(strategy.setting(trigger), on=on)})


def tuned(strategy: Strategy, trigger: Cause, params: Mapping[str, Decimal]) -> Strategy:
    """Return a strategy with a trigger's parameters; only those that differ from their default are kept."""
    usual = TRIGGERS[trigger].params({})
    chosen = {name: value for name, value in params.items() if value != usual[name]}
    return replace(strategy, triggers={**strategy.triggers, trigger: replace(strategy.setting(trigger), params=chosen)})


def _core(instruments: Collection[str]) -> tuple[str, ...]:
    return tuple(asset for asset in MAJORS if asset in instruments)


def _alts(instruments: Collection[str], held: Collection[str]) -> tuple[str, ...]:
    own = [asset for asset in held if asset not in MAJORS and asset not in CASH_COINS and not is_perp(asset)]
    offered = [asset for asset in ALT_CANDIDATES if asset in instruments]
    return tuple(own) if own else tuple(offered[:ALT_MEMBERS])


def _futures_split(instruments: Collection[str]) -> dict[str, Decimal]:
    contracts = [asset + PERP for asset in MAJORS if asset + PERP in instruments]
    return {contract: Decimal(1) / len(contracts) for contract in contracts}


def own_weights(
    values: Mapping[str, Decimal], instruments: Collection[str], base: Strategy, unread: Sequence[UserError] = ()
) -> tuple[Strategy | None, tuple[UserError, ...]]:
    """Return a custom strategy for weights in per cent by name, or every problem with them.

    ``unread`` says what else was written and could not be read: what all add up to is not known then.
    """
    weights: dict[str, Decimal] = {}
    problems = list(unread)
    for name, percent in values.items():
        line = STABLE if name in _CASH_LINE else name
        if line not in (STABLE, FUTURES, CORE, ALT) and (line not in instruments or is_perp(line)):
            problems.append(_unlisted(name, (*instruments, ALT, CORE, FUTURES, *_CASH_LINE)))
        with wide():  # what adds up only where digits are rounded away would be refused by every plan
            weights[line] = weights.get(line, Decimal(0)) + percent / 100
    if not unread:
        problems += _sum_problem(values)
    weights |= {line: weights.pop(line, Decimal(0)) for line in (STABLE, FUTURES)}  # shown below the coins, whatever the order was
    if weights[FUTURES] and not base.futures_split:
        problems.append(UserError(N_("There are no futures at this exchange, so FUTURES must be 0.")))
    if problems:
        return None, tuple(problems)
    return _custom(weights, instruments, base), ()


def _sum_problem(values: Mapping[str, Decimal]) -> list[UserError]:
    """Return what is wrong with the sum of weights in per cent; nothing where they make 100."""
    with wide():
        total = sum(values.values(), Decimal(0)).normalize()
    if total == 1:
        return [UserError(N_("The weights add up to 1, they must make 100%. Write them in per cent: 40 for 0.4."))]
    return [] if total == 100 else [UserError(N_("The weights add up to {total}%, they must make 100%."), total=f"{total:f}")]


def _custom(weights: dict[str, Decimal], instruments: Collection[str], base: Strategy) -> Strategy:
    named = set(weights) - {STABLE, FUTURES, CORE, ALT}
    members = {line: tuple(a for a in assets if a not in named) for line, assets in base.members.items() if line in weights}
    if CORE in weights and not members.get(CORE):
        members[CORE] = tuple(asset for asset in _core(instruments) if asset not in named)
    if ALT in weights and not members.get(ALT):
        members[ALT] = tuple(asset for asset in _alts(instruments, ()) if asset not in named)
    usual = next(iter(base.bands.values()), _USUAL_BAND)
    return replace(
        base,
        preset="custom",
        weights=weights,
        members={line: assets for line, assets in members.items() if assets},
        futures_net=weights[FUTURES],
        bands={line: base.bands.get(line, usual) for line in weights if line != FUTURES},
    )


def with_members(coins: Sequence[str], instruments: Collection[str], base: Strategy) -> tuple[Strategy | None, tuple[UserError, ...]]:
    """Return a strategy whose ALT line stands for these coins, or every problem with them."""
    problems = [problem for coin in dict.fromkeys(coins) if (problem := _member_problem(coin, instruments, base)) is not None]
    problems += [UserError(N_("{name} is listed twice."), name=coin) for coin in dict.fromkeys(coins) if coins.count(coin) > 1]
    if ALT not in base.weights:
        problems.append(UserError(N_("Your targets have no ALT. Give it a weight first, or each coin one of its own.")))
    return (None, tuple(problems)) if problems else (replace(base, members={**base.members, ALT: tuple(coins)}), ())


def _member_problem(coin: str, instruments: Collection[str], base: Strategy) -> UserError | None:
    if coin in _CASH_LINE or coin in (CORE, ALT, FUTURES):
        return UserError(N_("{name} can't be in ALT: it is a line of its own."), name=coin)
    if coin not in instruments or is_perp(coin):
        return _unlisted(coin, instruments)
    if coin in base.weights or coin in base.members.get(CORE, ()):
        return UserError(N_("{name} has a place in your targets already, so it can't be in ALT too."), name=coin)
    return None


def without_futures(strategy: Strategy) -> Strategy:
    """Return a strategy for somebody who uses no futures: the other lines share that weight, and what only moves futures is off."""
    has_some = bool(strategy.weights.get(FUTURES))
    left = {line: weight for line, weight in strategy.weights.items() if line != FUTURES}
    off = {name: TriggerSetting(on=False) for name in _MOVE_FUTURES}
    return replace(
        strategy,
        preset=strategy.preset + SPOT_ONLY if has_some and strategy.preset in PRESETS else strategy.preset,
        weights={**(_shares(left, _TENTH) if has_some else left), FUTURES: Decimal(0)},
        futures_net=Decimal(0),
        triggers={**strategy.triggers, **{name: replace(strategy.setting(name), on=one.on) for name, one in off.items()}},
    )


def is_without_futures(strategy: Strategy) -> bool:
    """Tell whether a strategy is of somebody who uses no futures: nothing of it holds any, and no trigger would move one."""
    return not strategy.contracts and not any(strategy.setting(name).on for name in _MOVE_FUTURES)


def as_held(values: Mapping[str, Decimal], base: Strategy, *, net: Decimal = Decimal(0)) -> Strategy:
    """Return a strategy whose targets are what is held now, a line a coin, largest first.

    ``values`` by coin in quote, dollars by their names or as STABLE, and under FUTURES the equity; ``net`` is the net futures exposure.
    """
    coins = {asset: value for asset, value in values.items() if value > 0 and asset not in _CASH_LINE and asset != FUTURES}
    cash = sum((value for asset, value in values.items() if asset in _CASH_LINE), Decimal(0))
    shown = {asset: coins[asset] for asset in sorted(coins, key=lambda asset: (-coins[asset], asset))}
    weights = _shares({**shown, STABLE: cash, FUTURES: max(Decimal(0), values.get(FUTURES, Decimal(0)))}, _FINE)
    usual = next(iter(base.bands.values()), _USUAL_BAND)
    return replace(
        base,
        preset="custom",
        weights=weights,
        members={},
        futures_net=net,
        bands={line: base.bands.get(line, usual) for line in weights if line != FUTURES},
    )


def _shares(values: Mapping[str, Decimal], step: Decimal) -> dict[str, Decimal]:
    """Return the shares of values in steps that add up to 1; what is not nothing gets one at least, and the largest what is left."""
    with wide():
        whole = sum(values.values(), Decimal(0))
        shares = {line: max(step, (value / whole).quantize(step)) if value else Decimal(0) for line, value in values.items()}
        largest = max(values, key=lambda line: values[line])
        return {**shares, largest: shares[largest] + 1 - sum(shares.values(), Decimal(0))}


def sold_off(strategy: Strategy, assets: Iterable[str]) -> Strategy:
    """Return a strategy that wants nothing of these coins: each has a line of its own, with a target of 0."""
    coins = tuple(assets)
    usual = next(iter(strategy.bands.values()), _USUAL_BAND)
    weights = {**strategy.weights, **dict.fromkeys(coins, Decimal(0))}
    return replace(strategy, weights=weights, bands={**strategy.bands, **dict.fromkeys(coins, usual)})


def own_bands(rules: Mapping[str, BandRule], base: Strategy) -> tuple[Strategy | None, tuple[UserError, ...]]:
    """Return the strategy with changed bands, or every problem with them; ``EVERY`` stands for the lines that are not named."""
    problems = [problem for name, rule in rules.items() if (problem := _band_problem(name, rule, base))]
    changed: dict[str, BandRule] = {}
    for name, rule in rules.items():
        if changed.setdefault(_line_of(name, base), rule) != rule:
            problems.append(UserError(N_("{name} is in a line that you gave another band already."), name=name))
    if problems:
        return None, tuple(problems)
    usual = changed.pop(EVERY, None)
    futures = changed.pop(FUTURES, usual)
    width = futures.abs_pp if futures is not None and futures.abs_pp is not None else base.futures_band_pp
    everywhere = dict.fromkeys(base.bands, usual) if usual is not None else {}
    return replace(base, bands={**base.bands, **everywhere, **changed}, futures_band_pp=width), ()


def _line_of(name: str, base: Strategy) -> str:
    """Return the line that a person means: a coin without a line of its own stands for the bucket it is in."""
    if name in _CASH_LINE and name not in base.bands:
        return STABLE
    buckets = (line for line, members in base.members.items() if name in members)
    return name if name in base.bands else next(buckets, name)


def _band_problem(name: str, rule: BandRule, base: Strategy) -> UserError | None:
    if name == FUTURES and rule.rel is not None:
        return UserError(N_("The band of {name} must be between 0.5 and 50 points."), name=name)
    if name not in (FUTURES, EVERY) and _line_of(name, base) not in base.bands:
        return UserError(N_("{name} is not a line of your targets."), name=name)
    if rule.abs_pp is not None and not MIN_BAND_PP <= rule.abs_pp <= MAX_BAND_PP:
        return UserError(N_("The band of {name} must be between 0.5 and 50 points."), name=name)
    if rule.rel is not None and not Decimal("0.01") <= rule.rel <= 1:
        return UserError(N_("The relative band of {name} must be between 1% and 100% of its target."), name=name)
    return None


def without_price(
    values: Mapping[str, Decimal], instruments: Collection[str], quote_asset: str, called: Mapping[str, str] = _NOBODY
) -> tuple[UserError, ...]:
    """Return the names that have no price here, with what was probably meant; ``called`` is what people call coins, in small letters."""
    coins = {name for name in instruments if not is_perp(name)}
    unknown = [name for name in values if name not in _MONEY | {quote_asset} | coins]
    return tuple(_without_price(name, coins, quote_asset, called) for name in unknown)


def nothing_held(values: Mapping[str, Decimal]) -> tuple[UserError, ...]:
    """Return a problem where every amount is 0."""
    return () if any(values.values()) else (UserError(N_("All amounts are 0; there is nothing to keep in balance.")),)


def _without_price(name: str, coins: Collection[str], quote_asset: str, called: Mapping[str, str]) -> UserError:
    if name not in CASH_COINS:
        spelled = get_close_matches(name.casefold(), [said for said in called if len(said) >= _SPELLED], n=1, cutoff=0.8)
        if spelled and called[spelled[0]] in {*coins, quote_asset}:
            near = called[spelled[0]]
            return UserError(N_("{name} has no price at this exchange. Did you mean {near}?"), name=name, near=near)
        return _unlisted(name, {*coins, quote_asset})
    return UserError(
        N_("{name} has no price at this exchange, so I can't count it. Only {quote} counts as one dollar."), name=name, quote=quote_asset
    )


def _unlisted(name: str, known: Collection[str]) -> UserError:
    """Return the sentence about a name that is not known here, with what was probably meant."""
    near = ", ".join(nearest(name, known))
    if not near and not name.isascii():  # a word of the person's language, as far as anybody can tell
        return UserError(N_("I don't understand “{text}” here."), text=name.casefold())
    if not near:
        return UserError(N_("{name} has no price at this exchange."), name=name)
    return UserError(N_("{name} has no price at this exchange. Did you mean {near}?"), name=name, near=near)


def nearest(name: str, known: Collection[str]) -> list[str]:
    """Return at most three known names that a slip or a trading pair probably means: BRC, BTCUSDT, BTC/USDT are BTC."""
    coins = [one for one in known if not is_perp(one)]
    bases = (re.split(r"[/_-]", name)[0], *(name.removesuffix(quote) for quote in CASH_COINS))
    base = next((one for one in bases if one != name and one in coins), None)
    return [base] if base else get_close_matches(name, coins, cutoff=0.65)


def as_holdings(values: Mapping[str, Decimal], quote_asset: str) -> dict[str, Decimal]:
    """Return typed-in amounts by coin: money of no particular coin is the quote coin, every other stablecoin stays what it is."""
    holdings: dict[str, Decimal] = {}
    for name, qty in values.items():
        asset = quote_asset if name in _MONEY else name
        holdings[asset] = holdings.get(asset, Decimal(0)) + qty
    return holdings
