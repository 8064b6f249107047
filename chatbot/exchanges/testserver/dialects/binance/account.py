"""What Binance tells and lets change of an account: balances, positions, history of the futures wallet, transfers, settings, the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, is_perp
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialects.binance.orders import window
from chatbot.exchanges.testserver.dialects.binance.words import DAY_MS, WALLETS, instrument_of, symbol_of, text
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Moved, Stake
    from chatbot.exchanges.testserver.dialect import Talk

_LONG_AGO_MS = 1_698_645_219_000
#: what version 3 of the account tells of a position, and the list of balances of the wallet
_IN_ACCOUNT = (
    "symbol",
    "positionSide",
    "positionAmt",
    "unrealizedProfit",
    "isolatedMargin",
    "notional",
    "isolatedWallet",
    "initialMargin",
    "maintMargin",
    "updateTime",
)
_IN_BALANCE = ("asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "marginAvailable", "updateTime")


def spot_account(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/account: what is lent out stands there too, under a name of its own."""
    account, venue = talk.account, talk.venue
    held = venue.ledger.all_of(account.purse(Wallet.SPOT))
    assets = {venue.quote, *(name for name in venue.markets if not is_perp(name)), *held}
    if talk.request.get("omitZeroBalances") == "true":
        assets = set(held)
    rows = []
    for asset in sorted(assets):
        locked = venue.locked(account, asset)
        rows.append({"asset": asset, "free": text(held.get(asset, ZERO) - locked), "locked": text(locked)})
    lent = venue.ledger.all_of(account.purse(Wallet.EARN))
    rows += [{"asset": f"LD{asset}", "free": text(amount), "locked": text(ZERO)} for asset, amount in lent.items()]
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": venue.now_ms,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": account.number,
    }


def futures_account(talk: Talk) -> dict[str, Any]:
    """GET /fapi/v3/account; v2 too, which also tells every contract's settings."""
    account, venue = talk.account, talk.venue
    margin = venue.margin(account)
    asset = _futures_asset(talk)
    held = account.held()
    if not _is_newest(talk):
        known = {(name, about) for name, about, _ in held}
        sides = [(name, about) for name in venue.markets if is_perp(name) for about in account.sides()]
        held += [(name, about, account.stake(name, about)) for name, about in sides if (name, about) not in known]
    rows = [_position(talk, *one) for one in held]
    return {
        **({} if _is_newest(talk) else {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True}),
        "totalInitialMargin": asset["initialMargin"],
        "totalMaintMargin": asset["maintMargin"],
        "totalWalletBalance": asset["walletBalance"],
        "totalUnrealizedProfit": asset["unrealizedProfit"],
        "totalMarginBalance": asset["marginBalance"],
        "totalPositionInitialMargin": asset["positionInitialMargin"],
        "totalOpenOrderInitialMargin": asset["openOrderInitialMargin"],
        "totalCrossWalletBalance": text(margin.wallet),
        "totalCrossUnPnl": text(margin.unrealised),
        "availableBalance": text(margin.free),
        "maxWithdrawAmount": text(margin.withdrawable),
        "assets": [asset],
        "positions": [{name: row[name] for name in _IN_ACCOUNT} for row in rows] if _is_newest(talk) else rows,
    }


def _is_newest(talk: Talk) -> bool:
    """Tell whether a request asks for version 3 of a call: it tells only what there is, without the settings."""
    return talk.request.path.startswith("/fapi/v3")


def _futures_asset(talk: Talk) -> dict[str, Any]:
    margin = talk.venue.margin(talk.account)
    return {
        "asset": talk.venue.quote,
        "walletBalance": text(margin.wallet),
        "unrealizedProfit": text(margin.unrealised),
        "marginBalance": text(margin.equity),
        "maintMargin": text(margin.maintenance),
        "initialMargin": text(margin.positions_margin + margin.orders_margin),
        "positionInitialMargin": text(margin.positions_margin),
        "openOrderInitialMargin": text(margin.orders_margin),
        "crossWalletBalance": text(margin.wallet),
        "crossUnPnl": text(margin.unrealised),
        "availableBalance": text(margin.free),
        "maxWithdrawAmount": text(margin.withdrawable),
        "marginAvailable": True,
        "updateTime": talk.venue.now_ms,
    }


def futures_balance(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v3/balance."""
    row = _futures_asset(talk)
    return [{"accountAlias": "SgsR", "balance": row["walletBalance"], **{name: row[name] for name in _IN_BALANCE}}]


def positions(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v3/positionRisk: what is not empty; v2 tells every contract."""
    account, symbol = talk.account, talk.request.get("symbol")
    rows = [_position(talk, *one) for one in account.held()]
    if not _is_newest(talk):
        told = {(row["symbol"], row["positionSide"]) for row in rows}
        for name, market in talk.venue.markets.items():
            missing = [about for about in account.sides() if is_perp(name) and (symbol_of(talk, market), about) not in told]
            rows += [_position(talk, name, about, account.stake(name, about)) for about in missing]
    return [row for row in rows if symbol in ("", row["symbol"])]


def _position(talk: Talk, name: str, about: str, stake: Stake) -> dict[str, Any]:
    margin, account = talk.venue.margin(talk.account), talk.account
    profit, initial = text(margin.profit(name, stake)), text(margin.position_margin(name, stake))
    row = {
        "symbol": symbol_of(talk, talk.venue.market(name)),
        "positionSide": about,
        "positionAmt": plain(stake.qty),
        "entryPrice": text(stake.entry),
        "breakEvenPrice": text(stake.entry),
        "markPrice": text(margin.marks[name]),
        "unRealizedProfit": profit,
        "unrealizedProfit": profit,
        "liquidationPrice": text(margin.liquidation(name, stake)) if stake.qty else "0",
        "isolatedMargin": initial if name in account.isolated and stake.qty else "0",
        "notional": text(stake.qty * margin.marks[name]),
        "marginAsset": talk.venue.quote,
        "isolatedWallet": initial if name in account.isolated and stake.qty else "0",
        "initialMargin": initial,
        "maintMargin": text(margin.kept(name, stake)),
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": talk.venue.now_ms,
    }
    if not _is_newest(talk):
        isolated = name in account.isolated
        row |= {"leverage": f"{leverage_of(account, name):f}", "isolated": isolated, "marginType": "isolated" if isolated else "cross"}
    return row


def income(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v1/income: above 0 it was received."""
    request, venue = talk.request, talk.venue
    kind, symbol = request.get("incomeType"), request.get("symbol")
    since, until = window(talk)
    rows = []
    for one in talk.account.income:
        name = one.instrument.removesuffix(PERP) + venue.quote if one.instrument else ""
        if since <= one.at_ms <= until and kind in ("", one.kind) and symbol in ("", name) and venue.seen(one.at_ms):
            row = {"symbol": name, "incomeType": one.kind, "income": text(one.amount), "asset": venue.quote, "info": one.kind}
            rows.append({**row, "time": one.at_ms, "tranId": str(one.number), "tradeId": ""})
    return rows[: request.whole("limit", 100)]


def transfer(talk: Talk) -> dict[str, Any]:
    """POST /sapi/v1/asset/transfer: a client has no id of its own for it."""
    request = talk.request
    source, target = _way(request.need("type"))
    asset, amount = request.need("asset"), request.number("amount")
    talk.all_read()
    return {"tranId": talk.venue.transfer(talk.account, source, target, asset, amount).number}


def _way(kind: str) -> tuple[Wallet, Wallet]:
    source, _, target = kind.partition("_")
    if source not in WALLETS or target not in WALLETS or source == target:
        raise Refusal(Reason.BAD_VALUE, "type")
    return WALLETS[source], WALLETS[target]


def transfers(talk: Talk) -> dict[str, Any]:
    """GET /sapi/v1/asset/transfer: newest first, a page of at most 100."""
    request, venue = talk.request, talk.venue
    kind = request.need("type")
    way, until = _way(kind), request.whole("endTime", venue.now_ms)
    since = request.whole("startTime", until - 7 * DAY_MS)
    found = [
        one
        for one in reversed(talk.account.moved)
        if (one.source, one.target) == way and since <= one.at_ms <= until and venue.seen(one.at_ms)
    ]
    size, page = min(100, request.whole("size", 10)), request.whole("current", 1)
    return {"total": len(found), "rows": [_moved(one, kind) for one in found[(page - 1) * size : page * size]]}


def _moved(one: Moved, kind: str) -> dict[str, Any]:
    row = {"asset": one.asset, "amount": plain(one.amount), "type": kind, "status": "CONFIRMED"}
    return {**row, "tranId": one.number, "timestamp": one.at_ms}


def set_leverage(talk: Talk) -> dict[str, Any]:
    """POST /fapi/v1/leverage."""
    name, leverage = instrument_of(talk), talk.request.number("leverage")
    talk.all_read()
    talk.venue.set_leverage(talk.account, name, leverage)
    return {"leverage": int(leverage), "maxNotionalValue": "1000000", "symbol": talk.request.get("symbol")}


def set_margin_mode(talk: Talk) -> dict[str, Any]:
    """POST /fapi/v1/marginType: asked for what it is already, Binance refuses."""
    name, account = instrument_of(talk), talk.account
    isolated = talk.request.word("marginType", {"CROSSED": False, "ISOLATED": True})
    talk.all_read()
    if isolated is (name in account.isolated):
        raise Refusal(Reason.UNCHANGED_MARGIN)
    if any(held == name for held, _, _ in account.held()):
        raise Refusal(Reason.MARGIN_IN_USE)
    (account.isolated.add if isolated else account.isolated.discard)(name)
    return {"code": 200, "msg": "success"}


def set_position_mode(talk: Talk) -> dict[str, Any]:
    """POST /fapi/v1/positionSide/dual."""
    hedge = talk.request.word("dualSidePosition", {"true": True, "false": False})
    talk.all_read()
    talk.venue.set_hedge(talk.account, hedge=hedge)
    return {"code": 200, "msg": "success"}


def position_mode(talk: Talk) -> dict[str, Any]:
    """GET /fapi/v1/positionSide/dual."""
    return {"dualSidePosition": talk.account.hedge}


def multi_assets(talk: Talk) -> dict[str, Any]:
    """GET /fapi/v1/multiAssetsMargin."""
    return {"multiAssetsMargin": talk.account.multi_assets}


def account_info(talk: Talk) -> dict[str, Any]:
    """GET /sapi/v1/account/info."""
    rest = {"vipLevel": 0, "isMarginEnabled": True, "isFutureEnabled": True}
    return {**rest, "isPortfolioMarginRetailEnabled": talk.account.portfolio_margin}


def account_config(talk: Talk) -> dict[str, Any]:
    """GET /fapi/v1/accountConfig."""
    may = {"canTrade": True, "canDeposit": True, "canWithdraw": True, "multiAssetsMargin": talk.account.multi_assets}
    return {"feeTier": 0, **may, "dualSidePosition": talk.account.hedge, "updateTime": 0, "tradeGroupId": -1}


def symbol_config(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v1/symbolConfig."""
    symbol, rows = talk.request.get("symbol"), []
    for name, market in talk.venue.markets.items():
        if is_perp(name) and symbol in ("", symbol_of(talk, market)):
            mode = "ISOLATED" if name in talk.account.isolated else "CROSSED"
            row = {"symbol": symbol_of(talk, market), "marginType": mode, "isAutoAddMargin": "false"}
            rows.append({**row, "leverage": int(leverage_of(talk.account, name)), "maxNotionalValue": "1000000"})
    return rows


def brackets(talk: Talk) -> list[dict[str, Any]]:
    """GET /fapi/v1/leverageBracket: one bracket for all sizes."""
    rows = []
    for name, market in talk.venue.markets.items():
        if is_perp(name):
            one = {"bracket": 1, "initialLeverage": int(market.max_leverage), "notionalCap": 100_000_000, "notionalFloor": 0}
            rows.append({"symbol": symbol_of(talk, market), "brackets": [{**one, "maintMarginRatio": float(market.mmr), "cum": 0.0}]})
    return rows


def commission(talk: Talk) -> dict[str, Any]:
    """GET /fapi/v1/commissionRate."""
    market = talk.venue.market(instrument_of(talk))
    rates = {"makerCommissionRate": text(market.maker_fee), "takerCommissionRate": text(market.taker_fee)}
    return {"symbol": talk.request.get("symbol"), **rates}


def trade_fees(talk: Talk) -> list[dict[str, Any]]:
    """GET /sapi/v1/asset/tradeFee."""
    spot = [market for name, market in talk.venue.markets.items() if not is_perp(name)]
    return [
        {"symbol": symbol_of(talk, one), "makerCommission": text(one.maker_fee), "takerCommission": text(one.taker_fee)} for one in spot
    ]


def restrictions(talk: Talk) -> dict[str, Any]:
    """GET /sapi/v1/account/apiRestrictions: what the key may do."""
    account = talk.account
    return {
        "ipRestrict": bool(account.addresses),
        "createTime": _LONG_AGO_MS,
        "enableReading": Right.READ in account.rights,
        "enableWithdrawals": Right.WITHDRAW in account.rights,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": Right.FUTURES in account.rights,
        "permitsUniversalTransfer": Right.TRANSFER in account.rights,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": Right.SPOT in account.rights,
        "enablePortfolioMarginTrading": False,
    }


def coins(talk: Talk) -> list[dict[str, Any]]:
    """GET /sapi/v1/capital/config/getall: ccxt asks for it when it loads currencies with a key."""
    account, venue = talk.account, talk.venue
    names = [venue.quote, *(name for name in venue.markets if not is_perp(name))]
    held = venue.ledger.all_of(account.purse(Wallet.SPOT))
    return [
        {
            "coin": name,
            "name": name,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "isLegalMoney": False,
            "trading": True,
            "free": text(held.get(name, ZERO) - venue.locked(account, name)),
            "locked": text(venue.locked(account, name)),
            "freeze": text(ZERO),
            "networkList": [],
        }
        for name in names
    ]


def funding_wallet(talk: Talk) -> list[dict[str, Any]]:
    """POST /sapi/v1/asset/get-funding-asset."""
    held = talk.venue.ledger.all_of(talk.account.purse(Wallet.FUNDING))
    rest = {"locked": "0", "freeze": "0", "withdrawing": "0", "btcValuation": "0"}
    return [{"asset": asset, "free": text(amount), **rest} for asset, amount in held.items()]


def earn(talk: Talk) -> dict[str, Any]:
    """GET /sapi/v1/simple-earn/flexible/position."""
    held = talk.venue.ledger.all_of(talk.account.purse(Wallet.EARN))
    rows = [
        {"asset": asset, "totalAmount": text(amount), "productId": f"{asset}001", "canRedeem": True, "collateralAmount": "0"}
        for asset, amount in held.items()
    ]
    return {"rows": rows, "total": len(rows)}


def burn(talk: Talk) -> dict[str, Any]:
    """GET /sapi/v1/bnbBurn: whether fees are paid in the exchange's coin."""
    return {"spotBNBBurn": bool(talk.account.pays_in), "interestBNBBurn": False}
