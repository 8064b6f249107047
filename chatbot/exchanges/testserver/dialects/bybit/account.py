"""What Bybit tells and lets change of a unified account: one wallet for spot and contracts, and one beside it for funding."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, is_perp
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialects.bybit.words import INDEX, enveloped, instrument_of, listed, paged, symbol_of
from chatbot.exchanges.testserver.ledger import ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import Reason, Refusal, plain

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.account import Moved, Stake
    from chatbot.exchanges.testserver.dialect import Talk

_CENTS = Decimal("1e-8")
_WALLETS = {"UNIFIED": Wallet.SPOT, "FUND": Wallet.FUNDING}
_WALLET_NAMES = {wallet: name for name, wallet in _WALLETS.items()}
_ZEROS = ("bonus", "accruedInterest", "cumRealisedPnl")


def _short(value: Decimal) -> str:
    return plain(value.quantize(_CENTS))


def wallet_balance(talk: Talk) -> dict[str, Any]:
    """GET /v5/account/wallet-balance: equity is with unrealised profit, the wallet without."""
    if talk.request.need("accountType") != "UNIFIED":
        raise Refusal(Reason.BAD_VALUE, "accountType")
    venue, account = talk.venue, talk.account
    held = venue.ledger.all_of(venue.purse(account, Wallet.SPOT)) or {venue.quote: ZERO}
    margin = venue.margin(account)
    value = sum((amount * _worth(talk, asset) for asset, amount in held.items()), ZERO)
    total = {
        "accountType": "UNIFIED",
        "totalEquity": _short(value + margin.unrealised),
        "totalWalletBalance": _short(value),
        "totalMarginBalance": _short(margin.equity),
        "totalAvailableBalance": "" if account.isolated else _short(margin.free),
        "totalPerpUPL": _short(margin.unrealised),
        "totalInitialMargin": _short(margin.positions_margin + margin.orders_margin),
        "totalMaintenanceMargin": _short(margin.maintenance),
        "accountIMRate": "" if account.isolated else _rate(margin.positions_margin + margin.orders_margin, margin.equity),
        "accountMMRate": _rate(margin.maintenance, margin.equity),
        "accountLTV": "0",
    }
    return enveloped(talk, {"list": [{**total, "coin": [_coin(talk, asset, amount) for asset, amount in sorted(held.items())]}]})


def _rate(part: Decimal, whole: Decimal) -> str:
    return plain((part / whole).quantize(Decimal("1e-4"))) if whole > 0 else ""


def _worth(talk: Talk, asset: str) -> Decimal:
    return Decimal(1) if asset == talk.venue.quote else talk.venue.price(asset)


def _coin(talk: Talk, asset: str, amount: Decimal) -> dict[str, Any]:
    margin, quote = talk.venue.margin(talk.account), asset == talk.venue.quote
    profit = margin.unrealised if quote else ZERO
    return {
        "coin": asset,
        "equity": _short(amount + profit),
        "usdValue": _short((amount + profit) * _worth(talk, asset)),
        "walletBalance": _short(amount),
        "locked": _short(talk.venue.locked(talk.account, asset)),
        "totalOrderIM": _short(margin.orders_margin if quote else ZERO),
        "totalPositionIM": _short(margin.positions_margin if quote else ZERO),
        "totalPositionMM": _short(margin.maintenance if quote else ZERO),
        "unrealisedPnl": _short(profit),
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "collateralSwitch": True,
        "marginCollateral": True,
        "borrowAmount": _short(talk.account.owed.get(asset, ZERO)),
        **dict.fromkeys(_ZEROS, "0"),
    }


def funding_coins(talk: Talk) -> dict[str, Any]:
    """GET /v5/asset/transfer/query-account-coins-balance: the other wallet."""
    wallet = talk.request.word("accountType", _WALLETS)
    held = talk.venue.ledger.all_of(talk.venue.purse(talk.account, wallet))
    fields = ("walletBalance", "transferBalance")
    rows = [{"coin": asset, **dict.fromkeys(fields, _short(amount)), "bonus": ""} for asset, amount in held.items()]
    return enveloped(talk, {"memberId": "24617703", "accountType": _WALLET_NAMES[wallet], "balance": rows})


def account_info(talk: Talk) -> dict[str, Any]:
    """GET /v5/account/info: a unified account; margin is one mode for all contracts."""
    mode = "ISOLATED_MARGIN" if talk.account.isolated else "PORTFOLIO_MARGIN" if talk.account.portfolio_margin else "REGULAR_MARGIN"
    rest = {"dcpStatus": "OFF", "timeWindow": 10, "smpGroup": 0, "isMasterTrader": False, "spotHedgingStatus": "OFF"}
    return enveloped(talk, {"marginMode": mode, "unifiedMarginStatus": 5, "updatedTime": str(talk.venue.now_ms), **rest})


def positions(talk: Talk) -> dict[str, Any]:
    """GET /v5/position/list: of a contract that is named also when there is none, else what there is."""
    request, account = talk.request, talk.account
    if request.need("category") != "linear":
        raise Refusal(Reason.BAD_VALUE, "category")
    if request.get("symbol"):
        name = instrument_of(talk)
        found = [(name, about, account.stake(name, about)) for about in account.sides()]
    elif request.get("settleCoin"):
        found = account.held()
    else:
        raise Refusal(Reason.MISSING, "symbol or settleCoin")
    return listed(talk, [_position(talk, *one) for one in found])


def _position(talk: Talk, name: str, about: str, stake: Stake) -> dict[str, Any]:
    margin, leverage = talk.venue.margin(talk.account), leverage_of(talk.account, name)
    side = {True: "Buy", False: "Sell"}[stake.qty > 0] if stake.qty else ""
    return {
        "positionIdx": INDEX[about],
        "riskId": 1,
        "riskLimitValue": "150",
        "symbol": symbol_of(talk, talk.venue.market(name)),
        "side": side,
        "size": plain(abs(stake.qty)),
        "avgPrice": _short(stake.entry),
        "positionValue": _short(abs(stake.cost)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2,
        "leverage": plain(leverage),
        "positionBalance": "0",
        "markPrice": plain(margin.marks[name]),
        "liqPrice": _short(margin.liquidation(name, stake)) if stake.qty else "",
        "bustPrice": "",
        "positionIM": _short(margin.position_margin(name, stake)),
        "positionMM": _short(margin.kept(name, stake)),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": _short(margin.profit(name, stake)),
        "curRealisedPnl": "0",
        "cumRealisedPnl": "0",
        "seq": 1,
        "isReduceOnly": False,
        "createdTime": str(talk.venue.now_ms),
        "updatedTime": str(talk.venue.now_ms),
    }


def set_leverage(talk: Talk) -> dict[str, Any]:
    """POST /v5/position/set-leverage: what is set already is refused."""
    name, request = instrument_of(talk), talk.request
    leverage = request.number("buyLeverage")
    if request.number("sellLeverage") != leverage:
        raise Refusal(Reason.BAD_VALUE, "sellLeverage")
    talk.all_read()
    if leverage == leverage_of(talk.account, name):
        raise Refusal(Reason.UNCHANGED_LEVERAGE)
    talk.venue.set_leverage(talk.account, name, leverage)
    return enveloped(talk, {})


def switch_mode(talk: Talk) -> dict[str, Any]:
    """POST /v5/position/switch-mode: one way or hedge, here for all contracts at once."""
    hedge = talk.request.word("mode", {"0": False, "3": True})
    talk.venue.set_hedge(talk.account, hedge=hedge)
    return enveloped(talk, {})


def set_margin_mode(talk: Talk) -> dict[str, Any]:
    """POST /v5/account/set-margin-mode: for all contracts at once."""
    isolated = talk.request.word("setMarginMode", {"REGULAR_MARGIN": False, "ISOLATED_MARGIN": True})
    names = [name for name in talk.venue.markets if is_perp(name)]
    talk.account.isolated = set(names) if isolated else set()
    return enveloped(talk, {"reasons": []})


def transfer(talk: Talk) -> dict[str, Any]:
    """POST /v5/asset/transfer/inter-transfer: with an id of the client's own, which is taken once."""
    request = talk.request
    source, target = request.word("fromAccountType", _WALLETS), request.word("toAccountType", _WALLETS)
    asset, amount, client_id = request.need("coin"), request.number("amount"), request.need("transferId")
    talk.all_read()
    talk.venue.transfer(talk.account, source, target, asset, amount, client_id)
    return enveloped(talk, {"transferId": client_id, "status": "SUCCESS"})


def transfers(talk: Talk) -> dict[str, Any]:
    """GET /v5/asset/transfer/query-inter-transfer-list: newest first."""
    wanted = talk.request.get("transferId")
    found = [one for one in reversed(talk.account.moved) if talk.venue.seen(one.at_ms) and wanted in ("", one.client_id)]
    return paged(talk, [_moved(one) for one in found], 50)


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "transferId": one.client_id,
        "coin": one.asset,
        "amount": plain(one.amount),
        "fromAccountType": _WALLET_NAMES[one.source],
        "toAccountType": _WALLET_NAMES[one.target],
        "timestamp": str(one.at_ms),
        "status": "SUCCESS",
    }


def key_info(talk: Talk) -> dict[str, Any]:
    """GET /v5/user/query-api: what the key may do."""
    rights = talk.account.rights
    acts = {right for right in rights if right is not Right.READ}
    wallet = [name for name, right in (("AccountTransfer", Right.TRANSFER), ("Withdraw", Right.WITHDRAW)) if right in rights]
    nothing = ("Options", "Derivatives", "CopyTrading", "BlockTrade", "Exchange", "NFT", "Affiliate")
    return enveloped(
        talk,
        {
            "id": "13770661",
            "note": "test",
            "apiKey": talk.account.key,
            "readOnly": 0 if acts else 1,
            "secret": "",
            "permissions": {
                "ContractTrade": ["Order", "Position"] if Right.FUTURES in rights else [],
                "Spot": ["SpotTrade"] if Right.SPOT in rights else [],
                "Wallet": wallet,
                **{name: [] for name in nothing},
            },
            "ips": list(talk.account.addresses) or ["*"],
            "type": 1,
            "deadlineDay": 83,
            "expiredAt": "2030-01-01T00:00:00Z",
            "createdAt": "2026-01-01T00:00:00Z",
            "unified": 0,
            "uta": 1,
            "userID": talk.account.number,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_1",
            "kycRegion": "",
        },
    )


def fee_rates(talk: Talk) -> dict[str, Any]:
    """GET /v5/account/fee-rate."""
    perp = talk.request.need("category") == "linear"
    rows = [
        {"symbol": symbol_of(talk, one), "makerFeeRate": plain(one.maker_fee), "takerFeeRate": plain(one.taker_fee)}
        for name, one in talk.venue.markets.items()
        if is_perp(name) is perp and talk.request.get("symbol") in ("", symbol_of(talk, one))
    ]
    return enveloped(talk, {"list": rows})


def coins(talk: Talk) -> dict[str, Any]:
    """GET /v5/asset/coin/query-info: ccxt asks for it when it loads currencies with a key."""
    names = [talk.venue.quote, *(name for name in talk.venue.markets if not name.endswith(PERP))]
    return enveloped(talk, {"rows": [{"name": name, "coin": name, "remainAmount": "0", "chains": []} for name in names]})
