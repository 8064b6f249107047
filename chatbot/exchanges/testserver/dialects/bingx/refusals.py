"""BingX's codes and texts for every reason to refuse; nearly all of them come with HTTP 200, and one code stands for many things."""

from __future__ import annotations

from chatbot.exchanges.testserver.words import Reason

_BUSY = "The current system is busy, please try again later"
#: reason -> code, text, as contracts say it
CODES: dict[Reason, tuple[int, str]] = {
    Reason.NO_MONEY: (100202, "Insufficient assets, please verify the assets status"),
    Reason.NO_MARGIN: (80012, '{{"Code":101253,"Msg":"margin is not enough"}}'),
    Reason.NOT_FOUND: (80016, "order does not exist"),
    Reason.NOT_OPEN: (80001, "service has some errors, order not exist"),
    Reason.WOULD_TAKE: (101215, "The Maker (Post Only) order ensures that the user always acts as a maker."),
    Reason.SMALL: (110425, "Please ensure that the minimum nominal value of the order placed must be greater than 2u"),
    Reason.LOT: (109400, "Invalid parameters, err:quantity: {}"),
    Reason.TICK: (109400, "Invalid parameters, err:price: {}"),
    Reason.DUPLICATE: (101481, "clientOrderID cannot be repeated"),
    Reason.REDUCE_ONLY: (101290, "The Reduce Only order can only decrease the position and not be used to open a position."),
    Reason.POSITION_SIDE: (109400, "In the One-way mode, the 'PositionSide' field can only be set to BOTH."),
    Reason.HALTED: (109418, "trading pair is offline"),
    Reason.UNKNOWN_SYMBOL: (109425, "{}-USDT not exist, please verify it"),
    Reason.MISSING: (109400, "Invalid parameters, err:{}: This field is required."),
    Reason.UNREAD: (109400, "Invalid parameters, err:{} is unknown"),
    Reason.BAD_VALUE: (109400, "Invalid parameters, err:{}"),
    Reason.WINDOW: (109400, "Invalid parameters, err:the range is too long"),
    Reason.UNCHANGED_MODE: (109400, "position mode is not changed"),
    Reason.UNCHANGED_MARGIN: (109400, "margin mode is not changed"),
    Reason.UNCHANGED_LEVERAGE: (109400, "leverage is not changed"),
    Reason.IN_USE: (109400, "the account has positions or pending orders"),
    Reason.MARGIN_IN_USE: (109400, "the account has positions or pending orders"),
    Reason.TOO_MUCH_LEVERAGE: (101414, "The maximum leverage for the trading pair is lower, please reduce the leverage"),
    Reason.LATE: (109400, "timestamp is invalid"),
    Reason.EARLY: (100421, "Null timestamp or timestamp mismatch"),
    Reason.SIGNATURE: (100001, "signature verification failed"),
    Reason.KEY: (100413, "Incorrect apiKey"),
    Reason.ADDRESS: (100419, "your current request IP does not match IP whitelist"),
    Reason.RIGHT: (100004, "Permission denied as the API key was created without the permission"),
    Reason.RATE: (100410, "rate limited"),
    Reason.BANNED: (100410, "The endpoint trigger frequency limit rule is currently in the disabled period and will be unblocked after {}"),
    Reason.BUSY: (100410, _BUSY),
    Reason.UNKNOWN_OUTCOME: (100500, _BUSY),
    Reason.MAINTENANCE: (80012, "Service Unavailable"),
    Reason.NO_SUCH_PATH: (100400, "this api is not exist: {}"),
}
#: where spot says it differently
SPOT_CODES: dict[Reason, tuple[int, str]] = {
    Reason.NOT_OPEN: (100400, "the order you want to cancel is FILLED or CANCELLED already, or is not a valid order id ,please verify"),
    Reason.SMALL: (100400, "check limit entrust value fail, entrust volume too low"),
    Reason.LOT: (100400, "quantity: {}"),
    Reason.TICK: (100400, "price can't be {}"),
    Reason.HALTED: (100421, "This pair is currently restricted from API trading"),
    Reason.UNKNOWN_SYMBOL: (100400, "invalid symbol, send symbol like BTC-USDT"),
    Reason.MISSING: (100400, "miss arguments: {}"),
}
#: what comes with another HTTP status than 200
STATUSES = {Reason.NO_SUCH_PATH: 404}
