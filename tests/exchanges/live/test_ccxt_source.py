"""Public prices through the real ccxt client, answered by a player of recorded shapes on the loopback interface."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest

from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.errors import (
    ExchangeError,
    KeyRefused,
    NotEnoughMoney,
    OutcomeUnknown,
    PlaceRefused,
    RateLimited,
    Rejected,
    SettingError,
    Unreachable,
    Unreadable,
)
from chatbot.exchanges.live import ccxt_loader
from chatbot.exchanges.live.ccxt_errors import TABLE, Meaning, translate
from chatbot.exchanges.live.ccxt_loader import error_classes, exchange_class
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.venues import VENUES
from tests.places import ROOT

PLAYER = ROOT.parent / "shared" / "exchanges" / "replay"
needs_player = pytest.mark.skipif(not PLAYER.is_dir(), reason="the loopback player in ../shared/exchanges/replay is absent")
#: the last hour of the played world
NOW = datetime(2024, 1, 1, tzinfo=UTC)


@cache
def load(name: str) -> Any:
    """Import one file of the player by path, once."""
    spec = importlib.util.spec_from_file_location(f"player_{name}", PLAYER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weex_touch(_: Any) -> list[dict[str, Any]]:
    """Answer weex's book of perpetuals, which the player does not know."""
    return [{"symbol": "BTCUSDT", "bidPrice": "42280.1", "bidQty": "1", "askPrice": "42290.3", "askQty": "1", "time": 1704067200000}]


class Stage:
    """One exchange on the loopback interface."""

    def __init__(self, name: str) -> None:
        player, fixtures = load("loopback"), load("fixtures")
        self.server = player.Loopback(fixtures.ALL[name](fixtures.WORLD))
        self.server.httpd.RequestHandlerClass.disable_nagle_algorithm = True
        threading.Thread(target=self.server.httpd.serve_forever, args=(0.01,), daemon=True).start()  # stops at once
        if name == "weex":
            self.server.routes["GET /capi/v3/market/ticker/bookTicker"] = weex_touch
        self.clock = ManualClock(NOW)
        self.source = CcxtSource(
            name,
            {"enableRateLimit": False, "timeout_on_exit": 0},
            clock=self.clock,
            prepare=lambda made: player.point_at(made, self.server.base),
        )

    def fail(self, part: str, status: int, body: str, times: int = 1) -> None:
        """Let requests whose path contains ``part`` fail."""
        self.server.faults += [(lambda request: part in request.path, status, body)] * times

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.source.close()
        self.server.stop()


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@needs_player
async def test_rules_come_in_base_units_on_every_exchange(venue: str) -> None:
    """The smallest step of a perpetual is told in coins, also where the exchange counts contracts."""
    async with Stage(venue) as stage:
        markets = await stage.source.markets()
        assert {"BTC", "BTC-PERP", "DOGE", "DOGE-PERP"} <= set(markets)
        assert (markets["BTC"].tick, markets["BTC"].lot) == (Decimal("0.01"), Decimal("0.00001"))
        assert markets["BTC-PERP"].lot == {"weex": Decimal("0.0001"), "mexc": Decimal("0.0001")}.get(venue, Decimal("0.001"))
        assert markets["DOGE-PERP"].lot == {"weex": Decimal(100), "mexc": Decimal(100)}.get(venue, Decimal(1))
        assert markets["DOGE-PERP"].min_qty == markets["DOGE-PERP"].lot
        assert all(market.tick > 0 and market.lot > 0 for market in markets.values())


@needs_player
async def test_quotes_have_bid_ask_mark_and_funding_on_every_exchange(venue: str) -> None:
    async with Stage(venue) as stage:
        quotes = await stage.source.quotes(["BTC", "BTC-PERP", "NOSUCH", "NOSUCH-PERP"])
        assert set(quotes) == {"BTC", "BTC-PERP"}
        spot, perp = quotes["BTC"], quotes["BTC-PERP"]
        assert spot.bid < Decimal("42283.58") < spot.ask
        assert perp.bid < perp.ask
        assert (spot.mark, perp.mark) == (None, Decimal("42283.58"))
        assert perp.funding_rate == Decimal("0.0001")
        assert spot.at == NOW


@needs_player
async def test_only_public_reads_are_sent(venue: str) -> None:
    """No request carries a signature or a key, and none is anything but a GET."""
    async with Stage(venue) as stage:
        await stage.source.quotes(["BTC", "ETH", "BTC-PERP"])
        await stage.source.candles("BTC", "1h", NOW - timedelta(hours=5), NOW)
        await stage.source.funding("BTC-PERP", NOW - timedelta(days=1), NOW)
        assert len(stage.server.log) >= 5
        for request in stage.server.log:
            assert request.method == "GET"
            assert not {"signature", "sign", "apiKey"} & set(request.args)
            assert not [name for name in request.headers if "key" in name.lower() and request.headers[name]]


@needs_player
async def test_closed_candles_of_the_asked_hours_come_back(venue: str) -> None:
    async with Stage(venue) as stage:
        bars = await stage.source.candles("BTC", "1h", NOW - timedelta(hours=3), NOW)
        assert [bar.at for bar in bars] == [NOW - timedelta(hours=3), NOW - timedelta(hours=2), NOW - timedelta(hours=1)]
        assert bars[0].low < bars[0].close < bars[0].high
        assert bars[0].volume == Decimal("12.5")
        stage.clock._now -= timedelta(minutes=1)
        assert len(await stage.source.candles("BTC", "1h", NOW - timedelta(hours=3), NOW)) == 2


@needs_player
async def test_volume_of_contracts_is_turned_into_coins() -> None:
    async with Stage("mexc") as stage:
        (bar,) = await stage.source.candles("BTC-PERP", "1h", NOW - timedelta(hours=1), NOW)
        assert bar.volume == Decimal("0.00125")


@needs_player
async def test_settlements_carry_their_interval(venue: str) -> None:
    async with Stage(venue) as stage:
        paid = await stage.source.funding("BTC-PERP", NOW - timedelta(hours=16), NOW)
        assert [(one.at, one.rate, one.interval_hours) for one in paid] == [
            (NOW - timedelta(hours=8), Decimal("0.0001"), 8),
            (NOW, Decimal("0.0001"), 8),
        ]
        assert await stage.source.funding("BTC", NOW - timedelta(hours=16), NOW) == ()


@needs_player
async def test_when_one_half_of_the_quotes_fails_the_other_is_still_given() -> None:
    async with Stage("binance") as stage:
        await stage.source.markets()
        stage.fail("/fapi/v1/ticker/bookTicker", 502, "<html>Bad gateway</html>", times=4)
        assert set(await stage.source.quotes(["BTC", "BTC-PERP"])) == {"BTC"}


@needs_player
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (502, "<html>Bad gateway</html>", Unreachable),
        (429, '{"code":-1003,"msg":"Too many requests"}', RateLimited),
        (200, "not json at all", Unreadable),
        (200, '{"surprise": 1}', Unreadable),
        (400, '{"code":-2010,"msg":"Account has insufficient balance for requested action."}', Unreachable),
    ],
)
async def test_a_failed_fetch_comes_out_in_our_words(status: int, body: str, expected: type[ExchangeError]) -> None:
    """A question about prices is not refused for want of money, whatever a code stands for elsewhere."""
    async with Stage("binance") as stage:
        await stage.source.markets()
        stage.fail("/api/v3/ticker/24hr", status, body, times=4)
        with pytest.raises(expected) as caught:
            await stage.source.quotes(["BTC"])
        assert type(caught.value) is expected


@needs_player
async def test_a_thousand_accounts_that_ask_at_once_cost_one_fetch() -> None:
    async with Stage("bybit") as stage:
        await stage.source.markets()
        asked = len(stage.server.log)
        answers = await asyncio.gather(*(stage.source.quotes(["BTC", "ETH"]) for _ in range(50)))
        assert len(stage.server.log) - asked == 1
        assert all(set(answer) == {"BTC", "ETH"} for answer in answers)
        stage.clock.advance(2)
        await stage.source.quotes(["BTC"])
        assert len(stage.server.log) - asked == 2


@needs_player
async def test_old_rules_serve_when_reading_them_again_fails() -> None:
    async with Stage("bybit") as stage:
        before = await stage.source.markets()
        stage.clock.advance(3601)
        stage.fail("/v5/market/instruments-info", 502, "<html>", times=12)
        assert await stage.source.markets() == before
        asked = len(stage.server.log)
        await stage.source.markets()
        assert len(stage.server.log) == asked


@needs_player
async def test_a_source_can_be_closed_and_used_again() -> None:
    async with Stage("bingx") as stage:
        await stage.source.quotes(["BTC"])
        await stage.source.close()
        stage.clock.advance(10)
        assert await stage.source.quotes(["BTC"])


async def test_options_are_merged_with_what_the_exchange_needs() -> None:
    seen: list[Any] = []
    source = CcxtSource("bybit", {"timeout": 3, "options": {"recvWindow": 9}}, prepare=seen.append)
    made = await source.connection.open()
    assert seen == [made]
    assert (made.timeout, made.options["recvWindow"], made.options["defaultType"]) == (3, 9, "spot")
    assert not made.apiKey
    await source.close()


def test_an_unknown_exchange_names_those_that_are_known() -> None:
    with pytest.raises(SettingError, match="binance"):
        exchange_class("mtgox")


def test_every_exchange_that_is_described_may_be_named_as_the_market() -> None:
    """The table says which are written down; who names another is told of one of them."""
    assert all(load_settings(_env_file=None, market=f"live:{name}").is_live_market for name in VENUES)
    with pytest.raises(SettingError, match=r"live:<exchange> with an exchange that ccxt has, live:binance for instance$"):
        load_settings(_env_file=None, market="live:mtgox")
    assert "binance" in VENUES


#: it answered, in words that say nothing
_SAY_NOTHING = ("BadResponse", "NullResponse")


def test_the_error_table_is_total() -> None:
    """Every exception class of ccxt has its own row, and every row names a class that exists."""
    errors = error_classes()
    classes = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.BaseError)}
    assert len(classes) > 35
    assert classes == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("changes", [False, True])
def test_every_error_of_ccxt_becomes_one_of_ours(name: str, changes: bool) -> None:
    """A read never ends with an unknown outcome, and an order is never called refused without the exchange having said so."""
    error = translate(getattr(error_classes(), name)("said so"), changes=changes)
    expected = {
        Meaning.REJECTED: Rejected,
        Meaning.MONEY: NotEnoughMoney,
        Meaning.KEY: KeyRefused,
        Meaning.PLACE: PlaceRefused,
        Meaning.LIMITED: RateLimited,
        Meaning.NOT_SENT: Unreachable,
        Meaning.UNSURE: OutcomeUnknown if changes else Unreadable if name in _SAY_NOTHING else Unreachable,
    }[TABLE[name][0]]
    assert type(error) is expected
    assert "said so" in str(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("binance GET https://api.binance.com/api/v3/time 451 Unavailable For Legal Reasons {}", PlaceRefused),
        ("bybit GET https://api.bybit.com/v5/time 403 Forbidden is configured to block access from your country", PlaceRefused),
        ('binance {"code":-1003,"msg":"Too much request weight used; current limit is 451 request weight a minute."}', RateLimited),
    ],
)
def test_a_number_in_what_an_exchange_says_is_no_status(text: str, expected: type[ExchangeError]) -> None:
    """Where nobody is served from here the status stands behind the address; a limit of 451 is asked to be kept, and is."""
    assert type(translate(error_classes().RateLimitExceeded(text), changes=False)) is expected


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_loading_one_exchange_loads_no_other() -> None:
    """A fresh process that loads one exchange has none of the others in memory, and stays far below what all of ccxt takes."""
    script = (
        "import sys, pathlib\n"
        "from chatbot.exchanges.live.ccxt_loader import exchange_class\n"
        "exchange_class('binance')()\n"
        "others = [n for n in sys.modules if n.startswith('ccxt.') and n.endswith(('.bybit', '.kraken', '.mexc'))]\n"
        "print(len(others), int(pathlib.Path('/proc/self/statm').read_text().split()[1]) * 4 // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    others, megabytes = map(int, done.stdout.split())
    assert others == 0
    assert megabytes < 80


@pytest.mark.parametrize("name", VENUES)
def test_what_a_client_rounds_leaves_everybody_elses_rounding_alone(name: str) -> None:
    """A limit of $12.50 was told as $12, and as $13 from the first order that a client had rounded: it changed the context of all."""
    before = getcontext().copy()
    client = exchange_class(name)()
    assert client.decimal_to_precision("12.5", 1, 1.0, 4) == "13", "half away from zero, as it always did"
    now = getcontext()
    assert (now.rounding, now.prec, now.traps) == (before.rounding, before.prec, before.traps)
    assert round(Decimal("12.5")) == 12


@pytest.mark.parametrize("name", VENUES)
def test_an_exchange_made_later_has_all_the_names_that_ccxt_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Methods get theirs once for all, which took most of the making of each; values of one's own still get theirs."""
    told: Any = {"options": {"one_of": "ours"}, "set_for": "this one"}
    ours = exchange_class(name)(told)
    monkeypatch.delattr(type(ours), "__dir__")
    plain = type(ours)(told)
    assert set(dir(plain)) == set(object.__dir__(ours))
    assert ours.setFor == plain.setFor == "this one"
    assert {one for one in vars(ours) if type(vars(ours)[one]) is not type(vars(plain)[one])} == set()


def test_two_threads_that_load_an_exchange_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first check of prices beside the first key of a fresh process was told that ccxt is not installed: half of it stood there."""
    stand_in, inside, most = ccxt_loader._stand_in_for_parents, 0, 0

    def slow() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        stand_in()
        inside -= 1

    monkeypatch.setattr(ccxt_loader, "_stand_in_for_parents", slow)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask) for ask in (error_classes, lambda: exchange_class("binance"), error_classes)]
        for one in asked:
            one.result()
    assert most == 1
