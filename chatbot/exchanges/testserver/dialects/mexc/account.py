"""What MEXC tells and lets change of an account: two wallets, positions, settings, transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.testserver.dialects.mexc.words import (
    WALLET_NAMES,
    WALLETS,
    enveloped,
    instrument_of,
    num,
    position_id,
    symbol_of,
    vol,
)
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.exchanges.testserver.account import Moved, Stake
    from chatbot.exchanges.testserver.dialect import Talk

_ISOLATED, _CROSS = 1, 2
_ZEROS = dict.fromkeys(("positionMargin", "availableBalance", "cashBalance", "frozenBalance", "equity", "unrealized", "bonus"), 0)


def spot_account(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/account: coins that it holds, and none besides; what it tells of rights is the account's, not the key's."""
    venue, account = talk.venue, talk.account
    rows = []
    for asset, amount in sorted(venue.ledger.all_of(account.purse(Wallet.SPOT)).items()):
        locked = venue.locked(account, asset)
        rows.append({"asset": asset, "free": plain(amount - locked), "locked": plain(locked)})
    may = {"canTrade": True, "canWithdraw": True, "canDeposit": True}
    return {**may, "updateTime": None, "accountType": "SPOT", "balances": rows, "permissions": ["SPOT"]}


def uid(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/uid: the account's number."""
    return {"uid": str(talk.account.number)}


def assets(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/account/assets: empty coins too; ``available`` and ``frozen`` lack the margin of positions."""
    margin, quote = talk.venue.margin(talk.account), talk.venue.quote
    usdt = {
        "currency": quote,
        "positionMargin": num(margin.positions_margin),
        "availableBalance": num(margin.free),
        "cashBalance": num(margin.withdrawable),
        "frozenBalance": num(margin.orders_margin),
        "equity": num(margin.equity),
        "unrealized": num(margin.unrealised),
        "bonus": 0,
    }
    held = talk.venue.ledger.all_of(talk.venue.purse(talk.account, Wallet.FUTURES))
    others = [_coin(asset, amount) for asset, amount in held.items() if asset != quote]
    return enveloped([usdt, {"currency": "BSV", **_ZEROS}, *others])


def _coin(asset: str, amount: Decimal) -> dict[str, Any]:
    return {"currency": asset, **_ZEROS, **dict.fromkeys(("availableBalance", "cashBalance", "equity"), num(amount))}


def positions(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/position/open_positions: what is not empty, without mark and value."""
    symbol = talk.request.get("symbol")
    rows = [_position(talk, *one) for one in talk.account.held()]
    return enveloped([row for row in rows if symbol in ("", row["symbol"])])


def _position(talk: Talk, name: str, about: str, stake: Stake) -> dict[str, Any]:
    margin, market, account = talk.venue.margin(talk.account), talk.venue.market(name), talk.account
    initial, entry = num(margin.position_margin(name, stake)), num(stake.entry)
    return {
        "positionId": position_id(talk, name, about),
        "symbol": symbol_of(talk, market),
        "positionType": 1 if stake.qty > 0 else 2,
        "openType": _ISOLATED if name in account.isolated else _CROSS,
        "state": 1,
        "holdVol": vol(market, abs(stake.qty)),
        "frozenVol": 0,
        "closeVol": 0,
        "holdAvgPrice": entry,
        "openAvgPrice": entry,
        "closeAvgPrice": 0,
        "liquidatePrice": num(margin.liquidation(name, stake)),
        "oim": initial,
        "im": initial,
        "holdFee": 0,
        "realised": 0,
        "leverage": num(leverage_of(account, name)),
        "createTime": talk.venue.now_ms,
        "updateTime": talk.venue.now_ms,
        "autoAddIm": False,
    }


def position_mode(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/position/position_mode: 1 is hedge mode."""
    return enveloped(1 if talk.account.hedge else 2)


def set_position_mode(talk: Talk) -> dict[str, Any]:
    """POST /api/v1/private/position/change_position_mode: to what it is already is no change."""
    hedge = talk.request.word("positionMode", {"1": True, "2": False})
    if hedge is not talk.account.hedge:
        talk.venue.set_hedge(talk.account, hedge=hedge)
    return {"success": True, "code": 0}


def leverage(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/position/leverage: of each side."""
    name = instrument_of(talk)
    told = {"level": 1, "maxVol": 463_300, "mmr": 0.004, "imr": 0.005, "limitBySys": False, "currentMmr": 0.004}
    mode = _ISOLATED if name in talk.account.isolated else _CROSS
    value = num(leverage_of(talk.account, name))
    return enveloped([{**told, "positionType": side, "openType": mode, "leverage": value} for side in (1, 2)])


def set_leverage(talk: Talk) -> dict[str, Any]:
    """POST /api/v1/private/position/change_leverage: of a position, or of a side of a contract that has none."""
    request, account = talk.request, talk.account
    value = request.number("leverage")
    held = {position_id(talk, name, about): name for name, about, _ in account.held()}
    if request.get("positionId"):
        name = held.get(request.whole("positionId", 0), "")
        if not name:
            raise Refusal(Reason.REDUCE_ONLY)
    else:
        name = instrument_of(talk)
        isolated = request.word("openType", {"1": True, "2": False})
        request.get("positionType")  # ccxt's call for margin mode does not name a side
        if name in held.values() and isolated is not (name in account.isolated):
            raise Refusal(Reason.MARGIN_IN_USE)
    talk.all_read()
    talk.venue.set_leverage(account, name, value)
    if not request.get("positionId"):
        (account.isolated.add if request.get("openType") == "1" else account.isolated.discard)(name)
    return {"success": True, "code": 0}


def transfer(talk: Talk) -> dict[str, Any]:
    """POST /api/v3/capital/transfer: a client has no id of its own for it."""
    request = talk.request
    source, target = request.word("fromAccountType", WALLETS), request.word("toAccountType", WALLETS)
    asset, amount = request.need("asset"), request.number("amount")
    talk.all_read()
    if source is target:
        raise Refusal(Reason.BAD_VALUE, "toAccountType")
    return {"tranId": _id(talk.venue.transfer(talk.account, source, target, asset, amount))}


def _id(moved: Moved) -> str:
    return f"{moved.number:032x}"


def transfers(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/capital/transfer: one direction, newest first."""
    request, venue = talk.request, talk.venue
    way = request.word("fromAccountType", WALLETS), request.word("toAccountType", WALLETS)
    since, until = request.whole("startTime", venue.now_ms - 7 * 86_400_000), request.whole("endTime", venue.now_ms)
    found = [
        one
        for one in reversed(talk.account.moved)
        if (one.source, one.target) == way and since <= one.at_ms <= until and venue.seen(one.at_ms)
    ]
    size, page = min(100, request.whole("size", 10)), max(1, request.whole("page", 1))
    return {"rows": [_moved(one) for one in found[(page - 1) * size : page * size]], "total": len(found)}


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "tranId": _id(one),
        "clientTranId": None,
        "asset": one.asset,
        "amount": plain(one.amount),
        "fromAccountType": WALLET_NAMES[one.source],
        "toAccountType": WALLET_NAMES[one.target],
        "fromSymbol": None,
        "toSymbol": None,
        "status": "SUCCESS",
        "timestamp": one.at_ms,
    }


def coins(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/capital/config/getall: ccxt asks for it when it loads currencies with a key."""
    names = [talk.venue.quote, *(name for name in talk.venue.markets if not is_perp(name))]
    return [{"coin": name, "name": name, "networkList": []} for name in names]


def deducts(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/mxDeduct/enable: whether fees are paid in the exchange's coin."""
    told = {"mxDeductEnable": bool(talk.account.pays_in)}
    return {"data": told, "code": 0, "msg": "success", "timestamp": talk.venue.now_ms}


def trade_fee(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/tradeFee."""
    market = talk.venue.market(instrument_of(talk))
    told = {"makerCommission": num(market.maker_fee), "takerCommission": num(market.taker_fee)}
    return {"data": told, "code": 0, "msg": "success", "timestamp": talk.venue.now_ms}


def transfer_records(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/private/account/transfer_record: into the futures wallet and out of it, newest first."""
    request, venue = talk.request, talk.venue
    rows = [
        {
            "id": one.number,
            "txid": _id(one),
            "currency": one.asset,
            "amount": num(one.amount if one.amount > 0 else ZERO),
            "type": "IN" if one.target is Wallet.FUTURES else "OUT",
            "state": "SUCCESS",
            "createTime": one.at_ms,
            "updateTime": one.at_ms,
        }
        for one in reversed(talk.account.moved)
        if Wallet.FUTURES in (one.source, one.target) and venue.seen(one.at_ms)
    ]
    size, page = min(100, request.whole("page_size", 20)), max(1, request.whole("page_num", 1))
    told = {"pageSize": size, "totalCount": len(rows), "totalPage": -(-len(rows) // max(1, size)), "currentPage": page}
    return enveloped({**told, "resultList": rows[(page - 1) * size : page * size]})
