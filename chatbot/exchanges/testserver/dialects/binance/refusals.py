"""Binance's codes and texts for every reason to refuse."""

from __future__ import annotations

from chatbot.exchanges.testserver.words import Reason

#: reason -> HTTP status, code, text
CODES: dict[Reason, tuple[int, int, str]] = {
    Reason.NO_MONEY: (400, -2010, "Account has insufficient balance for requested action."),
    Reason.NO_MARGIN: (400, -2019, "Margin is insufficient."),
    Reason.NOT_FOUND: (400, -2013, "Order does not exist."),
    Reason.NOT_OPEN: (400, -2011, "Unknown order sent."),
    Reason.WOULD_TAKE: (400, -2010, "Order would immediately match and take."),
    Reason.SMALL: (400, -1013, "Filter failure: NOTIONAL"),
    Reason.LOT: (400, -1013, "Filter failure: LOT_SIZE"),
    Reason.TICK: (400, -1013, "Filter failure: PRICE_FILTER"),
    Reason.DUPLICATE: (400, -2010, "Duplicate order sent."),
    Reason.REDUCE_ONLY: (400, -2022, "ReduceOnly Order is rejected."),
    Reason.POSITION_SIDE: (400, -4061, "Order's position side does not match user's setting."),
    Reason.HALTED: (400, -1013, "Market is closed."),
    Reason.UNKNOWN_SYMBOL: (400, -1121, "Invalid symbol."),
    Reason.MISSING: (400, -1102, "Mandatory parameter '{}' was not sent, was empty/null, or malformed."),
    Reason.UNREAD: (400, -1104, "Not all sent parameters were read: {}."),
    Reason.BAD_VALUE: (400, -1100, "Illegal characters found in parameter '{}'."),
    Reason.WINDOW: (400, -1127, "More than 24 hours between startTime and endTime."),
    Reason.UNCHANGED_MODE: (400, -4059, "No need to change position side."),
    Reason.UNCHANGED_MARGIN: (400, -4046, "No need to change margin type."),
    Reason.UNCHANGED_LEVERAGE: (400, -4028, "Leverage {} is not valid"),
    Reason.IN_USE: (400, -4068, "Position side cannot be changed if there exists position."),
    Reason.MARGIN_IN_USE: (400, -4048, "Margin type cannot be changed if there exists position."),
    Reason.TOO_MUCH_LEVERAGE: (400, -4028, "Leverage {} is not valid"),
    Reason.LATE: (400, -1021, "Timestamp for this request is outside of the recvWindow."),
    Reason.EARLY: (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    Reason.SIGNATURE: (400, -1022, "Signature for this request is not valid."),
    Reason.KEY: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    Reason.ADDRESS: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    Reason.RIGHT: (401, -2015, "Invalid API-key, IP, or permissions for action."),
    Reason.RATE: (429, -1003, "Too many requests; current limit is {} request weight per 1 MINUTE."),
    Reason.BANNED: (418, -1003, "Way too much request weight used; IP banned until {}."),
    Reason.BUSY: (503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    Reason.UNKNOWN_OUTCOME: (
        503,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    ),
    Reason.MAINTENANCE: (503, 1, "System is under maintenance."),
    Reason.NO_SUCH_PATH: (404, -5000, "Path {} is invalid"),
}
#: where futures and wallet say it differently
ELSEWHERE: dict[str, dict[Reason, tuple[int, int, str]]] = {
    "/fapi": {
        Reason.WOULD_TAKE: (400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
        Reason.SMALL: (400, -4164, "Order's notional must be no smaller than 5 (unless you choose reduce only)."),
        Reason.LOT: (400, -1111, "Precision is over the maximum defined for this asset."),
        Reason.TICK: (400, -4014, "Price not increased by tick size."),
        Reason.DUPLICATE: (400, -4116, "ClientOrderId is duplicated."),
        Reason.HALTED: (400, -4140, "Invalid symbol status for opening position."),
        Reason.WINDOW: (400, -4165, "Invalid time interval."),
    },
    "/sapi": {Reason.NO_MONEY: (400, -5013, "Asset transfer failed: insufficient balance")},
}
