"""What a person keeps out of a portfolio (domain 2.3): set, lifted, and refused where it would leave targets that nobody can reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.portfolio import kept_of
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import FUTURES, STABLE, Flow, FlowKind, PlanState
from chatbot.store import plans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Balances
    from chatbot.model import Portfolio, Strategy
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.manage import Portfolios
    from chatbot.store.database import Database

    #: by coin how much of it is to be kept out; 0: nothing any more, None: all of it, now and later
    Wishes = Mapping[str, Decimal | None]

_ZERO = Decimal(0)
#: under which name a flow tells by coin what came into the portfolio, below 0 what was let out of it
MOVED = "moved"


class Reserve:
    """The use case of keeping a quantity out, or giving it back."""

    def __init__(self, db: Database, accounts: OpenAccounts, portfolios: Portfolios, evaluator: Evaluator, clock: Clock) -> None:
        self._db = db
        self._accounts = accounts
        self._portfolios = portfolios
        self._evaluator = evaluator
        self._clock = clock

    async def keep(self, portfolio: Portfolio, wishes: Wishes) -> tuple[Portfolio | None, tuple[UserError, ...]]:
        """Keep these quantities out, in place of what was kept of these coins before; or return every problem, and change nothing.

        What leaves the value, or comes back into it, is a flow and no profit (domain 9.15).
        """
        exchange = await self._accounts.exchange(portfolio.id)
        balances = await exchange.balances()
        if found := await self._problems(portfolio, wishes, balances, exchange.quote_asset):
            return None, found
        kept = with_wishes(portfolio.strategy, wishes)
        flow = await self._flow(portfolio, replace(portfolio, strategy=kept), balances.spot)
        return await self._portfolios.change(portfolio, strategy=kept, flow=flow), ()

    async def instead(
        self, portfolio: Portfolio, asset: str, wish: Decimal | None
    ) -> tuple[tuple[UserError, ...], tuple[Decimal | None, ...]]:
        """Return what speaks against keeping so much of a coin out, and what can be kept of it instead: all of it, or what there is now."""
        exchange = await self._accounts.exchange(portfolio.id)
        balances = await exchange.balances()
        found = await self._problems(portfolio, {asset: wish}, balances, exchange.quote_asset)
        held = balances.spot.get(asset, _ZERO)
        others = [one for one in (None, held) if one not in (wish, _ZERO)] if found else []
        return found, tuple([one for one in others if not await self._problems(portfolio, {asset: one}, balances, exchange.quote_asset)])

    async def _problems(self, portfolio: Portfolio, wishes: Wishes, balances: Balances, quote: str) -> tuple[UserError, ...]:
        async with self._db.read() as tx:
            plan = await plans.open_plan(tx, portfolio.id)
        if plan is not None and plan.state is not PlanState.PROPOSED:
            told = N_("Plan {number} is under way and may still trade it. Send this again when it has ended.")
            return (UserError(told, number=str(plan.number)),)
        found = problems(portfolio.strategy, wishes, balances.spot, quote)
        if not found and not balances.futures_wallet and not any(managed(with_wishes(portfolio.strategy, wishes), balances.spot).values()):
            return (UserError(N_("That would leave nothing to keep in balance.")),)
        return found

    async def _flow(self, before: Portfolio, after: Portfolio, spot: Mapping[str, Decimal]) -> Flow:
        """Return what the change lets out of the value, or in, by coin and in quote; unknown in quote where one of the two values is."""
        then, now = (await self._evaluator.look(before, fresh=True)).figures, (await self._evaluator.look(after)).figures
        amount = now.value - then.value if then is not None and now is not None else None
        then_in, now_in = managed(before.strategy, spot), managed(after.strategy, spot)
        facts = {
            "kept": {asset: None if wish is None else str(wish) for asset, wish in after.strategy.kept.items()},
            MOVED: {asset: str(now_in[asset] - qty) for asset, qty in then_in.items() if now_in[asset] != qty},
        }
        value = then.value if then is not None else None
        return Flow(portfolio_id=before.id, at=self._clock.now(), kind=FlowKind.RESERVE, value=value, amount=amount, facts=facts)


def with_wishes(strategy: Strategy, wishes: Wishes) -> Strategy:
    """Return a strategy that keeps these quantities out; what is not named stays as it is."""
    kept = {asset: wish for asset, wish in {**strategy.kept, **wishes}.items() if wish is None or wish}
    return replace(strategy, kept=kept)


def managed(strategy: Strategy, spot: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return what of each asset is not kept out."""
    return {asset: qty - kept_of(qty, strategy.kept[asset]) if asset in strategy.kept else qty for asset, qty in spot.items()}


def problems(strategy: Strategy, wishes: Wishes, spot: Mapping[str, Decimal], quote_asset: str) -> tuple[UserError, ...]:
    """Return everything that speaks against keeping these quantities out."""
    found = [problem for asset, wish in wishes.items() if (problem := _problem(strategy, asset, wish, spot, quote_asset)) is not None]
    return (*found, *([] if found else out_of_reach(with_wishes(strategy, wishes))))


def _problem(strategy: Strategy, asset: str, wish: Decimal | None, spot: Mapping[str, Decimal], quote_asset: str) -> UserError | None:
    held = spot.get(asset, _ZERO)
    if wish == 0:
        return None if asset in strategy.kept else UserError(N_("{coin} is not kept out."), coin=asset)
    if not held:
        return UserError(N_("You hold no {coin}, so there is nothing to keep out."), coin=asset)
    if wish is None:
        only_money = UserError(N_("Plans pay with {coin}, so I can't keep all of it out. Keep a quantity of it instead."), coin=asset)
        return only_money if asset == quote_asset else None
    if wish > held and (asset == quote_asset or out_of_reach(with_wishes(strategy, {asset: None}))):
        return UserError(N_("You hold {held} {coin}, so I can't keep {wish} out."), held=held, coin=asset, wish=wish)
    if wish > held:
        return UserError(
            N_("You hold {held} {coin}, so I can't keep {wish} out. To keep all of it, now and later: /keep all {coin}"),
            held=held,
            coin=asset,
            wish=wish,
        )
    return None


def out_of_reach(strategy: Strategy) -> tuple[UserError, ...]:
    """Return the targets that nothing can be bought for, because all of their coins are kept out."""
    found = []
    for line, weight in strategy.weights.items():
        coins = strategy.members.get(line, (line,))
        if not weight or line in (STABLE, FUTURES) or not coins or not all(map(strategy.keeps_all, coins)):
            continue
        alone = N_("{coin} has a target of its own. Take it out of your targets first (/targets), or keep a quantity of it.")
        several = N_("{coins} are all the coins of one target. Change your targets first (/targets), or keep a quantity of one.")
        found.append(UserError(alone, coin=coins[0]) if len(coins) == 1 else UserError(several, coins=", ".join(coins)))
    return tuple(found)
