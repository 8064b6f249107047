"""What exchanges may answer: a broken field costs one instrument, a delisted coin only itself, and no answer is ever an empty truth."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import ExchangeError, Unreachable
from chatbot.exchanges.live.answers import parsed
from chatbot.exchanges.live.venues import VENUES
from chatbot.market.candles import CandleBook
from chatbot.market.quotes import QuoteBoard
from tests.exchanges.live.test_ccxt_source import NOW, Stage, needs_player, venue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

__all__ = ["venue"]

COINS = ("BTC", "ETH", "SOL", "BTC-PERP", "SOL-PERP")
EVIL = [
    float("nan"), "NaN", float("inf"), "Infinity", "-Infinity", "text", "", {}, {"a": 1}, [], None, "1e999999999", "1e-999999999",
    "1e31", "-1", "0", 10**400, "9" * 5000, True,
]  # fmt: skip
#: path -> fields of a row that carry what is traded on
SPOT, TOUCH, MARKS = "/api/v3/ticker/24hr", "/fapi/v1/ticker/bookTicker", "/fapi/v1/premiumIndex"


def spoil(stage: Stage, path: str, change: Callable[[Any], Any]) -> None:
    """Let one path answer something else from now on."""
    key = f"GET {path}"
    told = stage.server.find(type("Asked", (), {"method": "GET", "host": "", "path": path, "args": {}})())

    def answer(request: Any) -> Any:
        return change(told(request) if callable(told) else told)

    stage.server.routes[key] = answer


@asynccontextmanager
async def spoilt_in_turn() -> AsyncIterator[tuple[Stage, Callable[[], None]]]:
    """Open one exchange for a table of answers; what is given beside it makes it sound again, and forgets what it said."""
    async with Stage("binance") as stage:
        stage.source._fresh_s = 0.0
        await stage.source.markets()
        sound = dict(stage.server.routes)

        def mended() -> None:
            stage.server.routes.clear()
            stage.server.routes.update(sound)
            stage.source._refused.clear()

        yield stage, mended


@pytest.mark.parametrize("sound", ["Tether", r"\ud83d\ude00", r"back\\slash", r"\\ud800 typed out"])
@pytest.mark.parametrize("half", ["", r"\ud800", r"\uDFFF", r"\u0000", r"\udc00\ud800"])
def test_texts_of_an_answer_can_be_stored(sound: str, half: str) -> None:
    """An id with half a surrogate in it ended the work on its plan, again and again, where it was written down."""
    read = parsed(f'{{"orderId": "{half}{sound} {half}"}}')["orderId"]
    read.encode()
    assert "\0" not in read
    assert read.replace("\ufffd", "") == json.loads(f'"{sound} "')


def row(symbol: str, field: str, value: Any) -> Callable[[Any], Any]:
    """Put something into one field of one instrument."""
    return lambda rows: [one | {field: value} if one["symbol"] == symbol else one for one in rows]


@needs_player
@pytest.mark.parametrize(
    ("path", "field", "name"),
    [(SPOT, "bidPrice", "ETH"), (SPOT, "lastPrice", "ETH"), (SPOT, "quoteVolume", "ETH"), (SPOT, "closeTime", "ETH"),
     (TOUCH, "askPrice", "SOL-PERP"), (MARKS, "markPrice", "SOL-PERP"), (MARKS, "lastFundingRate", "SOL-PERP"),
     (MARKS, "symbol", "SOL-PERP")],
)  # fmt: skip
async def test_a_broken_field_costs_one_instrument_and_no_time(path: str, field: str, name: str) -> None:
    """A2, L5: whatever stands in a field, every other coin keeps its price, and what comes through is a price."""
    async with spoilt_in_turn() as (stage, mended):
        for evil in EVIL:
            mended()
            board = QuoteBoard(stage.source, stage.clock)
            spoil(stage, path, row(f"{name.removesuffix('-PERP')}USDT", field, evil))
            began, asked = time.process_time(), len(stage.server.log)
            await board.refresh(COINS)
            told = repr(evil)[:40]
            assert len(stage.server.log) > asked, told
            assert time.process_time() - began < 2, told
            usable, problems = board.usable(COINS, stage.clock.now())
            assert set(COINS) - {name} <= set(usable), told
            assert {problem.instrument for problem in problems} <= {name}, told
            assert all(Decimal(0) < one.price < Decimal(10) ** 6 for one in usable.values()), told


@needs_player
@pytest.mark.parametrize("strange", [None, "text", 7, [], {}, [[]], float("nan")], ids=repr)
async def test_a_row_that_is_none_costs_nobody_anything(strange: Any) -> None:
    async with Stage("binance") as stage:
        await stage.source.markets()
        spoil(stage, SPOT, lambda rows: [strange, *rows, strange])
        assert set(await stage.source.quotes(["BTC", "ETH"])) == {"BTC", "ETH"}


@needs_player
@pytest.mark.parametrize("place", range(6))
async def test_a_broken_candle_is_a_gap(place: int) -> None:
    async with spoilt_in_turn() as (stage, mended):
        for evil in EVIL:
            mended()
            spoil(
                stage, "/api/v3/klines", lambda rows, evil=evil: [*rows[:-2], [*rows[-2][:place], evil, *rows[-2][place + 1 :]], rows[-1]]
            )
            bars = await stage.source.candles("BTC", "1h", NOW - timedelta(hours=4), NOW)
            told = repr(evil)[:40]
            assert {NOW - timedelta(hours=1), NOW - timedelta(hours=3)} <= {bar.at for bar in bars}, told
            assert all(bar.close.is_finite() and bar.volume.is_finite() and bar.low > 0 for bar in bars), told
            book = CandleBook(stage.source, stage.clock)
            await book.refresh(["BTC"], "1h", 1)
            assert book.closes("BTC", "1h", NOW, 1) != (None,), told


@needs_player
@pytest.mark.parametrize("field", ["fundingRate", "fundingTime"])
async def test_a_broken_settlement_is_left_out(field: str) -> None:
    async with spoilt_in_turn() as (stage, mended):
        for evil in EVIL:
            mended()
            spoil(stage, "/fapi/v1/fundingRate", lambda rows, evil=evil: [*rows[:-1], rows[-1] | {field: evil}])
            asked = len(stage.server.log)
            paid = await stage.source.funding("BTC-PERP", NOW - timedelta(hours=16), NOW)
            assert len(stage.server.log) > asked, repr(evil)[:40]
            assert all(one.rate.is_finite() and one.interval_hours > 0 for one in paid), repr(evil)[:40]


@needs_player
@pytest.mark.parametrize("rates", [[], {}, {"surprise": 1}, "", "<html>", None], ids=repr)
async def test_no_funding_rates_are_none_and_no_error_of_ours(rates: Any) -> None:
    """K3: a true empty list is one; anything else is no answer."""
    async with Stage("binance") as stage:
        await stage.source.markets()
        stage.server.routes["GET /fapi/v1/fundingRate"] = lambda _request: rates
        if rates == []:
            assert await stage.source.funding("BTC-PERP", NOW - timedelta(hours=16), NOW) == ()
        else:
            with pytest.raises(Unreachable):
                await stage.source.funding("BTC-PERP", NOW - timedelta(hours=16), NOW)


def spread(bodies: Sequence[str]) -> list[Any]:
    """Give every third body to each exchange, so that each is given to some; in `make soak`, every body to every exchange."""
    return [
        pytest.param(venue, body, marks=() if (place + turn) % 3 == 0 else pytest.mark.slow)
        for place, venue in enumerate(VENUES)
        for turn, body in enumerate(bodies)
    ]


NO_ANSWERS = ["<html>Maintenance</html>", '{"cut": [1, 2', "", "{}", "null", '"text"', "7", '{"surprise": 1}', '{"code": 0, "data": null}']


@needs_player
@pytest.mark.parametrize(("venue", "body"), spread([*NO_ANSWERS, "[]", '{"symbols": []}', '{"result": {"list": []}}']))
async def test_rules_are_swapped_in_only_when_they_are_whole(venue: str, body: str) -> None:
    """K1: the hourly reading is answered 200 with no list; the good table stays, prices go on, and it is asked again in a minute."""
    async with Stage(venue) as stage:
        before = dict(await stage.source.markets())
        assert set(await stage.source.quotes(["BTC", "BTC-PERP"])) == {"BTC", "BTC-PERP"}
        stage.clock.advance(3601)
        paths = ("exchangeInfo", "instruments-info", "symbols", "contract/detail", "contracts", "defaultSymbols")
        for path in paths:
            stage.fail(path, 200, body, times=30)
        assert dict(await stage.source.markets()) == before
        assert set(await stage.source.quotes(["BTC", "BTC-PERP"])) == {"BTC", "BTC-PERP"}
        stage.server.faults.clear()
        asked = len(stage.server.log)
        stage.clock.advance(61)
        assert dict(await stage.source.markets()) == before
        assert len(stage.server.log) > asked


@needs_player
@pytest.mark.parametrize(("venue", "body"), spread(NO_ANSWERS))
async def test_a_first_list_that_is_none_is_no_market_without_coins(venue: str, body: str) -> None:
    async with Stage(venue) as stage:
        stage.fail("", 200, body, times=60)
        with pytest.raises(Unreachable):
            await stage.source.markets()


@needs_player
@pytest.mark.parametrize(("venue", "body"), spread(NO_ANSWERS))
async def test_no_answer_is_never_an_empty_truth(venue: str, body: str) -> None:
    """K2: quotes, candles, settlements and books of an exchange that answers 200 with nothing are unreachable, on every dialect."""
    async with Stage(venue) as stage:
        await stage.source.markets()
        stage.fail("", 200, body, times=200)
        asks = (
            lambda: stage.source.quotes(["BTC"]),
            lambda: stage.source.quotes(["BTC-PERP"]),
            lambda: stage.source.candles("BTC", "1h", NOW - timedelta(hours=3), NOW),
            lambda: stage.source.candles("BTC-PERP", "1h", NOW - timedelta(hours=3), NOW),
            lambda: stage.source.funding("BTC-PERP", NOW - timedelta(hours=16), NOW),
            lambda: stage.source.depth("BTC"),
        )
        for ask in asks:
            with pytest.raises(Unreachable):
                await ask()


class Delisting:
    """Binance after a coin was taken off its list: a batch that names it is refused as a whole."""

    def __init__(self, stage: Stage, *gone: str, listed: bool = False) -> None:
        self.stage, self.gone, self.listed = stage, gone, listed
        self.refused = 0
        for path in ("/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo"):
            spoil(stage, path, self.rules)
        known = stage.server.find(type("Asked", (), {"method": "GET", "host": "", "path": SPOT, "args": {}})())
        candles = stage.server.find(type("Asked", (), {"method": "GET", "host": "", "path": "/api/v3/klines", "args": {}})())
        stage.server.routes[f"GET {SPOT}"] = lambda request: self.answer(request, known)
        stage.server.routes["GET /api/v3/klines"] = lambda request: self.answer(request, candles)

    def rules(self, told: Any) -> Any:
        """Return the list, without what is gone."""
        return told if self.listed else told | {"symbols": [one for one in told["symbols"] if one["symbol"] not in self.gone]}

    def answer(self, request: Any, known: Callable[[Any], Any]) -> Any:
        """Refuse what names a coin that is gone."""
        if any(f'"{symbol}"' in request.query.get("symbols", "") or request.query.get("symbol") == symbol for symbol in self.gone):
            self.refused += 1
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        return known(request)


@needs_player
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("gone", [("SOLUSDT",), ("SOLUSDT", "ETHUSDT"), ("BTCUSDT", "ETHUSDT", "SOLUSDT")])
async def test_a_delisted_coin_costs_only_itself(gone: tuple[str, ...], listed: bool) -> None:
    """A3: -1121 for the whole batch; the rules are read again at once, it is dropped by name, and the rest is asked again."""
    names = ["BTC", "ETH", "SOL", "XRP", "LTC"]
    async with Stage("binance") as stage:
        await stage.source.markets()
        world = Delisting(stage, *gone, listed=listed)
        lost = {symbol.removesuffix("USDT") for symbol in gone}
        board = QuoteBoard(stage.source, stage.clock)
        await board.refresh(names)
        usable, problems = board.usable(names, stage.clock.now())
        assert set(usable) == set(names) - lost
        assert {problem.instrument for problem in problems} == lost
        assert (lost <= set(await stage.source.markets())) is listed
        if not listed:
            assert world.refused == 1
        refused = world.refused
        stage.clock.advance(10)
        assert set(await stage.source.quotes(names)) == set(names) - lost
        assert world.refused == refused, "nobody asks for it again at once"


@needs_player
async def test_candles_of_delisted_coins_close_nothing_for_the_others() -> None:
    async with Stage("binance") as stage:
        await stage.source.markets()
        gone = ("XRPUSDT", "ADAUSDT", "LINKUSDT", "DOGEUSDT", "AVAXUSDT")
        Delisting(stage, *gone, listed=True)
        book = CandleBook(stage.source, stage.clock)
        await book.refresh([symbol.removesuffix("USDT") for symbol in gone], "1h", 1)
        await book.refresh(["BTC"], "1h", 1)
        assert book.closes("BTC", "1h", NOW, 1) != (None,)
        Delisting(stage, *gone)
        stage.clock.advance(61)
        assert await stage.source.candles("XRP", "1h", NOW - timedelta(hours=3), NOW) == ()
        assert "XRP" not in await stage.source.markets()


@needs_player
async def test_a_clock_that_goes_back_does_not_keep_old_quotes() -> None:
    """B1: what was told before the clock went back was "0 sec old" for an hour, while the exchange said another price."""
    async with Stage("binance") as stage:
        board = QuoteBoard(stage.source, stage.clock)
        await board.refresh(["BTC"])
        stage.clock.advance(30)
        stage.clock.put(stage.clock.now() - timedelta(hours=1))
        spoil(stage, SPOT, row("BTCUSDT", "bidPrice", "30000"))
        spoil(stage, SPOT, row("BTCUSDT", "askPrice", "30001"))
        await board.refresh(["BTC"])
        quotes, _ = board.usable(["BTC"], stage.clock.now())
        assert quotes["BTC"].price == Decimal("30000.5")


@needs_player
async def test_the_exchange_tells_its_own_time(venue: str) -> None:
    async with Stage(venue) as stage:
        try:
            told = await stage.source.server_time()
        except ExchangeError:
            pytest.skip("the player does not know this path")
        assert abs(told - NOW) < timedelta(minutes=1) or told > NOW


@needs_player
async def test_the_same_answer_from_a_cache_grows_old() -> None:
    """B1 from the other side: 200 and sound, but of an hour ago; it is no price "0 sec old"."""
    async with Stage("binance") as stage:
        board = QuoteBoard(stage.source, stage.clock)
        for _ in range(7):
            await board.refresh(COINS)
            usable, _problems = board.usable(COINS, stage.clock.now())
            assert set(usable) == set(COINS)
            stage.clock.advance(15)
        await board.refresh(COINS)
        usable, problems = board.usable(COINS, stage.clock.now())
        assert usable == {}
        assert {problem.code for problem in problems} == {"stale_price"}
