"""What the codes of each exchange say of a key that asks it something: those that ccxt 4.5.90 names, and recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.model import KeyProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

#: exchange -> code -> what it says of a key. Behind replaced addresses ccxt knows no code, and Binance's -2015 comes as a rate limit
#: after one success: so they are read here, from the text of the answer
KEY_CODES: Final[Mapping[str, Mapping[str, KeyProblem]]] = {
    "binance": {
        "-2014": KeyProblem.NOT_ACCEPTED,
        "-2008": KeyProblem.NOT_ACCEPTED,
        "-2015": KeyProblem.NOT_ACCEPTED,  # the same for an unknown key and for a foreign address
        "-1022": KeyProblem.FOREIGN_SECRET,
        "-1021": KeyProblem.CLOCK,
    },
    "bingx": {
        "100413": KeyProblem.NOT_ACCEPTED,
        "100001": KeyProblem.FOREIGN_SECRET,
        "100004": KeyProblem.MAY_NOT_READ,
        "100419": KeyProblem.OTHER_ADDRESS,
        # of a question whose parameters are right, nothing but its time can be wrong
        "109400": KeyProblem.CLOCK,
        "100421": KeyProblem.CLOCK,
    },
    "bybit": {
        "10003": KeyProblem.NOT_ACCEPTED,
        "10004": KeyProblem.FOREIGN_SECRET,
        "10005": KeyProblem.MAY_NOT_READ,
        "10010": KeyProblem.OTHER_ADDRESS,
        "10002": KeyProblem.CLOCK,
        "33004": KeyProblem.EXPIRED,
    },
    "mexc": {
        "10072": KeyProblem.NOT_ACCEPTED,
        "401": KeyProblem.NOT_ACCEPTED,
        "402": KeyProblem.EXPIRED,
        "602": KeyProblem.FOREIGN_SECRET,
        "700002": KeyProblem.FOREIGN_SECRET,
        "406": KeyProblem.OTHER_ADDRESS,
        "700006": KeyProblem.OTHER_ADDRESS,
        "700007": KeyProblem.MAY_NOT_READ,
        **dict.fromkeys(("701", "703"), KeyProblem.MAY_NOT_READ),
        **dict.fromkeys(("513", "10073", "700003"), KeyProblem.CLOCK),
    },
    # as ccxt 4.5.90 names them
    "weex": {
        "-1044": KeyProblem.NOT_ACCEPTED,
        "-1049": KeyProblem.NOT_ACCEPTED,  # the same for an unknown key and for a wrong passphrase
        "-1047": KeyProblem.FOREIGN_SECRET,
        "-1051": KeyProblem.MAY_NOT_READ,
        "-1052": KeyProblem.MAY_NOT_READ,
        "-3236": KeyProblem.MAY_NOT_READ,
        "-1056": KeyProblem.OTHER_ADDRESS,
        "-1043": KeyProblem.CLOCK,
        "-1046": KeyProblem.CLOCK,
    },
}
