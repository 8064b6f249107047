"""What BingX tells and lets change of an account: balances, positions, settings, the key."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialects.bingx.words import enveloped, instrument_of, symbol_of
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Stake
    from chatbot.exchanges.testserver.dialect import Talk

_LONG_AGO_MS = 1_702_289_687_211
#: what the numbers of a key's rights stand for
_RIGHTS = {Right.SPOT: 1, Right.READ: 2, Right.FUTURES: 3, Right.TRANSFER: 4, Right.WITHDRAW: 5}
_CENTS = Decimal("1e-8")


def spot_balance(talk: Talk) -> dict[str, Any]:
    """GET /openApi/spot/v1/account/balance: some coins of which there is nothing stand there too."""
    account, venue = talk.account, talk.venue
    held = venue.ledger.all_of(account.purse(Wallet.SPOT))
    rows = []
    for asset in sorted({venue.quote, "VST", *held}):
        locked = venue.locked(account, asset)
        rows.append({"asset": asset, "free": plain(held.get(asset, ZERO) - locked), "locked": plain(locked)})
    return enveloped(talk, {"balances": rows})


def fund_balance(talk: Talk) -> dict[str, Any]:
    """GET /openApi/fund/v1/account/balance."""
    held = talk.venue.ledger.all_of(talk.account.purse(Wallet.FUNDING))
    return enveloped(talk, {"assets": [{"asset": asset, "free": plain(amount), "locked": "0"} for asset, amount in held.items()]})


def swap_balance(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v3/user/balance: the row of a coin that was never there holds empty texts."""
    margin, account = talk.venue.margin(talk.account), talk.account
    empty = dict.fromkeys(("userId", "balance", "equity", "unrealizedProfit", "availableMargin", "usedMargin", "freezedMargin"), "")
    told = {
        "userId": str(account.number),
        "asset": talk.venue.quote,
        "balance": plain(margin.wallet),
        "equity": _short(margin.equity),
        "unrealizedProfit": _short(margin.unrealised),
        "realisedProfit": "0",
        "availableMargin": _short(margin.free),
        "usedMargin": _short(margin.positions_margin),
        "freezedMargin": _short(margin.orders_margin),
        "shortUid": "123",
    }
    return enveloped(talk, [told, {**empty, "asset": "USDC", "realisedProfit": "0", "shortUid": "123"}])


def _short(value: Decimal) -> str:
    return plain(value.quantize(_CENTS))


def positions(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/user/positions: amounts without a sign."""
    symbol = talk.request.get("symbol")
    rows = [_position(talk, *one) for one in talk.account.held()]
    return enveloped(talk, [row for row in rows if symbol in ("", row["symbol"])])


def _position(talk: Talk, name: str, about: str, stake: Stake) -> dict[str, Any]:
    margin, account = talk.venue.margin(talk.account), talk.account
    side = about if about != BOTH else LONG if stake.qty > 0 else SHORT
    initial = _short(margin.position_margin(name, stake))
    return {
        "positionId": f"17924807259588{account.number}",
        "symbol": symbol_of(talk, talk.venue.market(name)),
        "currency": talk.venue.quote,
        "positionAmt": plain(abs(stake.qty)),
        "availableAmt": plain(abs(stake.qty)),
        "positionSide": side,
        "isolated": name in account.isolated,
        "avgPrice": _short(stake.entry),
        "initialMargin": initial,
        "margin": initial,
        "leverage": int(leverage_of(account, name)),
        "unrealizedProfit": _short(margin.profit(name, stake)),
        "realisedProfit": "0",
        "liquidationPrice": float(_short(margin.liquidation(name, stake))),
        "pnlRatio": "0",
        "maxMarginReduction": "0.0000",
        "riskRate": "0.0008",
        "markPrice": plain(margin.marks[name]),
        "positionValue": _short(abs(stake.qty) * margin.marks[name]),
        "onlyOnePosition": not account.hedge,
        "updateTime": talk.venue.now_ms,
    }


def margin_mode(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/trade/marginType."""
    name = instrument_of(talk)
    return enveloped(talk, {"marginType": "ISOLATED" if name in talk.account.isolated else "CROSSED"})


def set_margin_mode(talk: Talk) -> dict[str, Any]:
    """POST /openApi/swap/v2/trade/marginType: the answer has no data."""
    name, account = instrument_of(talk), talk.account
    isolated = talk.request.word("marginType", {"CROSSED": False, "ISOLATED": True})
    talk.all_read()
    if any(held == name for held, _, _ in account.held()):
        raise Refusal(Reason.MARGIN_IN_USE)
    (account.isolated.add if isolated else account.isolated.discard)(name)
    return {"code": 0, "msg": ""}


def leverage(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/trade/leverage."""
    name = instrument_of(talk)
    now, most = int(leverage_of(talk.account, name)), int(talk.venue.market(name).max_leverage)
    return enveloped(talk, {"longLeverage": now, "shortLeverage": now, "maxLongLeverage": most, "maxShortLeverage": most})


def set_leverage(talk: Talk) -> dict[str, Any]:
    """POST /openApi/swap/v2/trade/leverage: one side, or both in one-way mode."""
    name, value = instrument_of(talk), talk.request.number("leverage")
    sides = (LONG, SHORT) if talk.account.hedge else (BOTH,)
    talk.request.word("side", dict.fromkeys(sides))
    talk.all_read()
    talk.venue.set_leverage(talk.account, name, value)
    return enveloped(talk, {"leverage": int(value), "symbol": talk.request.get("symbol"), "availableLongVol": "0.0000"})


def position_mode(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v1/positionSide/dual: yes or no as text."""
    return enveloped(talk, {"dualSidePosition": "true" if talk.account.hedge else "false"})


def set_position_mode(talk: Talk) -> dict[str, Any]:
    """POST /openApi/swap/v1/positionSide/dual."""
    hedge = talk.request.word("dualSidePosition", {"true": True, "false": False})
    talk.all_read()
    if talk.account.hedge is not hedge:
        talk.venue.set_hedge(talk.account, hedge=hedge)
    return position_mode(talk)


def asset_mode(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v1/trade/assetMode."""
    return enveloped(talk, {"assetMode": "multiAssetsMode" if talk.account.multi_assets else "singleAssetMode"})


def coins(talk: Talk) -> dict[str, Any]:
    """GET /openApi/wallets/v1/capital/config/getall: ccxt asks for it when it loads currencies with a key."""
    names = [talk.venue.quote, *(name for name in talk.venue.markets if not is_perp(name))]
    return enveloped(talk, [{"coin": name, "name": name, "networkList": []} for name in names])


def uid(talk: Talk) -> dict[str, Any]:
    """GET /openApi/account/v1/uid."""
    return enveloped(talk, {"uid": talk.account.number})


def key_info(talk: Talk) -> dict[str, Any]:
    """GET /openApi/account/v1/apiKey/query: the keys of an account, their names hidden but for both ends; no right is named."""
    talk.request.need("uid")
    account, wanted = talk.account, talk.request.get("apiKey")
    keys = {account.key: account, **{key: one for key, one in talk.venue.more_keys.items() if one.number == account.number}}
    rows = [
        {
            "apiKey": f"{key[:2]}*******{key[-2:]}",
            "note": "note****",
            "permissions": sorted(_RIGHTS[right] for right in one.rights),
            "ipAddresses": list(one.addresses) or [""],
            "status": 0,
            "createTime": _LONG_AGO_MS,
            "updateTime": _LONG_AGO_MS,
        }
        for key, one in keys.items()
        if wanted in ("", key)
    ]
    return enveloped(talk, {"apiInfos": rows})
