"""A trade of which an exchange says no side is no purchase and no sale: nobody knows, and what is there is asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from chatbot.exchanges.live.private.bingx.history import _ms
from chatbot.exchanges.live.private.dialect import NoAnswer, signed, text
from chatbot.exchanges.testserver.harshness import Harshness
from tests.exchanges.live.private.test_on_the_test_exchange import order, room

if TYPE_CHECKING:
    from chatbot.exchanges.live.private.dialect import Call

KIND = replace(Harshness(), lookup_lag_s=0, balance_lag_s=0, level_quote=Decimal(10_000_000))
LATER = [pytest.param(one, marks=pytest.mark.long) for one in ("bingx", "mexc", "weex")]
#: names under which venues tell on which side a trade was
SIDES = frozenset({"isBuyer", "side"})


def without_sides(told: Any, said: object) -> Any:
    """Return an answer in which every side of a trade says this."""
    if isinstance(told, list):
        return [without_sides(one, said) for one in told]
    if isinstance(told, dict):
        return {name: said if name in SIDES else without_sides(one, said) for name, one in told.items()}
    return told


@pytest.mark.parametrize("said", [None, "none", 7])
@pytest.mark.parametrize("venue", ["binance", "bybit", *LATER])
async def test_a_trade_without_a_side_is_neither_bought_nor_sold(venue: str, said: object) -> None:
    async with room(venue, KIND) as place:
        since = place.clock.now() - timedelta(minutes=1)
        await place.account.place(order("BTC"))
        await place.account.place(order("BTC-PERP", "b1-1-1"))
        place.clock.advance(10)
        asking = place.account._asking

        def spoiled(*given: Any, **named: Any) -> Any:
            ask = asking(*given, **named)

            async def asked(call: Call) -> Any:
                return without_sides(await ask(call), said)

            return asked

        whole = await place.account.history(since, ["BTC", "BTC-PERP"])
        assert {entry.instrument for entry in whole if entry.qty > 0} == {"BTC", "BTC-PERP"}
        place.account._asking = spoiled  # type: ignore[method-assign]
        if venue == "bybit":  # its log tells coins and contracts in one: what came and went stands, and no trade is made of it
            assert not [entry for entry in await place.account.history(since, ["BTC", "BTC-PERP"]) if entry.qty]
        else:
            with pytest.raises(Unreachable):
                await place.account.history(since, ["BTC", "BTC-PERP"])


@pytest.mark.parametrize("side", [None, "", "buy", "BOTH", 1, True])
def test_what_is_no_side_has_no_sign(side: object) -> None:
    with pytest.raises(NoAnswer):
        signed(Decimal(1), side)


@pytest.mark.parametrize("told", ["BTC", "Internal transfer 36022", "币安人生USDT", 7, "0x5f:0"])
def test_an_id_may_be_in_words(told: object) -> None:
    """Binance calls a transfer between its own accounts so where others tell a transaction."""
    assert text({"txId": told}, "txId") == str(told)


@pytest.mark.parametrize("told", [None, True, "", " ", " BTC", "\n", "a\0b", "\ufffd", "9" * 5000, 1.5, [], {}])
def test_what_cannot_be_a_name_is_none(told: object) -> None:
    with pytest.raises(NoAnswer):
        text({"txId": told}, "txId")


def test_a_time_without_a_zone_is_no_time_of_this_machine() -> None:
    """BingX tells the time of Shanghai, with its offset."""
    assert _ms({"filledTime": "2023-12-16T20:58:36.000+0800"}) == 1_702_731_516_000
    with pytest.raises(NoAnswer):
        _ms({"filledTime": "2023-12-16T20:58:36.000"})
