"""WEEX's codes and texts for every reason to refuse, and the shapes in which it says them."""

from __future__ import annotations

from chatbot.exchanges.testserver.words import Reason

#: reason -> HTTP status, code, text; codes that are in no table of ccxt's are ours: nobody has seen WEEX's
CODES: dict[Reason, tuple[int, int, str]] = {
    Reason.NO_MONEY: (400, -2010, "amount not enough"),
    Reason.NO_MARGIN: (200, -1054, "FAILED_PRECONDITION: Move margin available amount not enough. Move out amount is {}"),
    Reason.NOT_FOUND: (400, -2200, "Order does not exist."),
    Reason.NOT_OPEN: (400, -2200, "Order does not exist."),
    Reason.WOULD_TAKE: (400, -1115, "Invalid timeInForce."),
    Reason.SMALL: (400, -1140, "Parameter validation failed. {}"),
    Reason.LOT: (400, -1160, "Decimal precision error. {}"),
    Reason.TICK: (400, -1160, "Decimal precision error. {}"),
    Reason.DUPLICATE: (400, -1999, "Client order id {} is there already."),
    Reason.REDUCE_ONLY: (400, -1128, "Combination of optional parameters invalid."),
    Reason.POSITION_SIDE: (400, -1128, "Combination of optional parameters invalid."),
    Reason.HALTED: (403, -1058, "No permission for this trading pair."),
    Reason.UNKNOWN_SYMBOL: (400, -1121, "Invalid symbol."),
    Reason.MISSING: (400, -1141, "Parameter {} cannot be empty."),
    Reason.UNREAD: (400, -1140, "{}."),
    Reason.BAD_VALUE: (400, -1142, "Parameter {} is invalid."),
    Reason.WINDOW: (400, -1171, "startTime cannot be greater than endTime."),
    Reason.UNCHANGED_MODE: (400, -1142, "Parameter separatedType is invalid."),
    Reason.UNCHANGED_MARGIN: (400, -1142, "Parameter marginType is invalid."),
    Reason.UNCHANGED_LEVERAGE: (400, -1142, "Parameter leverage is invalid."),
    Reason.IN_USE: (400, -1142, "Parameter separatedType is invalid."),
    Reason.MARGIN_IN_USE: (400, -1142, "Parameter marginType is invalid."),
    Reason.TOO_MUCH_LEVERAGE: (400, -3313, "Leverage exceeds maximum limit."),
    Reason.LATE: (400, -1046, "Request timestamp expired."),
    Reason.EARLY: (400, -1046, "Request timestamp expired."),
    Reason.SIGNATURE: (401, -1047, "API authentication failed."),
    Reason.KEY: (401, -1049, "API key or passphrase incorrect."),
    Reason.ADDRESS: (403, -1056, "Invalid IP address."),
    Reason.RIGHT: (403, -1052, "Insufficient permissions for this action."),
    Reason.RATE: (429, 429, "Too many requests"),
    Reason.BANNED: (429, 429, "Too many requests"),
    Reason.BUSY: (200, -1054, "System error, please retry later."),
    Reason.UNKNOWN_OUTCOME: (200, -1000, "An unknown error occurred."),
    Reason.MAINTENANCE: (503, -1054, "System error, please retry later."),
    Reason.NO_SUCH_PATH: (404, -1150, "Request method not supported."),
}
#: where contracts say it differently
OF_CONTRACTS: dict[Reason, tuple[int, int, str]] = {
    Reason.NOT_FOUND: (400, -3200, "Order does not exist."),
    Reason.NOT_OPEN: (400, -3200, "Order does not exist."),
    Reason.HALTED: (403, -3235, "No permission for this trading pair."),
}
#: an order that is not there to be cancelled, on spot
FAILED = "FAILED_ORDER_NOT_FOUND"
