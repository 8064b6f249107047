"""An account that a look itself brings up to date is known by that look; one that is changed after it was read is looked at again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Direction, Funding
from chatbot.exchanges.paper.account import AccountState
from chatbot.store import portfolios
from tests.portfolio.still_market import START, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    import pytest

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench

D = Decimal
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def every_hour(_contract: str, since: datetime, until: datetime) -> Sequence[Funding]:
    """Return settlements at full hours, in (since, until]."""
    first, last = ((at - _EPOCH) // _HOUR for at in (since, until))
    return tuple(Funding(at=_EPOCH + hour * _HOUR, rate=D("0.0001"), interval_hours=1) for hour in range(first + 1, last + 1))


@asynccontextmanager
async def holding_a_contract(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Bench, Portfolio]]:
    """Give a calm portfolio with a position, which is settled every hour."""
    async with bench(folder) as on:
        monkeypatch.setattr(on.market, "funding", every_hour)
        portfolio = await on.balanced(futures="10")
        stake = {"BTC-PERP": (D(portfolio.strategy.futures_net) * 10_000 / 50_000, D(50_000))}
        spot = {"BTC": D("0.08"), "SOL": D(40), "USDT": D(1000)}
        async with on.program.db.transaction() as tx:
            await portfolios.save_account(tx, portfolio.id, AccountState.holding(spot, futures_wallet=D(1000), positions=stake).to_json())
        on.program.accounts.forget(portfolio.id)
        yield on, portfolio


async def looks(on: Bench, hours: int) -> list[str]:
    """Check every five minutes until so many hours after the start; return when anybody was looked at exactly."""
    looked = []
    while on.clock.now() < START + hours * _HOUR:
        assert await on.tick(300) == (0, 0)
        assert on.program.monitor.last is not None
        looked += [str(on.clock.now() - START)] * on.program.monitor.last.examined
    return looked


async def test_a_settlement_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look books it into the account; it had the portfolio loaded again, and looked at once more in the next check."""
    async with holding_a_contract(tmp_path, monkeypatch) as (on, portfolio):
        before = on.program.accounts.saves(portfolio.id)
        assert await looks(on, 3) == ["0:05:00", "0:15:00", "1:15:00", "2:15:00"]
        assert on.program.accounts.saves(portfolio.id) == before + 2


async def test_what_is_changed_after_it_was_read_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with holding_a_contract(tmp_path, monkeypatch) as (on, portfolio):
        await looks(on, 1)
        exchange = await on.program.accounts.exchange(portfolio.id)
        look_many = on.program.monitor._evaluator.look_many

        async def then_moved(many: Sequence[Portfolio]) -> object:
            found = await look_many(many)
            await exchange.transfer(Direction.TO_FUTURES, D(1), "meanwhile")
            return found

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(on.program.monitor._evaluator, "look_many", then_moved)
            assert await on.tick(900) == (0, 0)
        assert await looks(on, 2) == ["1:20:00"]
