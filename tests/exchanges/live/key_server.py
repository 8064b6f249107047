"""Binance and Bybit as far as a key doctor asks them: recorded answers behind a server on this machine, and what was asked of it."""

from __future__ import annotations

import hashlib
import hmac
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
#: recorded: /sapi/v1/account/apiRestrictions
BINANCE_RIGHTS: dict[str, Any] = {
    "ipRestrict": True,
    "createTime": 1698645219000,
    "enableInternalTransfer": False,
    "enableFutures": True,
    "enablePortfolioMarginTrading": True,
    "enableVanillaOptions": False,
    "permitsUniversalTransfer": True,
    "enableReading": True,
    "enableSpotAndMarginTrading": True,
    "enableWithdrawals": False,
    "enableMargin": False,
}
#: recorded: /v5/user/query-api
BYBIT_RIGHTS: dict[str, Any] = {
    "id": "13770661",
    "note": "readwrite api key",
    "apiKey": "XXXXXX",
    "readOnly": 0,
    "secret": "",
    "permissions": {
        "ContractTrade": ["Order", "Position"],
        "Spot": ["SpotTrade"],
        "Wallet": ["AccountTransfer", "SubMemberTransfer"],
        "Options": ["OptionsTrade"],
        "Derivatives": [],
        "CopyTrading": [],
        "BlockTrade": [],
        "Exchange": [],
        "NFT": [],
        "Affiliate": [],
    },
    "ips": ["192.0.2.7"],
    "type": 1,
    "deadlineDay": -2,
    "expiredAt": "2023-12-22T07:20:25Z",
    "createdAt": "2022-10-16T02:24:40Z",
    "unified": 0,
    "uta": 1,
    "userID": 24617703,
    "isMaster": True,
    "parentUid": "0",
}


def _bybit(result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1697525990798}


@dataclass
class KeyServer:
    """Answers by path; every entry of ``answers`` may be changed, also for ``(status, body)``."""

    base: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    #: milliseconds that the exchange's clock is ahead of this machine's
    ahead_ms: int = 0
    answers: dict[str, Any] = field(
        default_factory=lambda: {
            "/sapi/v1/account/apiRestrictions": dict(BINANCE_RIGHTS),
            "/api/v3/account": {
                "balances": [{"asset": "BTC", "free": "0.5", "locked": "0.1"}, {"asset": "ETH", "free": "0", "locked": "0"}]
            },
            "/fapi/v2/balance": [{"asset": "USDT", "balance": "122.12"}, {"asset": "BNB", "balance": "0.00"}],
            "/fapi/v1/positionSide/dual": {"dualSidePosition": False},
            "/v5/user/query-api": _bybit({**BYBIT_RIGHTS, "permissions": {**BYBIT_RIGHTS["permissions"]}}),
            "/v5/account/wallet-balance": _bybit(
                {
                    "list": [
                        {
                            "accountType": "UNIFIED",
                            "coin": [{"coin": "USDT", "walletBalance": "950.5"}, {"coin": "SOL", "walletBalance": ""}],
                        }
                    ]
                }
            ),
            "/v5/position/list": _bybit({"list": [{"symbol": "BTCUSDT", "positionIdx": 0, "size": ""}]}),
        }
    )

    @property
    def options(self) -> dict[str, Any]:
        """Return what CHATBOT_EXCHANGE_OPTIONS says to lead ccxt here."""
        binance = {
            "public": "/api/v3",
            "private": "/api/v3",
            "sapi": "/sapi/v1",
            "fapiPublic": "/fapi/v1",
            "fapiPrivate": "/fapi/v1",
            "fapiPrivateV2": "/fapi/v2",
        }
        return {
            "binance": {"urls": {"api": {name: self.base + path for name, path in binance.items()}}, "enableRateLimit": False},
            "bybit": {
                "urls": {"api": dict.fromkeys(("spot", "futures", "v2", "public", "private"), self.base)},
                "enableRateLimit": False,
            },
        }

    def bybit(self, **changes: Any) -> None:
        """Change what Bybit says of the key."""
        self.answers["/v5/user/query-api"]["result"].update(changes)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request: times to anybody, everything else to who signs with the right secret."""
        self.asked.append((request.method, request.path))
        now = int(time.time() * 1000) + self.ahead_ms
        if request.path == "/api/v3/time":
            return web.json_response({"serverTime": now})
        if request.path == "/v5/market/time":
            return web.json_response(_bybit({"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}) | {"time": now})
        if (refusal := self._refused(request, now)) is not None:
            return refusal
        found = self.answers.get(request.path, (404, {"code": 404}))
        status, body = found if isinstance(found, tuple) else (200, found)
        if isinstance(body, str):
            return web.Response(text=body, status=status, content_type="text/html")
        return web.json_response(body, status=status)

    def _refused(self, request: web.Request, now: int) -> web.Response | None:
        is_bybit = request.path.startswith("/v5/")
        given = request.headers.get("X-BAPI-API-KEY" if is_bybit else "X-MBX-APIKEY", "")
        if given != API_KEY:
            said = (
                {"retCode": 10003, "retMsg": "API key is invalid."}
                if is_bybit
                else {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}
            )
            return web.json_response(said, status=200 if is_bybit else 401)
        query = request.query_string
        if is_bybit:
            stamp, window = request.headers["X-BAPI-TIMESTAMP"], request.headers["X-BAPI-RECV-WINDOW"]
            signed, signature = f"{stamp}{API_KEY}{window}{query}", request.headers["X-BAPI-SIGN"]
        else:
            signed, _, signature = query.rpartition("&signature=")
            stamp = dict(parse_qsl(query))["timestamp"]
        if abs(int(stamp) - now) > 5000:
            return web.json_response(
                {"retCode": 10002} if is_bybit else {"code": -1021, "msg": "Timestamp"}, status=200 if is_bybit else 400
            )
        if hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest() != signature:
            return web.json_response(
                {"retCode": 10004} if is_bybit else {"code": -1022, "msg": "Signature"}, status=200 if is_bybit else 400
            )
        return None


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """Serve on this machine until the block ends."""
    server = KeyServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
