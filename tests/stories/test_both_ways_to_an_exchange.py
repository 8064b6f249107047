"""From the first key to the first plan with real money either way that an operator may name: a proxy, or addresses in its place."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import PlanState
from tests.stories.at_exchange import NAMES, agree, beside, orders_once, venue, watch
from tests.stories.tunnel import HOSTS, Tunnel

if TYPE_CHECKING:
    from pathlib import Path

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names whose addresses this process has asked for; none is found but this machine's."""
    asked: set[str] = set()
    real = socket.getaddrinfo

    def here_alone(host: Any, *more: Any, **named: Any) -> Any:
        asked.add(host)
        return real(host if host in ("localhost", "127.0.0.1") else "nowhere.invalid", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here_alone)
    return asked


#: the three later venues in the slow run
EACH = [one if one in ("binance", "bybit") else pytest.param(one, marks=pytest.mark.slow) for one in HOSTS]


@pytest.mark.parametrize("way", ["httpsProxy and cafile", "urls of the real accounts alone"])
@pytest.mark.parametrize("exchange", EACH)
async def test_a_first_plan_is_done_and_nobody_else_is_asked(tmp_path: Path, looked_up: set[str], exchange: str, way: str) -> None:
    (tmp_path / "data").mkdir()
    async with venue(exchange) as server, Tunnel(server, HOSTS[exchange], tmp_path) as tunnel:
        told = tunnel.options() if "Proxy" in way else {"urls": {"api": server.options()["urls"]["api"]}}
        server.options = lambda: told  # type: ignore[method-assign]
        async with beside(server, tmp_path / "data") as ann:
            assert f"WATCH · {NAMES[exchange]}" in await watch(ann, exchange)
            await agree(ann)
            await ann.say("/targets BTC 42 ETH 25 USDT 33")
            assert "LIVE" in await ann.say("/rebalance")
            assert (await ann.confirm()).state is PlanState.DONE
            await ann.step()
        assert orders_once(server)
        assert set(tunnel.wanted) == ({f"{host}:443" for host in HOSTS[exchange]} if "Proxy" in way else set())
    assert looked_up <= {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("exchange", EACH)
async def test_an_order_that_a_proxy_lets_nobody_send_was_never_sent(tmp_path: Path, exchange: str) -> None:
    """It refuses to connect, or nobody is there: the order goes out as soon as it lets somebody through, and its person is not asked."""
    (tmp_path / "data").mkdir()
    async with venue(exchange) as server, Tunnel(server, HOSTS[exchange], tmp_path) as tunnel:
        server.options = tunnel.options  # type: ignore[method-assign]
        async with beside(server, tmp_path / "data") as ann:
            await watch(ann, exchange)
            await agree(ann)
            await ann.say("/targets BTC 42 ETH 25 USDT 33")
            await ann.say("/rebalance")
            account: Any = await ann.program.accounts.exchange(await ann.portfolio_id())
            place, tries = account.place, []

            async def place_through(request: Any) -> Any:
                tries.append(request.client_id)
                tunnel.shut = len(tries) < 3
                await account._line.close()  # a connection that stands would still carry it
                try:
                    return await place(request)
                finally:
                    tunnel.shut = False

            account.place = place_through
            plan = await ann.confirm()
        assert (plan.state, [leg.note for leg in plan.legs]) == (PlanState.DONE, [""] * len(plan.legs))
        assert tries[0] == tries[1] == tries[2]
        assert orders_once(server)
