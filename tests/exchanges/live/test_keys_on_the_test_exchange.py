"""The key doctor at the test exchange, which fails whoever would change an account: what it finds is what stands there, fault or not."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import SystemClock
from chatbot.exchanges.live.key_doctor import examine
from chatbot.exchanges.testserver import server as testserver
from chatbot.exchanges.testserver.account import Right, Stake
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.server import Door, Server
from chatbot.model import Credentials, KeyProblem, KeyReport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = Credentials(api_key="key-of-a-test", secret="secret-of-a-test", passphrase="passphrase")
ANYWHERE = KeyProblem.ANY_ADDRESS
BOTH = pytest.mark.parametrize("dialect", [BINANCE, BYBIT, pytest.param(BINGX, marks=pytest.mark.long)], ids=("binance", "bybit", "bingx"))
UNKNOWN = KeyProblem.WITHDRAW_UNKNOWN
#: those that tell nothing of a key besides
ALL = pytest.mark.parametrize(
    "dialect",
    [BINANCE, BYBIT, *(pytest.param(one, marks=pytest.mark.long) for one in (BINGX, MEXC, WEEX))],
    ids=("binance", "bybit", "bingx", "mexc", "weex"),
)
#: what is said of every key that nothing is wrong with
SAID = {"binance": {ANYWHERE}, "bybit": {ANYWHERE}, "bingx": {ANYWHERE, UNKNOWN}, "mexc": {UNKNOWN}, "weex": {UNKNOWN}}
#: how an account may be kept otherwise, as each venue tells it
OTHERWISE = {
    BINANCE: {KeyProblem.ISOLATED, KeyProblem.MULTI_ASSETS, KeyProblem.PORTFOLIO_MARGIN},
    BYBIT: {KeyProblem.ISOLATED, KeyProblem.BORROWED},
    BINGX: {KeyProblem.ISOLATED, KeyProblem.MULTI_ASSETS},
}


class Off(SystemClock):
    """A clock that runs with this machine's, some time ahead of it."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """Return the time there."""
        return super().now() + self._ahead


@asynccontextmanager
async def exchange(dialect: Any, *, off: timedelta = timedelta(0)) -> AsyncIterator[Server]:
    """Serve an account with coins and a futures wallet, in harsh weather, to readers only."""
    async with Server(dialect, Off(off), door=Door.READING) as server:
        server.venue.open_account(KEY.api_key, KEY.secret, {"USDT": Decimal(100), "BTC": Decimal("0.5")}, Decimal(50))
        yield server


async def asked(server: Server, key: Credentials = KEY) -> KeyReport:
    return await examine(server.dialect.name, key, SystemClock(), {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False})


@BOTH
async def test_what_stands_there_is_found(dialect: Any) -> None:
    """Rights, coins, clock and mode; a key from anywhere is told to be one."""
    async with exchange(dialect) as server:
        said = await asked(server)
        assert set(said.problems) == SAID[dialect.name]
        proven = None if KeyProblem.WITHDRAW_UNKNOWN in said.problems else False
        assert (said.withdraws, said.trades_spot, said.trades_futures) == (proven, True, True)
        coins: dict[str, Decimal] = {}
        for _, coin, qty in said.found:
            coins[coin] = coins.get(coin, Decimal(0)) + Decimal(qty)
        assert coins == {"USDT": Decimal(150), "BTC": Decimal("0.5")}
        account = server.venue.accounts[KEY.api_key]
        account.hedge = True
        account.addresses = ("127.0.0.1",)
        account.rights -= {Right.SPOT}
        assert set((await asked(server)).problems) == {KeyProblem.HEDGE_MODE, KeyProblem.NO_SPOT, *SAID[dialect.name]} - {ANYWHERE}
        account.rights |= {Right.WITHDRAW}
        assert KeyProblem.MAY_WITHDRAW in (await asked(server)).problems
    assert not server.unknown


async def test_of_a_weex_key_nothing_is_known_but_what_its_account_may_do() -> None:
    """Whether it can withdraw is named as unknown; how contracts are held is told of each, and futures that are hidden count as none."""
    async with exchange(WEEX) as server:
        said = await asked(server)
        assert (said.problems, said.withdraws, said.is_bound) == ((KeyProblem.WITHDRAW_UNKNOWN,), None, None)
        assert (said.reads, said.trades_spot, said.trades_futures) == (True, True, True)
        assert said.found == (("spot", "BTC", "0.50000000"), ("spot", "USDT", "100.00000000"), ("futures", "USDT", "50.00000000"))
        account = server.venue.accounts[KEY.api_key]
        account.isolated = {"BTC-PERP"}
        account.stakes["BTC-PERP", "BOTH"] = Stake(qty=Decimal("0.001"), cost=Decimal(60))
        assert KeyProblem.ISOLATED in (await asked(server)).problems
        account.hedge = True
        assert KeyProblem.HEDGE_MODE in (await asked(server)).problems
        account.rights = {Right.SPOT}
        hidden = await asked(server)
        assert (hidden.trades_futures, KeyProblem.NO_FUTURES in hidden.problems, hidden.is_refused) == (False, True, False)
        for wrong in (replace(KEY, passphrase="of-nobody"), replace(KEY, passphrase="")):
            assert (await asked(server, wrong)).problems == (KeyProblem.NOT_ACCEPTED,)
    assert not server.unknown


@pytest.mark.long
@BOTH
async def test_an_account_that_is_kept_otherwise_is_told(dialect: Any) -> None:
    """Isolated margin, other coins as margin, portfolio margin, a debt: each by its name, wherever the exchange tells it."""
    async with exchange(dialect) as server:
        account = server.venue.accounts[KEY.api_key]
        account.isolated, account.multi_assets, account.portfolio_margin = {"BTC-PERP"}, True, True
        account.stakes["BTC-PERP", "BOTH"] = Stake(qty=Decimal("0.001"), cost=Decimal(60))
        wrong = OTHERWISE[dialect]
        account.owed = {"USDT": Decimal(1)} if KeyProblem.BORROWED in wrong else {}
        said = await asked(server)
        assert set(said.problems) == {*wrong, *SAID[dialect.name]}
        assert wrong <= set(said.unfit(futures=False))
        account.isolated = set()
        assert KeyProblem.ISOLATED not in (await asked(server)).problems
        portfolio_margin = KeyProblem.PORTFOLIO_MARGIN in (await asked(server)).problems
        assert portfolio_margin is (dialect is not BINGX), "which has none"


@pytest.mark.long
@ALL
async def test_two_keys_of_one_account_tell_one_number(dialect: Any) -> None:
    """And a sub-account, with a key of its own, tells another."""
    async with exchange(dialect) as server:
        account = server.venue.accounts[KEY.api_key]
        server.venue.another_key(account, "second-key-of-it", "secret-of-a-test", Right.SPOT)
        server.venue.open_account("key-of-a-sub-account", "secret-of-a-test")
        numbers = [
            (await asked(server, Credentials(api_key=name, secret="secret-of-a-test", passphrase="passphrase"))).account
            for name in (KEY.api_key, "second-key-of-it", "key-of-a-sub-account")
        ]
    assert numbers[0] == numbers[1] == str(account.number)
    assert numbers[2] not in ("", numbers[0])


@ALL
async def test_a_revoked_key_a_foreign_address_and_a_foreign_secret_are_refused(dialect: Any) -> None:
    async with exchange(dialect) as server:
        account = server.venue.accounts[KEY.api_key]
        foreign = await asked(server, Credentials(api_key=KEY.api_key, secret="secret-of-nobody", passphrase="passphrase"))
        assert foreign.problems == (KeyProblem.FOREIGN_SECRET,)
        account.addresses = ("192.0.2.7",)
        elsewhere = await asked(server)
        assert elsewhere.problems == ((KeyProblem.NOT_ACCEPTED if dialect is BINANCE else KeyProblem.OTHER_ADDRESS),)
        account.addresses, account.revoked = (), True
        assert (await asked(server)).problems == (KeyProblem.NOT_ACCEPTED,)


@ALL
async def test_a_clock_that_is_off_by_minutes_keeps_nothing_from_being_read(dialect: Any) -> None:
    async with exchange(dialect, off=timedelta(minutes=3)) as server:
        said = await asked(server)
    assert set(said.problems) == {*SAID[dialect.name], KeyProblem.CLOCK}
    assert said.off_s is not None
    assert -185 < said.off_s < -175
    assert said.found


@pytest.mark.long
@BOTH
async def test_a_right_to_withdraw_hides_behind_no_fault(dialect: Any) -> None:
    """Whatever comes instead of the answer about the key, it is not kept: not even when what is left of it could be read."""
    async with exchange(dialect) as server:
        server.venue.accounts[KEY.api_key].rights |= {Right.WITHDRAW}
        for fault in ("reset_before", "html_before", "empty_after", "cut_after", "nothing", "bad_gateway_before", "nan", "skew", "ban"):
            server.faults.add(call="key", fault=fault)
            assert (await asked(server)).is_refused, fault


async def test_where_mexc_has_no_page_for_the_number_of_an_account_its_key_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """No recording has that page: without it nobody sees that two keys are keys to one account, and everything else is as it is."""
    page = "/api/v3/uid"
    monkeypatch.setattr(type(MEXC), "routes", {name: route for name, route in MEXC.routes.items() if page not in name})
    async with exchange(MEXC) as server:
        said = await asked(server)
        assert (said.account, said.problems, said.reads, bool(said.found)) == ("", (UNKNOWN,), True, True)
        assert [request.path for request in server.unknown] == [page]


async def test_what_mexc_says_of_a_key_and_what_it_does_not() -> None:
    """FACTS 5: no rights are told, so that withdrawing is named as unknown; modes are, and futures that a key may not see."""
    async with exchange(MEXC) as server:
        account = server.venue.accounts[KEY.api_key]
        account.rights |= {Right.WITHDRAW}
        said = await asked(server)
        assert (said.problems, said.withdraws, said.trades_spot, said.trades_futures, said.is_bound) == ((UNKNOWN,), None, None, None, None)
        assert {(coin, Decimal(qty)) for _, coin, qty in said.found} == {("USDT", 100), ("USDT", 50), ("BTC", Decimal("0.5"))}
        account.hedge, account.isolated = True, {"BTC-PERP"}
        account.stakes["BTC-PERP", "LONG"] = Stake(qty=Decimal("0.001"), cost=Decimal(60))
        assert set((await asked(server)).problems) == {UNKNOWN, KeyProblem.HEDGE_MODE, KeyProblem.ISOLATED}
        account.rights -= {Right.FUTURES}
        said = await asked(server)
        assert (set(said.problems), said.trades_futures) == ({UNKNOWN, KeyProblem.NO_FUTURES}, False)
        assert {coin for _, coin, _ in said.found} == {"USDT", "BTC"}
        for fault in ("nothing", "html_before", "unknown_before", "rate"):
            for call in ("balances", *(("key",) if fault != "nothing" else ())):  # a number has no list to lose
                server.faults.add(call=call, fault=fault)
                assert (await asked(server)).is_refused, (call, fault)
    assert not server.unknown


#: fields that say how the futures of an account are kept; MEXC's answer is the word alone
KEPT = frozenset({"dualSidePosition", "positionIdx", "separatedType", "separatedMode", "marginType"})


def without_modes(told: Any, said: object) -> Any:
    """Return an answer that says this of how an account is kept."""
    if isinstance(told, list):
        return [without_modes(one, said) for one in told]
    if isinstance(told, dict):
        return {name: said if name in KEPT or (name, value) == ("data", 2) else without_modes(value, said) for name, value in told.items()}
    return told


@pytest.mark.long
@pytest.mark.parametrize("said", [None, 7])
@pytest.mark.parametrize("dialect", [BINANCE, BYBIT, BINGX, MEXC, WEEX], ids=lambda one: str(one.name))
async def test_a_mode_in_no_word_of_the_exchange_is_not_known(dialect: Any, said: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither hedge mode nor isolated margin is made of it, nor that there is none: the key is not kept, and nobody is sent to cure it."""
    sent = testserver._sent
    monkeypatch.setattr(testserver, "_sent", lambda answer: sent(replace(answer, body=without_modes(answer.body, said))))
    async with exchange(dialect) as server:
        assert (await asked(server)).problems == (KeyProblem.UNREACHABLE,)
