"""Bybit's codes and texts for every reason to refuse; nearly all of them come with HTTP 200."""

from __future__ import annotations

from chatbot.exchanges.testserver.words import Reason

#: reason -> code, text, as contracts say it
CODES: dict[Reason, tuple[int, str]] = {
    Reason.NO_MONEY: (110007, "ab not enough for new order"),
    Reason.NO_MARGIN: (110007, "ab not enough for new order"),
    Reason.NOT_FOUND: (110001, "order not exists or too late to cancel"),
    Reason.NOT_OPEN: (110001, "order not exists or too late to cancel"),
    Reason.WOULD_TAKE: (170193, "Buy order price cannot be higher than market price."),
    Reason.SMALL: (110094, "Order does not meet minimum order value 5USDT"),
    Reason.LOT: (10001, "Qty invalid"),
    Reason.TICK: (10001, "price invalid"),
    Reason.DUPLICATE: (110072, "OrderLinkedID is duplicate"),
    Reason.REDUCE_ONLY: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Reason.POSITION_SIDE: (10001, "position idx not match position mode"),
    Reason.HALTED: (110074, "This contract is not live"),
    Reason.UNKNOWN_SYMBOL: (10001, "params error: symbol invalid"),
    Reason.MISSING: (10001, "params error: {} is required"),
    Reason.UNREAD: (10001, "params error: {} is unknown"),
    Reason.BAD_VALUE: (10001, "params error: {} invalid"),
    Reason.WINDOW: (10001, "The time range between startTime and endTime cannot exceed 7 days."),
    Reason.UNCHANGED_MODE: (110025, "Position mode is not modified"),
    Reason.UNCHANGED_MARGIN: (110026, "Cross/isolated margin mode is not modified"),
    Reason.UNCHANGED_LEVERAGE: (110043, "leverage not modified"),
    Reason.IN_USE: (110024, "You have an existing position, so position mode cannot be switched"),
    Reason.MARGIN_IN_USE: (110024, "You have an existing position, so margin mode cannot be switched"),
    Reason.TOO_MUCH_LEVERAGE: (110013, "cannot set leverage due to risk limit"),
    Reason.LATE: (10002, "invalid request, please check your server timestamp or recv_window param."),
    Reason.EARLY: (10002, "invalid request, please check your server timestamp or recv_window param."),
    Reason.SIGNATURE: (10004, "error sign! please check your signature generation algorithm."),
    Reason.KEY: (10003, "API key is invalid."),
    Reason.ADDRESS: (10010, "Unmatched IP, please check your API key's bound IP addresses."),
    Reason.RIGHT: (10005, "Permission denied, please check your API key permissions."),
    Reason.RATE: (10006, "Too many visits. Exceeded the API Rate Limit."),
    Reason.BANNED: (10018, "Exceeded the IP Rate Limit."),
    Reason.BUSY: (10429, "System level frequency protection"),
    Reason.UNKNOWN_OUTCOME: (10000, "Server Timeout"),
    Reason.MAINTENANCE: (10016, "Internal error: the service is restarting"),
    Reason.NO_SUCH_PATH: (10404, "path {} is unknown"),
}
#: where spot says it differently
SPOT_CODES: dict[Reason, tuple[int, str]] = {
    Reason.NO_MONEY: (170131, "Insufficient balance."),
    Reason.NOT_OPEN: (170213, "Order does not exist."),
    Reason.SMALL: (170140, "Order value exceeded lower limit."),
    Reason.LOT: (170137, "Order volume decimal too long"),
    Reason.TICK: (170134, "Order price decimal too long"),
    Reason.DUPLICATE: (170141, "Duplicate clientOrderId"),
    Reason.UNKNOWN_SYMBOL: (170121, "Invalid symbol."),
}
#: what comes with another HTTP status than 200
STATUSES = {Reason.BANNED: 403, Reason.NO_SUCH_PATH: 404}
