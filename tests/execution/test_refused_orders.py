"""What an exchange answers to an order of a plan that was confirmed, code by code, through the real client: each has an end of its own.

Refused for certain: nothing is there, and the leg says why. Nobody knows: the person is asked, and nothing goes out. Too many requests, a
clock that is off, an order that would only have taken: it goes out once more. The key: the plan waits, says so, and goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.testserver.dialects.binance import refusals as binance
from chatbot.exchanges.testserver.dialects.bingx import refusals as bingx
from chatbot.exchanges.testserver.dialects.bybit import refusals as bybit
from chatbot.exchanges.testserver.dialects.mexc import refusals as mexc
from chatbot.exchanges.testserver.dialects.weex import refusals as weex
from chatbot.exchanges.testserver.words import Call, Reason
from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState
from tests.execution.lab import QUICK
from tests.execution.test_on_live_venues import agrees, on

if TYPE_CHECKING:
    from chatbot.store.database import Database

PACE = replace(QUICK, look_s=15, poll_s=4, retries_s=Pace().retries_s)
LEGS = {"spot": "sell 0.01 BTC", "futures": "increase sell 0.1 ETH-PERP"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal as a venue words it, once, and the word for what comes of it: a leg's note, why a plan waits, or that it is done."""

    status: int
    code: int
    text: str
    end: str


DONE, UNKNOWN, KEY = "done", "unknown", "key_refused"
BOTH = [
    Answer(401, -2015, "Invalid API-key, IP, or permissions for action.", KEY),
    Answer(401, -2014, "API-key format invalid.", KEY),
    Answer(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.", DONE),
    Answer(429, -1003, "Too many requests.", DONE),
    Answer(418, -1003, "Way too many requests; IP banned until 1700000000000.", DONE),
    Answer(429, -1015, "Too many new orders; current limit is 50 orders per TEN_SECONDS.", DONE),
    Answer(400, -1000, "An unknown error occurred while processing the request.", UNKNOWN),
    Answer(503, -1001, "Internal error; unable to process your request.", UNKNOWN),
    Answer(400, -1006, "An unexpected response was received from the message bus. Execution status unknown.", UNKNOWN),
    Answer(400, -1007, "Timeout waiting for response from backend server. Send status unknown.", UNKNOWN),
    Answer(503, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", UNKNOWN),
    Answer(503, -1000, "Unknown error, please check your request or try again later.", UNKNOWN),
    Answer(503, 1, "System is under maintenance.", UNKNOWN),
    Answer(400, -1121, "Invalid symbol.", "unknown_instrument"),
    Answer(400, -9999, "A code of next year.", UNKNOWN),
]
ANSWERS = {
    ("binance", "spot"): [
        *BOTH,
        Answer(503, -1008, "Server is currently overloaded with other requests.", UNKNOWN),
        Answer(503, -1000, "Service Unavailable.", UNKNOWN),
        Answer(400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "price_band"),
        Answer(400, -1013, "Filter failure: NOTIONAL", "below_minimum"),
        Answer(400, -1013, "Filter failure: LOT_SIZE", "bad_lot"),
        Answer(400, -1013, "Filter failure: MAX_NUM_ORDERS", "too_many_orders"),
        Answer(400, -1013, "Filter failure: MAX_POSITION", "too_much"),
        Answer(400, -1013, "Market is closed.", "halted"),
        Answer(400, -2010, "Account has insufficient balance for requested action.", "not_enough_money"),
        Answer(400, -2010, "Order would immediately match and take.", DONE),
        Answer(400, -2010, "This action is disabled on this account.", "not_permitted"),
        Answer(400, -2010, "This account may not place or cancel orders.", "not_permitted"),
        Answer(400, -2010, "Duplicate order sent.", UNKNOWN),
    ],
    ("binance", "futures"): [
        *BOTH,
        # contracts: Binance says of these that nothing was done, and of no other 503
        Answer(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", DONE),
        Answer(503, -1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt.", DONE),
        Answer(503, -1000, "Service Unavailable.", DONE),
        Answer(503, -1001, "Internal error; unable to process your request. Please try again.", DONE),
        Answer(502, -1000, "Service Unavailable.", UNKNOWN),
        Answer(400, -2019, "Margin is insufficient.", "margin"),
        Answer(400, -2022, "ReduceOnly Order is rejected.", "reduce_only"),
        Answer(400, -2025, "Reach max open order limit.", "too_many_orders"),
        Answer(400, -2027, "Exceeded the maximum allowable position at current leverage.", "bad_leverage"),
        Answer(400, -4005, "Quantity greater than max quantity.", "too_much"),
        Answer(400, -4016, "Limit price can't be higher than 1.", "price_band"),
        Answer(400, -4061, "Order's position side does not match user's setting.", "hedge_mode"),
        Answer(400, -4109, "This account is inactive.", KEY),
        Answer(400, -4116, "ClientOrderId is duplicated.", UNKNOWN),
        Answer(400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", "price_band"),
        Answer(400, -4140, "Invalid symbol status for opening position.", "halted"),
        Answer(400, -4164, "Order's notional must be no smaller than 100.", "below_minimum"),
        Answer(400, -4192, "Trade forbidden due to Cooling-off Period.", "not_permitted"),
        Answer(400, -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed.", "not_permitted"),
        Answer(400, -4401, "Compliance restricted account permission: can only place reduceOnly order.", "not_permitted"),
        Answer(400, -5022, "Post Only order will be rejected.", DONE),
        Answer(400, -5028, "Timestamp for this request is outside of the ME recvWindow.", DONE),
    ],
    **{
        ("bybit", kind): [
            Answer(200, 10003, "API key is invalid.", KEY),
            Answer(200, 10005, "Permission denied.", KEY),
            Answer(200, 10010, "Unmatched IP.", KEY),
            Answer(200, 33004, "Your api key has expired.", KEY),
            Answer(200, -2015, "Your api key has expired.", KEY),
            Answer(200, 10002, "The request time exceeds the time window range.", DONE),
            Answer(200, 10006, "Too many visits.", DONE),
            Answer(429, 0, "", DONE),
            Answer(200, 10000, "Server Timeout.", UNKNOWN),
            Answer(200, 10016, "Server error.", UNKNOWN),
            Answer(200, 10429, "System level frequency protection.", UNKNOWN),
            Answer(200, 999999, "A code of next year.", UNKNOWN),
            Answer(503, 10016, "The service is restarting.", UNKNOWN),
            Answer(200, 10001, "position idx not match position mode", "hedge_mode"),
            Answer(200, 10001, "Qty invalid", "bad_lot"),
            *more,
        ]
        for kind, more in {
            "spot": [
                Answer(200, 170131, "Insufficient balance.", "not_enough_money"),
                Answer(200, 170121, "Invalid symbol.", "unknown_instrument"),
                Answer(200, 170132, "Order price too high.", "price_band"),
                Answer(200, 170140, "Order value exceeded lower limit.", "below_minimum"),
                Answer(200, 170141, "Duplicate clientOrderId", UNKNOWN),
                Answer(200, 170151, "Not allowed to trade for the symbol.", "halted"),
                Answer(200, 170007, "Timeout waiting for response from backend server.", UNKNOWN),
                Answer(200, 170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders.", "too_many_orders"),
                Answer(200, 170218, "The LIMIT-MAKER order is rejected due to invalid price.", DONE),
            ],
            "futures": [
                Answer(200, 110007, "ab not enough for new order", "not_enough_money"),
                Answer(200, 110003, "Order price exceeds the allowable range.", "price_band"),
                Answer(200, 110009, "The number of stop orders exceeds the maximum allowable limit.", "too_many_orders"),
                Answer(200, 110017, "current position is zero, cannot fix reduce-only order qty", "reduce_only"),
                Answer(200, 110072, "OrderLinkedID is duplicate", UNKNOWN),
                Answer(200, 110074, "This contract is not live", "halted"),
                Answer(200, 110086, "Current order leverage exceeds the maximum available.", "bad_leverage"),
                Answer(200, 110090, "Order placement failed as your position may exceed the max limit.", "too_much"),
                Answer(200, 110094, "Order notional value below the lower limit.", "below_minimum"),
            ],
        }.items()
    },
}
BINGX_BOTH = [
    Answer(200, 100413, "Incorrect apiKey", KEY),
    Answer(200, 100419, "your current request IP does not match IP whitelist", KEY),
    Answer(200, 100421, "Null timestamp or timestamp mismatch", DONE),
    Answer(200, 109400, "timestamp is invalid", DONE),
    Answer(200, 100410, "rate limited", DONE),
    Answer(429, 100410, "too many requests", DONE),
    Answer(200, 100410, "The current system is busy, please try again later", UNKNOWN),
    Answer(200, 100500, "Internal system error", UNKNOWN),
    Answer(200, 80012, "Service Unavailable", UNKNOWN),
    Answer(200, 80001, "service has some errors", UNKNOWN),
    Answer(200, 999999, "A code of next year.", UNKNOWN),
    Answer(503, 109425, "BTC-USDT not exist, please verify it", UNKNOWN),
    Answer(200, 109425, "BTC-USDT not exist, please verify it", "unknown_instrument"),
    Answer(200, 101481, "clientOrderID cannot be repeated", UNKNOWN),
    Answer(200, 100202, "Insufficient assets, please verify the assets status", "not_enough_money"),
]
MEXC_SPOT = [
    Answer(400, 10072, "Api key info invalid", KEY),
    Answer(400, 700006, "IP [127.0.0.1] not in the ip white list", KEY),
    Answer(400, 700003, "Timestamp for this request is outside of the recvWindow.", DONE),
    Answer(429, 429, "Too Many Requests", DONE),
    Answer(418, 429, "Too Many Requests", DONE),
    Answer(500, 500, "Internal error", UNKNOWN),
    Answer(503, 503, "service not available, please try again", UNKNOWN),
    Answer(200, 1000, "Under maintenance, please try again later", UNKNOWN),
    Answer(400, 22220, "Duplicated client order id", UNKNOWN),
    Answer(400, 999999, "A code of next year.", UNKNOWN),
    Answer(400, -1121, "Invalid symbol.", "unknown_instrument"),
    Answer(400, 30004, "Insufficient position", "not_enough_money"),
    Answer(400, 30002, "The minimum transaction volume cannot be less than:5USDT", "below_minimum"),
    Answer(400, 30010, "no valid trade price", "price_band"),
    Answer(400, 30016, "trading disabled", "halted"),
    Answer(400, 30029, "cannot exceed the maximum order limit", "too_many_orders"),
    Answer(400, 10096, "amount decimal places is too long", "bad_lot"),
]
MEXC_CONTRACTS = [
    Answer(200, 401, "No authority", KEY),
    Answer(200, 406, "Accessing IP is not in the whitelist", KEY),
    Answer(200, 513, "Invalid request, please try again later", DONE),
    Answer(200, 510, "Requests are too frequent. Please try again later.", DONE),
    Answer(200, 500, "Internal error", UNKNOWN),
    Answer(200, 501, "System busy, try again later", UNKNOWN),
    Answer(200, 1000, "Under maintenance", UNKNOWN),
    Answer(200, 603, "Repeated requests", UNKNOWN),
    Answer(200, 999999, "A code of next year.", UNKNOWN),
    Answer(200, 1001, "Contract does not exist", "unknown_instrument"),
    Answer(200, 1002, "Contract not allow place order!", "halted"),
    Answer(200, 2005, "Balance insufficient", "not_enough_money"),
    Answer(200, 2006, "Leverage ratio error", "bad_leverage"),
    Answer(200, 2009, "Position is not exists or closed.", "reduce_only"),
    Answer(200, 2011, "Order quantity error, please try to modify.", "bad_lot"),
    Answer(200, 2013, "The number of orders exceeds the limit", "too_many_orders"),
    Answer(200, 2022, "Wrong position type", "hedge_mode"),
    Answer(200, 2032, "The price is above the highest one", "price_band"),
]
WEEX_BOTH = [
    Answer(401, -1049, "API key or passphrase incorrect.", KEY),
    Answer(403, -1056, "Invalid IP address.", KEY),
    Answer(400, -1046, "Request timestamp expired.", DONE),
    Answer(429, 429, "Too many requests", DONE),
    Answer(200, -1000, "An unknown error occurred.", UNKNOWN),
    Answer(200, -1054, "System error, please retry later.", UNKNOWN),
    Answer(503, -1054, "System error, please retry later.", UNKNOWN),
    Answer(400, -1999, "Client order id is there already.", UNKNOWN),
    Answer(400, -9999, "A code of next year.", UNKNOWN),
    Answer(400, -1121, "Invalid symbol.", "unknown_instrument"),
    Answer(400, -2010, "amount not enough", "not_enough_money"),
    Answer(403, -1058, "No permission for this trading pair.", "not_permitted"),
    Answer(400, -1160, "Decimal precision error.", "bad_lot"),
    Answer(400, -1142, "Parameter quantity is invalid.", "bad_request"),
]
LATER = {
    ("bingx", "spot"): [
        *BINGX_BOTH,
        Answer(200, 100400, "check limit entrust value fail, entrust volume too low", "below_minimum"),
        Answer(200, 100400, "quantity: 0.0000001", "bad_lot"),
        Answer(200, 100421, "This pair is currently restricted from API trading", "halted"),
    ],
    ("bingx", "futures"): [
        *BINGX_BOTH,
        Answer(200, 80012, '{"Code":101253,"Msg":"margin is not enough"}', "not_enough_money"),
        Answer(200, 101215, "The Maker (Post Only) order ensures that the user always acts as a maker.", DONE),
        Answer(200, 101290, "The Reduce Only order can only decrease the position.", "reduce_only"),
        Answer(200, 101414, "The maximum leverage for the trading pair is lower, please reduce the leverage", "bad_leverage"),
        Answer(200, 109400, "In the One-way mode, the 'PositionSide' field can only be set to BOTH.", "hedge_mode"),
        Answer(200, 109418, "trading pair is offline", "halted"),
        Answer(200, 110425, "the minimum nominal value of the order placed must be greater than 2u", "below_minimum"),
    ],
    ("mexc", "spot"): MEXC_SPOT,
    ("mexc", "futures"): MEXC_CONTRACTS,
    ("weex", "spot"): WEEX_BOTH,
    ("weex", "futures"): [*WEEX_BOTH, Answer(400, -3007, "The size is too large.", "too_much")],
}
#: of each kind of end one, in the plain run
PLAIN = {-2027, 110090}
EACH = [
    pytest.param(*of, one, id=f"{'-'.join(of)} {one.status} {one.code} {one.text[:30]}", marks=() if one.code in PLAIN else mark)
    for table, mark in ((ANSWERS, pytest.mark.long), (LATER, pytest.mark.slow))
    for of, answers in table.items()
    for one in answers
]


def say(monkeypatch: pytest.MonkeyPatch, venue: str, answer: Answer) -> None:
    """Let the test exchange say this where it would refuse a key."""
    words = (answer.code, answer.text.replace("{", "{{").replace("}", "}}"))
    for place in {"mexc": [mexc.SPOT], "weex": [weex.CODES], "binance": [binance.CODES]}.get(venue, []):
        monkeypatch.setitem(place, Reason.KEY, (answer.status, *words))
    for place in {"mexc": [mexc.CONTRACTS], "bingx": [bingx.CODES], "bybit": [bybit.CODES]}.get(venue, []):
        monkeypatch.setitem(place, Reason.KEY, words)
    for statuses in {"bingx": [bingx.STATUSES], "bybit": [bybit.STATUSES]}.get(venue, []):
        monkeypatch.setitem(statuses, Reason.KEY, answer.status)


@pytest.mark.parametrize(("venue", "kind", "answer"), EACH)
async def test_a_refused_order_ends_as_its_code_says(
    db: Database, monkeypatch: pytest.MonkeyPatch, venue: str, kind: str, answer: Answer
) -> None:
    """The code comes once, in the place of the answer to the plan's first order, which never reached the matching engine."""
    say(monkeypatch, venue, answer)
    async with on(venue, db, PACE) as (lab, server):
        server.faults.add(call=Call.PLACE, fault="revoked")
        plan = await lab.run(LEGS[kind])
        assert not server.faults.left
        (leg,) = plan.legs
        if answer.end in (UNKNOWN, KEY):
            assert plan.state is PlanState.PARKED
            assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": answer.end})
            assert not server.venue.accounts["key"].orders, "nothing goes out on a guess"
            lab.clock.advance(4000)  # type: ignore[attr-defined]
            assert await (lab.executor.recovery.carry_on if answer.end == KEY else lab.executor.recovery.close)(plan.id)
            await lab.finish()
            plan = await lab.read(plan.id)
            assert (plan.legs[0].state is LegState.FILLED) is (answer.end == KEY), "a key that is mended goes on, with no other question"
        elif answer.end == DONE:
            assert leg.state is LegState.FILLED
        else:
            assert (leg.state, leg.note) == (LegState.REJECTED, answer.end)
            assert not server.venue.accounts["key"].orders
        assert plan.state is PlanState.DONE
        agrees(plan, server)
