"""A Fear & Greed index on the loopback interface, which answers what a test wants."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TODAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def row(at: datetime, value: object) -> dict[str, object]:
    """Return a reading as the index writes it."""
    return {"value": str(value), "value_classification": "Fear", "timestamp": str(int(at.timestamp()))}


class Index:
    """The index on the loopback interface."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = [row(TODAY - DAY * back, 40 + back % 50) for back in range(200)]
        self.body: bytes | None = None
        self.status = 200
        self.slow_s = 0.0
        self.limits: list[int] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Return the newest readings first, or what a test wants instead."""
        self.limits.append(int(request.query["limit"]))
        await asyncio.sleep(self.slow_s)
        body = (
            self.body
            if self.body is not None
            else json.dumps({"name": "Fear and Greed Index", "data": self.rows[: self.limits[-1]]}).encode()
        )
        return web.Response(status=self.status, body=body, content_type="text/html")


@asynccontextmanager
async def index() -> AsyncIterator[Index]:
    """Serve an index."""
    served = Index()
    app = web.Application()
    app.router.add_get("/fng/", served.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        served.url = f"http://127.0.0.1:{port}/fng/"
        yield served
    finally:
        await runner.cleanup()
