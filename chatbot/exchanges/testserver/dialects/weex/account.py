"""What WEEX tells and lets change of an account: balances, positions, how contracts are held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.testserver.dialects.weex.words import instrument_of, markets_of, symbol_of, text
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.account import Stake
    from chatbot.exchanges.testserver.dialect import Talk

_SUCCESS = {"code": "200", "msg": "success"}
_ZEROS = ("cumCloseSize", "cumCloseValue", "cumCloseFee", "cumFundingFee", "cumLiquidateFee", "openFee", "fundingFee")


def spot_account(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/account/: coins of which there is something; what may be done is told of the account, and not of the key."""
    account, venue = talk.account, talk.venue
    rows = []
    for asset, amount in sorted(venue.ledger.all_of(account.purse(Wallet.SPOT)).items()):
        locked = venue.locked(account, asset)
        rows.append({"asset": asset, "free": text(amount - locked), "locked": plain(locked)})
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "commissionRates": {"maker": "0.0010", "taker": "0.0010"},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "permissions": ["SPOT_TRADING"],
        "balances": rows,
        "uid": account.number,
    }


def futures_balance(talk: Talk) -> list[dict[str, Any]]:
    """GET /capi/v3/account/balance: without unrealised profit; nothing is told of a wallet that was never used."""
    account, venue = talk.account, talk.venue
    margin, held = venue.margin(account), venue.ledger.all_of(venue.purse(account, Wallet.FUTURES))
    if held or account.held():
        held.setdefault(venue.quote, ZERO)
    rows = []
    for asset, amount in sorted(held.items()):
        is_quote = asset == venue.quote
        rows.append(
            {
                "asset": asset,
                "balance": text(amount),
                "availableBalance": text(margin.free if is_quote else amount),
                "frozen": text(margin.orders_margin if is_quote else ZERO),
                "unrealizePnl": text(margin.unrealised if is_quote else ZERO),
            }
        )
    return rows


def positions(talk: Talk) -> list[dict[str, Any]]:
    """GET position/allPosition, or singlePosition: what there is, valued as it was opened, without a mark."""
    symbol = talk.request.get("symbol")
    rows = [_position(talk, *one) for one in talk.account.held()]
    return [row for row in rows if symbol in ("", row["symbol"])]


def _position(talk: Talk, name: str, about: str, stake: Stake) -> dict[str, Any]:
    margin, account, size = talk.venue.margin(talk.account), talk.account, plain(abs(stake.qty))
    value, isolated = text(abs(stake.cost)), name in account.isolated
    needed = text(margin.position_margin(name, stake))
    return {
        "id": 689_987_235_755_328_154,
        "asset": talk.venue.quote,
        "symbol": symbol_of(talk, talk.venue.market(name)),
        "side": (LONG if stake.qty > 0 else SHORT) if about == BOTH else about,
        "marginType": "ISOLATED" if isolated else "CROSSED",
        "separatedMode": _mode(talk),
        "separatedOpenOrderId": 0,
        "leverage": text(leverage_of(account, name), 2),
        "size": size,
        "openValue": value,
        "marginSize": needed,
        "isolatedMargin": needed if isolated else "0",
        "isAutoAppendIsolatedMargin": False,
        "cumOpenSize": size,
        "cumOpenValue": value,
        "cumOpenFee": "0",
        **dict.fromkeys(_ZEROS, "0"),
        "createdMatchSequenceId": 7_027_745_116,
        "updatedMatchSequenceId": 7_040_274_110,
        "createdTime": talk.venue.now_ms,
        "updatedTime": talk.venue.now_ms,
        "unrealizePnl": text(margin.profit(name, stake)),
        "liquidatePrice": plain(margin.liquidation(name, stake)),
    }


def _mode(talk: Talk) -> str:
    return "SEPARATED" if talk.account.hedge else "COMBINED"


def account_config(talk: Talk) -> dict[str, Any]:
    """GET /capi/v3/account/accountConfig: a long and a short may always stand beside each other."""
    may = {"canTrade": True, "canDeposit": True, "canWithdraw": True}
    return {**may, "dualSidePosition": True, "updateTime": talk.venue.now_ms}


def symbol_config(talk: Talk) -> list[dict[str, Any]]:
    """GET /capi/v3/account/symbolConfig."""
    return [_config(talk, market) for market in markets_of(talk)]


def _config(talk: Talk, market: Market) -> dict[str, Any]:
    leverage = text(leverage_of(talk.account, market.instrument), 2)
    return {
        "symbol": symbol_of(talk, market),
        "marginType": "ISOLATED" if market.instrument in talk.account.isolated else "CROSSED",
        "separatedType": _mode(talk),
        "crossLeverage": leverage,
        "isolatedLongLeverage": leverage,
        "isolatedShortLeverage": leverage,
    }


def set_leverage(talk: Talk) -> dict[str, Any]:
    """POST /capi/v3/account/leverage: as in cross margin."""
    name, leverage = instrument_of(talk), talk.request.number("crossLeverage")
    talk.request.get("marginType")
    talk.all_read()
    talk.venue.set_leverage(talk.account, name, leverage)
    row = _config(talk, talk.venue.market(name))
    return {key: value for key, value in row.items() if key != "separatedType"}


def set_margin_mode(talk: Talk) -> dict[str, Any]:
    """POST /capi/v3/account/marginType: the margin of a contract, and whether its orders make one position."""
    name, account = instrument_of(talk), talk.account
    isolated = talk.request.word("marginType", {"CROSSED": False, "ISOLATED": True})
    if any(held == name for held, _, _ in account.held()) and isolated is not (name in account.isolated):
        raise Refusal(Reason.MARGIN_IN_USE)
    if talk.request.get("separatedType"):
        hedge = talk.request.word("separatedType", {"COMBINED": False, "SEPARATED": True})
        if hedge is not account.hedge:
            talk.venue.set_hedge(account, hedge=hedge)
    (account.isolated.add if isolated else account.isolated.discard)(name)
    return {**_SUCCESS, "requestTime": talk.venue.now_ms}


def commission(talk: Talk) -> dict[str, Any]:
    """GET /capi/v3/account/commissionRate."""
    market = talk.venue.market(instrument_of(talk))
    rates = {"makerCommissionRate": plain(market.maker_fee), "takerCommissionRate": plain(market.taker_fee)}
    return {"symbol": symbol_of(talk, market), **rates}


def trading_symbols(talk: Talk) -> list[str]:
    """GET apiTradingSymbols: what keys may trade, which is everything here."""
    return [symbol_of(talk, market) for name, market in talk.venue.markets.items() if not is_perp(name)]
