"""Prices of an exchange that is not written down here: OKX on recorded rows, and what others lack, in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.errors import SettingError
from chatbot.exchanges.live.capabilities import lacks, must_tell_prices
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.exchanges.live.venues import VENUES
from chatbot.exchanges.sources import price_source
from chatbot.model import Credentials
from tests.exchanges.live.private.wire import Written
from tests.places import ROOT

RECORDED = ROOT.parent / "shared" / "exchanges" / "doc_payloads" / "okx.json"
needs_recordings = pytest.mark.skipif(not RECORDED.is_file(), reason="the recordings in ../shared/exchanges are absent")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
D = Decimal


def row(method: str, **changed: str) -> dict[str, Any]:
    """Return the first recorded row of a method of ccxt's class, with some fields changed."""
    told = json.loads(RECORDED.read_text(encoding="utf-8"))["methods"][method][0]["json"]["data"][0]
    assert changed.keys() <= told.keys() | {"markPx"}
    return {**told, **changed}


def answers(path: str, asked: dict[str, list[str]]) -> list[Any]:
    """Return what OKX tells: recorded rows, put under the names and in the shape of BTC's two markets."""
    perp = asked.get("instType") == ["SWAP"]
    match path.removeprefix("/api/v5/"):
        case "public/instruments" if perp:
            contract = {
                "instType": "SWAP",
                "instId": "BTC-USDT-SWAP",
                "ctType": "linear",
                "ctVal": "0.01",
                "ctMult": "1",
                "ctValCcy": "BTC",
            }
            more = {"settleCcy": "USDT", "uly": "BTC-USDT", "baseCcy": "", "quoteCcy": "", "lotSz": "0.1", "minSz": "0.1", "lever": "100"}
            return [row("fetch_markets_by_type", **contract, **more)]
        case "public/instruments":
            return [row("fetch_markets_by_type")] if asked.get("instType") == ["SPOT"] else []
        case "market/tickers":
            name = "BTC-USDT-SWAP" if perp else "BTC-USDT"
            kind = "SWAP" if perp else "SPOT"
            return [row("fetch_tickers", instType=kind, instId=name, last="60000", askPx="60001", bidPx="59999")]
        case "public/mark-price":
            return [row("fetch_mark_price", instType="SWAP", instId="BTC-USDT-SWAP", markPx="60010")]
        case "public/funding-rate":
            return [row("fetch_funding_rates", instId="BTC-USDT-SWAP")]
        case "market/books":
            return [row("fetch_order_book")]
    raise AssertionError(path)


def played(made: Any) -> None:
    """Answer ccxt from the recordings."""

    async def fetch(url: str, *_: object) -> dict[str, Any]:
        to = urlsplit(url)
        assert to.hostname is not None
        assert "okx" in to.hostname
        return {"code": "0", "msg": "", "data": answers(to.path, parse_qs(to.query))}

    made.fetch = fetch


@needs_recordings
async def test_okx_tells_prices_by_the_rules_that_ccxt_gives_for_all() -> None:
    """Amounts are base units: a contract is 0.01 BTC; the mark is the mark, and the rate comes by a call of its own."""
    source = CcxtSource("okx", {"enableRateLimit": False}, clock=ManualClock(NOW), prepare=played)
    try:
        markets = await source.markets()
        assert set(markets) == {"BTC", "BTC-PERP"}
        assert markets["BTC"].tick == D("0.1")
        assert markets["BTC-PERP"].lot == D("0.001")
        quotes = await source.quotes(["BTC", "BTC-PERP"])
        assert (quotes["BTC"].bid, quotes["BTC"].ask) == (D(59_999), D(60_001))
        assert quotes["BTC-PERP"].mark == D(60_010)
        assert quotes["BTC-PERP"].funding_rate == D("0.00027815")
        depth = await source.depth("BTC-PERP")
        assert depth is not None
        assert depth.asks[1][1] == D("2.99880364")  # recorded: 299.880364 contracts
    finally:
        await source.close()


def test_what_an_exchange_lacks_is_said_in_words() -> None:
    """At the start, with the setting; whoever is written down is not asked."""
    for name in (*VENUES, "okx"):
        must_tell_prices(name)
    with pytest.raises(
        SettingError, match="bitstamp cannot be used for prices, it lacks: mark prices, funding rates of many contracts at once"
    ):
        price_source("live:bitstamp", ManualClock(NOW))
    assert lacks({"has": {"spot": True, "fetchTickers": "emulated"}, "timeframes": {"1h": "60"}})[-1] == "candles of 1d"
    assert "perpetual contracts" in lacks({"has": {"spot": True}})
    assert "bid and ask of many markets at once" in lacks({"has": {"spot": True, "fetchTickers": "emulated"}})


def test_a_name_that_ccxt_does_not_have_is_no_setting() -> None:
    """A path is no name either."""
    assert load_settings(_env_file=None, market="live:okx").is_live_market
    for name in ("mtgox", "../binance", "OKX", "__init__"):
        with pytest.raises(SettingError):
            load_settings(_env_file=None, market=f"live:{name}")


def test_keys_are_taken_only_where_the_traps_are_written_down() -> None:
    """OKX may tell prices, and gets no key."""
    with pytest.raises(SettingError, match="takes no keys here"):
        Accounts(ManualClock(NOW)).account("okx", Credentials(api_key="k", secret="s"), tag="t", journal=Written())
