"""What an exchange says of a key becomes its rights, what stands behind it, and every problem by its name; nothing but reads is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.live import key_doctor
from chatbot.exchanges.live.key_codes import KEY_CODES
from chatbot.exchanges.live.key_doctor import examine, problems
from chatbot.exchanges.live.private.opening import DIALECTS
from chatbot.exchanges.live.venues import VENUES, accounts_of
from chatbot.model import Credentials, KeyProblem, KeyReport, venue_of
from handlers.views.person.key_guides import GUIDES
from tests.exchanges.live.key_server import API_KEY, BYBIT_RIGHTS, SECRET, KeyServer, key_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEY = Credentials(api_key=API_KEY, secret=SECRET)


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as serving:
        yield serving


class Answers:
    """The server's answers without the way there: what is read of them does not depend on it, and a client costs a fifth of a second."""

    def __init__(self, server: KeyServer) -> None:
        self.said = {
            "sapi_get_account_apirestrictions": server.answers["/sapi/v1/account/apiRestrictions"],
            "private_get_account": server.answers["/api/v3/account"],
            "fapiPrivateV2GetBalance": server.answers["/fapi/v2/balance"],
            "fapiPrivateGetPositionSideDual": server.answers["/fapi/v1/positionSide/dual"],
            "private_get_v5_user_query_api": server.answers["/v5/user/query-api"],
            "private_get_v5_account_wallet_balance": server.answers["/v5/account/wallet-balance"],
            "private_get_v5_position_list": server.answers["/v5/position/list"],
        }
        self.asked: list[str] = []
        self.options: dict[str, Any] = {}

    def __getattr__(self, call: str) -> Any:
        async def answer(*_: object) -> Any:
            self.asked.append(call)
            return NOW.timestamp() * 1000 if call == "fetch_time" else self.said[call]

        return answer

    def milliseconds(self) -> float:
        """Tell this machine's time."""
        return NOW.timestamp() * 1000

    async def open(self) -> Answers:
        """Open nothing."""
        return self

    async def close(self) -> None:
        """Close nothing."""


async def read(server: KeyServer, exchange: str) -> tuple[KeyReport, Answers]:
    answers = Answers(server)
    return await examine(exchange, KEY, ManualClock(NOW), {}, connect=lambda *_: answers), answers


async def asked(server: KeyServer, exchange: str, key: Credentials = KEY) -> KeyReport:
    return await examine(exchange, key, ManualClock(NOW), server.options[exchange])


async def test_a_sound_binance_key_is_read_whole(server: KeyServer) -> None:
    """Rights, address, clock and both wallets; free and locked coins together, empty ones left out."""
    said = await asked(server, "binance")
    assert said.problems == ()
    assert (said.reads, said.trades_spot, said.trades_futures, said.withdraws, said.is_bound) == (True, True, True, False, True)
    assert only_reads(server)
    assert said.found == (("spot", "BTC", "0.6"), ("futures", "USDT", "122.12"))
    assert said.off_s is not None
    assert abs(said.off_s) < 1


async def test_a_sound_bybit_key_is_read_whole(server: KeyServer) -> None:
    """An amount that is empty text is nothing, and a key bound to an address does not end."""
    said = await asked(server, "bybit")
    assert said.problems == ()
    assert (said.reads, said.trades_spot, said.trades_futures, said.withdraws, said.is_bound) == (True, True, True, False, True)
    assert only_reads(server)
    assert said.found == (("unified", "USDT", "950.5"),)
    assert said.expires_at is None


def only_reads(server: KeyServer) -> bool:
    """Tell that nothing was sent that trades, moves money or changes a setting: a watched account is never written to."""
    written = [path for _, path in server.asked if any(word in path for word in ("order", "withdraw", "transfer", "leverage"))]
    return len(server.asked) > 3 and not written and {method for method, _ in server.asked} == {"GET"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"enableWithdrawals": True}, KeyProblem.MAY_WITHDRAW),
        ({"enableReading": False}, KeyProblem.MAY_NOT_READ),
        ({"enableSpotAndMarginTrading": False}, KeyProblem.NO_SPOT),
        ({"enableFutures": False}, KeyProblem.NO_FUTURES),
        ({"ipRestrict": False}, KeyProblem.ANY_ADDRESS),
        ({"tradingAuthorityExpirationTime": int((NOW + timedelta(days=9)).timestamp() * 1000)}, KeyProblem.EXPIRES_SOON),
        ({"enableWithdrawals": None}, KeyProblem.UNREACHABLE),
        ({"enableWithdrawals": "false"}, KeyProblem.UNREACHABLE),
    ],
)
async def test_each_right_of_a_binance_key_is_told(changes: dict[str, Any], problem: KeyProblem) -> None:
    """A right that is not told, or told as text, is not taken for missing: then nothing is known of the key."""
    server = KeyServer()
    server.answers["/sapi/v1/account/apiRestrictions"].update(changes)
    assert (await read(server, "binance"))[0].problems == (problem,)


async def test_a_key_that_may_withdraw_is_asked_nothing_more() -> None:
    """It is refused whatever stands in the account."""
    server = KeyServer()
    server.answers["/sapi/v1/account/apiRestrictions"]["enableWithdrawals"] = True
    said, answers = await read(server, "binance")
    assert (said.is_refused, said.found) == (True, ())
    assert answers.asked == ["fetch_time", "sapi_get_account_apirestrictions"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"permissions": {**BYBIT_RIGHTS["permissions"], "Wallet": ["Withdraw"]}}, (KeyProblem.MAY_WITHDRAW,)),
        ({"readOnly": 1}, (KeyProblem.NO_SPOT, KeyProblem.NO_FUTURES)),
        ({"permissions": {**BYBIT_RIGHTS["permissions"], "ContractTrade": []}}, (KeyProblem.NO_FUTURES,)),
        ({"ips": ["*"], "deadlineDay": 66, "expiredAt": "2026-03-12T07:20:25Z"}, (KeyProblem.ANY_ADDRESS,)),
        ({"ips": ["*"], "deadlineDay": 9, "expiredAt": "2026-01-14T07:20:25Z"}, (KeyProblem.EXPIRES_SOON, KeyProblem.ANY_ADDRESS)),
        ({"deadlineDay": 0, "expiredAt": "2026-01-05T07:20:25Z"}, (KeyProblem.EXPIRED,)),
        ({"uta": 0, "unified": 0}, (KeyProblem.OLD_ACCOUNT,)),
        ({"permissions": {"Spot": ["SpotTrade"]}}, (KeyProblem.UNREACHABLE,)),
        ({"readOnly": "?"}, (KeyProblem.UNREACHABLE,)),
        ({"ips": []}, (KeyProblem.UNREACHABLE,)),
    ],
)
async def test_each_right_of_a_bybit_key_is_told(changes: dict[str, Any], found: tuple[KeyProblem, ...]) -> None:
    """A key without the list of what it may do with the wallet could withdraw: nothing is known of it."""
    server = KeyServer()
    server.bybit(**changes)
    assert (await read(server, "bybit"))[0].problems == found


async def test_hedge_mode_is_told_on_both() -> None:
    """Binance says it, Bybit lists a contract once for each side."""
    server = KeyServer()
    server.answers["/fapi/v1/positionSide/dual"] = {"dualSidePosition": True}
    server.answers["/v5/position/list"]["result"]["list"] = [{"symbol": "BTCUSDT", "positionIdx": side, "size": "0"} for side in (1, 2)]
    for exchange in ("binance", "bybit"):
        assert (await read(server, exchange))[0].problems == (KeyProblem.HEDGE_MODE,)


@pytest.mark.parametrize("exchange", ["binance", "bybit"])
async def test_a_key_that_is_none_and_a_foreign_secret_are_told_apart(server: KeyServer, exchange: str) -> None:
    """By the exchange's own code, which is all that is left of the error behind another address."""
    unknown = await asked(server, exchange, Credentials(api_key="x" * 20, secret=SECRET))
    foreign = await asked(server, exchange, Credentials(api_key=API_KEY, secret="y" * 20))
    assert (unknown.problems, foreign.problems) == ((KeyProblem.NOT_ACCEPTED,), (KeyProblem.FOREIGN_SECRET,))


@pytest.mark.parametrize(
    ("exchange", "path", "answer"),
    [
        ("binance", "/api/v3/account", "<html>"),
        ("binance", "/sapi/v1/account/apiRestrictions", (418, {"code": -1003})),
        ("bybit", "/v5/user/query-api", {}),
        ("bybit", "/v5/account/wallet-balance", (502, "<html>bad gateway</html>")),
    ],
)
async def test_an_answer_that_is_none_is_no_word_about_the_key(server: KeyServer, exchange: str, path: str, answer: object) -> None:
    """Html, an empty answer, a ban: the key is neither good nor bad."""
    server.answers[path] = answer
    said = await asked(server, exchange)
    assert said.problems == (KeyProblem.UNREACHABLE,)
    assert said.is_refused


@pytest.mark.parametrize(("exchange", "path"), [("binance", "/sapi/v1/account/apiRestrictions"), ("bybit", "/v5/user/query-api")])
async def test_an_exchange_that_serves_nobody_here_is_told_as_that(server: KeyServer, exchange: str, path: str) -> None:
    """Trying again in a few minutes would help nobody; and it is no word about the key."""
    server.answers[path] = (451, {"code": 0, "msg": "Service unavailable from a restricted location."})
    said = await asked(server, exchange)
    assert said.problems == (KeyProblem.NOT_SERVED,)
    assert said.is_refused


@pytest.mark.long
async def test_a_clock_that_is_off_is_told_and_the_rest_is_read_all_the_same(server: KeyServer) -> None:
    """The exchange would refuse what is signed by this machine's time; so it is signed by the exchange's."""
    server.ahead_ms = -90_000
    for exchange in ("binance", "bybit"):
        said = await asked(server, exchange)
        assert said.problems == (KeyProblem.CLOCK,)
        assert said.off_s is not None
        assert 88 < said.off_s < 92
        assert said.found


async def test_an_exchange_that_does_not_answer_is_told() -> None:
    said = await examine("binance", KEY, ManualClock(NOW), {"urls": {"api": dict.fromkeys(("public", "sapi"), "http://127.0.0.1:9")}})
    assert said.problems == (KeyProblem.UNREACHABLE,)


def test_a_right_to_withdraw_that_cannot_be_asked_is_named() -> None:
    """Where an exchange does not tell it of the key, the person is told to look."""
    assert problems(KeyReport(at=NOW, reads=True)) == (KeyProblem.WITHDRAW_UNKNOWN,)


def test_every_exchange_that_takes_keys_is_known_wherever_one_must_be() -> None:
    """A row in the table of exchanges is not enough: each kind of account is examined and explained, each exchange spoken to."""
    known = {name for venue in VENUES for name in accounts_of(venue)}
    assert set(key_doctor._READERS) == set(GUIDES) == known
    assert set(KEY_CODES) == set(DIALECTS) == {venue_of(name) for name in known}
