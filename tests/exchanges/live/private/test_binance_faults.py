"""What Binance answers when it does not do what it was asked: definite, unknown, or a matter of the key (traps of FACTS.md by name)."""

from __future__ import annotations

import asyncio
import logging
import traceback
import tracemalloc
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

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
)
from chatbot.exchanges.base import Direction, SentTransfer
from chatbot.model import Credentials
from tests.exchanges.live.private.wire import KEYS, TAG, desk, refused, request


@pytest.mark.parametrize(
    ("status", "code", "words", "reason"),
    [
        (400, -2010, "Account has insufficient balance for requested action.", "not_enough_money"),
        (400, -2010, "Order would immediately match and take.", "would_take"),
        (400, -2010, "Duplicate order sent.", "duplicate_id"),
        (400, -2010, "Market is closed.", "halted"),
        (400, -2010, "Something that nobody has heard of.", "refused"),
        (400, -2010, "This account may not place or cancel orders.", "not_permitted"),
        (400, -2010, "Rest API trading is not enabled.", "not_permitted"),
        (400, -2010, "This symbol is restricted for this account.", "not_permitted"),
        (400, -4045, "Reach max stop order limit.", "too_many_orders"),
        (400, -4205, "Leverage is restricted for this account.", "bad_leverage"),
        (400, -4401, "Compliance: only reduce-only orders.", "not_permitted"),
        (400, -1013, "Filter failure: NOTIONAL", "below_minimum"),
        (400, -1013, "Filter failure: MIN_NOTIONAL", "below_minimum"),
        (400, -1013, "Filter failure: LOT_SIZE", "bad_lot"),
        (400, -1013, "Filter failure: PRICE_FILTER", "bad_tick"),
        (400, -1013, "Market is closed.", "halted"),
        (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "price_band"),
        (400, -1121, "Invalid symbol.", "unknown_instrument"),
        (400, -1111, "Precision is over the maximum defined for this asset.", "bad_lot"),
        (400, -1102, "Mandatory parameter was not sent.", "bad_request"),
        (400, -2019, "Margin is insufficient.", "margin"),
        (400, -2022, "ReduceOnly Order is rejected.", "reduce_only"),
        (400, -2027, "Exceeded the maximum allowable position at current leverage.", "bad_leverage"),
        (400, -4116, "ClientOrderId is duplicated.", "duplicate_id"),
        (400, -4164, "Order's notional must be no smaller than 100", "below_minimum"),
        (400, -5022, "Post Only order will be rejected.", "would_take"),
        (200, -2010, "Order would immediately match and take.", "would_take"),
    ],
)
async def test_a_refusal_is_read_from_the_answer(status: int, code: int, words: str, reason: str) -> None:
    """FACTS 7: ccxt's class says less, and behind replaced urls nothing at all."""
    room = desk()
    for instrument in ("BTC", "BTC-PERP"):
        room.wire.fail("POST", **refused(code, words, status))
        with pytest.raises(Rejected) as error:
            await room.account.place(request(instrument))
        assert error.value.reason == reason
        assert isinstance(error.value, NotEnoughMoney) is (reason == "not_enough_money")


AMBIGUOUS: list[dict[str, Any]] = [
    refused(-1007, "Timeout waiting for response from backend server.", 408),
    refused(-1006, "An unexpected response was received from the message bus."),
    refused(-1000, "An unknown error occurred while processing the request."),
    refused(-1001, "Internal error; unable to process your request."),
    refused(-987654, "A code that nobody knows."),
    refused(-2010, "Account has insufficient balance for requested action.", 503),
    {"body": {"code": "NaN", "msg": "?"}, "status": 400},
    {"body": "<html>Bad Gateway</html>", "status": 502},
    {"body": "", "status": 504},
    {"body": "<html>Forbidden</html>", "status": 403},
    {"body": "<html>hello</html>"},
    {"body": ""},
    {"body": '{"symbol": "BTCUSDT", "ord'},
    {"body": "{}"},
    {"body": "[]"},
    {"body": '{"orderId": 28}'},
    {"body": "moved", "status": 307, "location": "https://elsewhere.example/api/v3/order"},
    {"broken": TimeoutError()},
    {"broken": aiohttp.ServerDisconnectedError()},
    {"broken": ConnectionResetError()},
    {"broken": aiohttp.ClientPayloadError()},
    {"broken": RuntimeError("Session is closed")},
]


@pytest.mark.parametrize("fault", AMBIGUOUS, ids=str)
async def test_an_order_whose_answer_says_nothing_for_certain_is_unknown(fault: dict[str, Any]) -> None:
    """FACTS 7: unknown outcome. The same about a look-up is only that it failed."""
    for verb, name, args in (
        ("POST", "place", (request(),)),
        ("POST", "transfer", (Direction.TO_SPOT, Decimal(1), "t")),
        ("DELETE", "cancel", ("BTC", "b1-0-1")),
    ):
        room = desk()  # an answer may keep all from asking for a while
        room.wire.fail(verb, **fault)
        with pytest.raises(OutcomeUnknown):
            await getattr(room.account, name)(*args)
    room = desk()
    room.wire.fail("GET /api/v3/order", **fault)
    with pytest.raises((Unreachable, Rejected)):
        await room.account.find("BTC", "b1-0-1")


@pytest.mark.parametrize("name", ["status", "side", "origQty", "executedQty", "symbol", "orderId", "clientOrderId", "price"])
async def test_an_order_that_is_told_brokenly_is_unknown(name: str) -> None:
    room = desk()
    whole = room.wire.routes["POST /api/v3/order"]
    for broken in (None, "", True, {}) if name == "orderId" else (None, "NaN", "", "other", "1e99"):
        room.wire.fail("POST", whole(order_sent()) | {name: broken})
        with pytest.raises(OutcomeUnknown):
            await room.account.place(request())


def order_sent() -> dict[str, str]:
    """Return what is sent for ``request()``."""
    return {"symbol": "BTCUSDT", "newClientOrderId": f"{TAG}-b1-0-1", "quantity": "0.01", "price": "42000"}


def no_connection() -> Exception:
    key: Any = type("Key", (), {"host": "h", "port": 1, "is_ssl": True, "ssl": True})()
    return aiohttp.ClientConnectorError(key, OSError("refused"))


async def test_an_order_was_not_sent_where_no_connection_came_about() -> None:
    """A repeated DELETE may fail like this after the first one was taken."""
    room = desk()
    room.wire.fail("POST", broken=no_connection())
    with pytest.raises(Unreachable):
        await room.account.place(request())
    room.wire.fail("DELETE", broken=no_connection())
    with pytest.raises(OutcomeUnknown):
        await room.account.cancel("BTC", "b1-0-1")


@pytest.mark.parametrize(("code", "status"), [(-2015, 401), (-2014, 401), (-1022, 400), (-2015, 400), (-1002, 401), (-1099, 401)])
async def test_a_key_that_is_refused_is_told_as_such_always(code: int, status: int) -> None:
    """FACTS 7, faults K4: after one good call ccxt calls -2015 a rate limit."""
    room = desk()
    await room.account.balances()
    for call in (room.account.balances, room.account.ping, lambda: room.account.place(request())):
        room.wire.fail("/", **refused(code, "Invalid API-key, IP, or permissions for action.", status))
        with pytest.raises(KeyRefused):
            await call()


async def test_a_clock_that_is_off_is_refused_for_certain_and_set_again() -> None:
    """FACTS 7: -1021, and -5028 from the matching engine, come before the order exists; sending again without the time would loop."""
    room = desk()
    room.wire.routes["GET /api/v3/time"] = {"serverTime": 1_800_000_000_000}
    for code in (-1021, -5028):
        room.wire.fail("POST", **refused(code))
        with pytest.raises(Unreachable):
            await room.account.place(request())
    await room.account.place(request())
    assert len(room.wire.of("/api/v3/time")) == 3
    assert {sent.params["timestamp"] for sent in room.wire.of("/api/v3/order")} == {"1800000000000"}


async def test_a_look_whose_time_is_refused_asks_for_the_time_and_looks_again_once() -> None:
    """A clock that was set is no exchange that does not answer; a time that is refused for ever is."""
    room = desk()
    await room.account.balances()
    room.wire.fail("/account", **refused(-1021))
    await room.account.balances()
    assert len(room.wire.of("/api/v3/time")) == 2
    for _ in range(2):
        room.wire.fail("/account", **refused(-1021))
    with pytest.raises(Unreachable):
        await room.account.balances()


@pytest.mark.parametrize(("status", "code"), [(429, -1003), (418, -1003), (429, 0), (400, -1015), (400, -1008)])
async def test_a_rate_limit_is_no_order_and_a_pause_for_all(status: int, code: int) -> None:
    """FACTS 7: 429 and 418 are DDoSProtection in ccxt; another account of the same address would make a ban out of it."""
    room = desk()
    other = room.accounts.account("binance", Credentials(api_key="another", secret="secret"), tag="t8", journal=room.account._journal)
    await other.balances()
    room.wire.fail("POST", **refused(code, "Too many requests", status), retry_after="17")
    with pytest.raises(RateLimited):
        await room.account.place(request())
    sent = len(room.wire.sent)
    with pytest.raises(RateLimited):
        await other.place(request())
    assert len(room.wire.sent) == sent
    room.clock.advance(16)
    began = room.clock.monotonic()
    await other.place(request())
    assert room.clock.monotonic() - began >= 1


async def test_a_pause_holds_for_prices_too_and_prices_for_orders() -> None:
    """One address: what needs no key weighs on the same counter, and the next call would be answered with a ban."""
    room = desk()
    await room.account.balances()
    await room.account.markets()
    room.wire.fail("POST", **refused(0, "Too many requests", 429), retry_after="30")
    with pytest.raises(RateLimited):
        await room.account.place(request())
    sent = len(room.wire.sent)
    with pytest.raises(RateLimited):
        await room.account.quotes(["BTC"])
    assert len(room.wire.sent) == sent
    room.clock.advance(31)
    room.wire.fail("ticker", **refused(-1003, "Too many requests", 429))
    with pytest.raises(RateLimited):
        await room.account.quotes(["BTC"])
    with pytest.raises(RateLimited):
        await room.account.place(request())


async def test_an_order_that_waited_too_long_is_never_sent() -> None:
    """Its quarantine counts from when it was written down, so what is signed later could come after it."""
    room = desk()
    await room.account.balances()
    listed = room.account._prices.markets

    async def slow() -> Any:
        room.clock.advance(3.5)
        return await listed()

    room.account._prices.markets = slow  # type: ignore[method-assign]
    with pytest.raises(RateLimited):
        await room.account.place(request())
    assert not room.wire.of("/api/v3/order")
    assert room.account.late_window_s == 9


@pytest.mark.parametrize(
    "options",
    [
        {"hostname": "binance.us"},
        {"urls": {"api": {"private": "https://api.binance.com.evil.example/api/v3"}}, "hosts": "other"},
    ],
)
async def test_no_request_is_signed_for_a_host_that_is_not_configured(options: dict[str, Any]) -> None:
    """FACTS 4: ccxt leaves live addresses, or foreign ones, in place."""

    def redirected(made: Any) -> None:
        room.wire.attach(made)
        made.urls["api"]["private"] = "https://elsewhere.example/api/v3"

    room = desk(options={"hostname": options.get("hostname", "binance.com")}, prepare=redirected)
    with pytest.raises(Rejected, match="wrong_host"):
        await room.account.place(request())
    with pytest.raises(Unreachable, match="wrong_host"):
        await room.account.balances()
    assert not [sent for sent in room.wire.sent if "signature" in sent.params]


async def test_options_alone_lead_to_another_host_plain_http_on_the_loopback_included() -> None:
    urls = {part: f"http://127.0.0.1:8080/{path}" for part, path in (("public", "api/v3"), ("private", "api/v3"), ("sapi", "sapi/v1"))}
    urls |= {
        f"fapi{part}": f"http://127.0.0.1:8080/fapi/{version}"
        for part, version in (("Public", "v1"), ("Private", "v1"), ("PrivateV3", "v3"))
    }
    room = desk(options={"urls": {"api": urls}})
    await room.account.balances()
    await room.account.place(request())
    assert {sent.host for sent in room.wire.sent} == {"127.0.0.1:8080"}


async def test_a_test_account_never_reaches_real_money() -> None:
    """FACTS 4: demo accounts for spot and futures, and no wallet endpoints: money is moved there by hand."""
    room = desk(exchange="binance:demo")
    await room.account.balances()
    await room.account.place(request("BTC-PERP"))
    with pytest.raises(Rejected, match="wrong_host"):
        await room.account.transfer(Direction.TO_SPOT, Decimal(1), "t")
    assert {sent.host for sent in room.wire.sent} == {"demo-api.binance.com", "demo-fapi.binance.com"}
    named = {"urls": {"demo": {"private": "https://api.binance.com/api/v3"}}}
    with pytest.raises(Rejected, match="wrong_host"):
        await desk(exchange="binance:demo", options=named).account.place(request())


async def test_only_venues_whose_traps_are_written_down_take_keys() -> None:
    room = desk()
    with pytest.raises(SettingError):
        room.accounts.account("okx", KEYS, tag="t", journal=room.account._journal)


async def test_a_transfer_is_made_once_per_id_although_the_exchange_takes_none() -> None:
    room = desk()
    for _ in range(2):
        await room.account.transfer(Direction.TO_FUTURES, Decimal("12.34"), "t1")
    (sent,) = room.wire.of("/sapi/v1/asset/transfer", "POST")
    assert {name: sent.params[name] for name in ("type", "asset", "amount")} == {
        "type": "MAIN_UMFUTURE",
        "asset": "USDT",
        "amount": "12.34",
    }
    assert await room.account.find_transfer("t1")
    assert not await room.account.find_transfer("t2")
    with pytest.raises(Rejected):
        await room.account.transfer(Direction.TO_SPOT, Decimal(0), "t3")


async def test_a_transfer_whose_answer_was_lost_is_found_by_amount_direction_and_time() -> None:
    """After a crash the journal is asked what was sent; what is older, of another amount, or stands for another id, is not taken."""
    room = desk()
    await room.account.transfer(Direction.TO_FUTURES, Decimal(5), "old")
    room.clock.advance(60)
    room.journal["lost"] = SentTransfer(direction=Direction.TO_FUTURES, amount=Decimal(5), at=room.clock.now())
    assert not await room.account.find_transfer("lost")
    move = room.wire.routes["POST /sapi/v1/asset/transfer"]
    for other in ({"type": "UMFUTURE_MAIN", "amount": "5"}, {"type": "MAIN_UMFUTURE", "amount": "5.01"}):
        move({"asset": "USDT", **other})
    assert not await room.account.find_transfer("lost")
    move({"asset": "USDT", "type": "MAIN_UMFUTURE", "amount": "5.00000000"})
    assert await room.account.find_transfer("lost")
    room.journal["next"] = SentTransfer(direction=Direction.TO_FUTURES, amount=Decimal(5), at=room.clock.now())
    assert not await room.account.find_transfer("next")


@pytest.mark.parametrize(("status", "found"), [("FAILED", False), ("PENDING", None)])
async def test_a_transfer_that_failed_is_none_and_one_under_way_is_waited_for(status: str, found: bool | None) -> None:
    room = desk()
    room.journal["t"] = SentTransfer(direction=Direction.TO_SPOT, amount=Decimal(5), at=room.clock.now())
    room.wire.routes["POST /sapi/v1/asset/transfer"]({"asset": "USDT", "type": "UMFUTURE_MAIN", "amount": "5", "status": status})
    if found is None:
        with pytest.raises(Unreachable):
            await room.account.find_transfer("t")
    else:
        assert await room.account.find_transfer("t") is found
    for answer in ("<html>", "[]", "{}", '{"total": 1}'):
        room.wire.fail("GET /sapi/v1/asset/transfer", answer)
        with pytest.raises(Unreachable):
            await room.account.find_transfer("t")


async def test_keys_stand_in_no_text_and_in_no_frame_of_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Logs at DEBUG and the local variables of every frame included; ccxt would write down each header."""
    caplog.set_level(logging.DEBUG)
    room = desk()
    faults: tuple[dict[str, Any], ...] = (refused(-2015, "no", 401), {"broken": RuntimeError("x")}, {"body": "<html>"}, refused(-2010, "x"))
    for fault in faults:
        room.wire.fail("POST", **fault)
        try:
            await room.account.place(request())
        except ExchangeError as error:
            told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
            assert KEYS.secret not in told
            assert KEYS.api_key not in told
    bad = Credentials(api_key="k-of-nobody", secret="-----BEGIN PRIVATE KEY----- this-is-no-key-at-all")
    account = room.accounts.account("binance", bad, tag=TAG, journal=room.account._journal)
    with pytest.raises(KeyRefused) as refusal:
        await account.balances()
    told = "".join(traceback.TracebackException.from_exception(refusal.value, capture_locals=True).format())
    assert "no-key-at-all" not in told + caplog.text
    assert KEYS.secret not in caplog.text + repr(KEYS) + str(KEYS) + repr(vars(room.account))
    assert KEYS.api_key not in caplog.text
    made = room.account._line._ccxt
    assert not made.apiKey
    assert not made.secret


async def test_the_keys_of_accounts_that_ask_at_once_are_never_mixed() -> None:
    room = desk()
    mine = [
        room.accounts.account("binance", Credentials(api_key=f"key{n}", secret=f"secret{n}"), tag=f"t{n}", journal=room.account._journal)
        for n in range(20)
    ]
    await asyncio.gather(*(account.place(request()) for account in mine))
    orders = room.wire.of("/api/v3/order")
    assert {(sent.headers["X-MBX-APIKEY"], sent.params["newClientOrderId"]) for sent in orders} == {
        (f"key{n}", f"t{n}-b1-0-1") for n in range(20)
    }
    assert len({sent.params["signature"] for sent in orders}) == 20


async def test_an_account_costs_next_to_nothing() -> None:
    """Issue 11: at most 0.3 MB an account; markets, client and session are there once."""
    room = desk()
    await room.account.balances()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    journal = room.account._journal
    more = [room.accounts.account("binance", Credentials(api_key=f"key{n}", secret="s"), tag=f"t{n}", journal=journal) for n in range(100)]
    await asyncio.gather(*(account.place(request()) for account in more))
    room.wire.sent.clear()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({id(await account.markets()) for account in more}) == 1
    assert (after - before) / len(more) < 30_000


async def test_a_wall_before_the_exchange_lets_everybody_wait_and_says_nothing_of_the_order() -> None:
    """HTTP 403 comes where an address has asked too often: whoever goes on asking stays shut out. It is no answer to an order."""
    room = desk()
    room.wire.fail("POST", "<html>Forbidden</html>", 403)
    with pytest.raises(OutcomeUnknown):
        await room.account.place(request())
    sent = len(room.wire.sent)
    with pytest.raises(RateLimited):
        await room.account.place(request("BTC-PERP"))
    assert len(room.wire.sent) == sent
    room.clock.advance(61)
    await room.account.place(request("BTC-PERP"))


async def test_an_exchange_that_serves_nobody_from_here_is_named_as_such_and_has_taken_no_order() -> None:
    """HTTP 451 was told as an exchange that does not answer, and of an order nobody knew whether it was there."""
    room = desk()
    room.wire.fail("POST", '{"code": 0, "msg": "Service unavailable from a restricted location"}', 451)
    with pytest.raises(PlaceRefused):
        await room.account.place(request())
