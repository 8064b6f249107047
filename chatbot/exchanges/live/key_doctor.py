"""Asks an exchange what a key may do and what stands behind it: public time and private reads, nothing that trades or moves money.

How each line is known is written in the table of codes and beside each reader: recorded answers, or the exchange's own pages.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.engine.finite import finite
from chatbot.errors import ExchangeError, PlaceRefused, SettingError
from chatbot.exchanges.live.answers import STUMBLES
from chatbot.exchanges.live.ccxt_errors import TABLE, Meaning, translate
from chatbot.exchanges.live.ccxt_loader import error_classes
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.live.hosts import Addresses
from chatbot.exchanges.live.key_codes import KEY_CODES
from chatbot.exchanges.live.private.dialect import NoAnswer, is_kept
from chatbot.model import REFUSING, KeyProblem, KeyReport, venue_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

    from chatbot.clock import Clock
    from chatbot.model import Credentials

log = structlog.get_logger()

#: seconds for all questions together
_EXAM_S = 30.0
#: a clock that is further off is told: exchanges refuse what is signed a second ahead of them
_OFF_S = 1.0
_SOON = timedelta(days=14)
#: coins of one account that a report names
_MOST_COINS = 40
#: HTTP status of a page that there is not
_NO_PAGE = 404
_CODE = re.compile(r'"(?:code|retCode)"\s*:\s*"?(-?\d+)')


class _NotSaid(Exception):
    """A question that the exchange refused or did not answer; ``no_page``: it has no page where it could be answered."""

    def __init__(self, problem: KeyProblem, *, no_page: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.no_page = no_page


@dataclass(frozen=True, slots=True)
class _Line:
    """A line to an exchange that signs with a key."""

    exchange: str
    ccxt: Any

    async def ask(self, call: str, **params: object) -> Any:  # noqa: ANN401 - JSON
        """Make one call; whatever goes wrong becomes :class:`_NotSaid`."""
        try:
            return await getattr(self.ccxt, call)(params)
        except error_classes().BaseError as error:
            problem = _meant(self.exchange, error)
            log.info("exchange did not answer about a key", exchange=self.exchange, call=call, problem=problem, error=type(error).__name__)
            raise _NotSaid(problem, no_page=self.ccxt.last_status == _NO_PAGE) from None
        except ExchangeError as error:
            log.warning("nobody was asked about a key", exchange=self.exchange, call=call, error=str(error)[:200])
            raise _NotSaid(KeyProblem.UNREACHABLE) from None
        except STUMBLES:
            raise _NotSaid(KeyProblem.UNREACHABLE) from None


async def examine(
    exchange: str, credentials: Credentials, clock: Clock, options: Mapping[str, Any], *, connect: Callable[..., Any] = Connection
) -> KeyReport:
    """Return what an exchange says of a key, with every problem found; ``options`` go into ccxt's constructor.

    Raises :class:`LookupError` for an exchange whose keys are not known here.
    """
    reader = _READERS[exchange]
    said = KeyReport(at=clock.now())
    try:
        async with asyncio.timeout(_EXAM_S), _opened(exchange, credentials, options, connect) as line:
            said = replace(said, off_s=await _set_clock(line))
            said = await reader(line, said)
    except _NotSaid as trouble:
        # What could not be asked to the end may do anything: it is not kept, whatever kept it from being asked.
        unknown = () if trouble.problem in REFUSING else (KeyProblem.UNREACHABLE,)
        return replace(said, problems=(trouble.problem, *unknown))
    except (TimeoutError, SettingError, ExchangeError, NoAnswer, *STUMBLES) as error:
        log.warning("answers about a key cannot be read", exchange=exchange, error=type(error).__name__)
        return replace(said, problems=(KeyProblem.UNREACHABLE,))
    return replace(said, problems=(*problems(said), *said.problems))


def problems(said: KeyReport) -> tuple[KeyProblem, ...]:
    """Return what speaks against a key by what its exchange said of it, what is worst first."""
    ends = said.expires_at
    found = {
        KeyProblem.MAY_WITHDRAW: said.withdraws,
        KeyProblem.WITHDRAW_UNKNOWN: said.withdraws is None,
        KeyProblem.MAY_NOT_READ: said.reads is False,
        KeyProblem.EXPIRED: ends is not None and ends <= said.at,
        KeyProblem.EXPIRES_SOON: ends is not None and said.at < ends <= said.at + _SOON,
        KeyProblem.CLOCK: said.off_s is not None and abs(said.off_s) >= _OFF_S,
        KeyProblem.NO_SPOT: said.trades_spot is False,
        KeyProblem.NO_FUTURES: said.trades_futures is False,
        KeyProblem.ANY_ADDRESS: said.is_bound is False,
    }
    return tuple(problem for problem, there in found.items() if there)


@asynccontextmanager
async def _opened(exchange: str, credentials: Credentials, options: Mapping[str, Any], connect: Callable[..., Any]) -> AsyncIterator[_Line]:
    addresses = Addresses(exchange, options)

    def sign(made: Any) -> None:  # noqa: ANN401 - ccxt is untyped
        addresses.take(made)
        addresses.guard(made)
        made.apiKey, made.secret, made.password = credentials.api_key, credentials.secret, credentials.passphrase
        made.last_status, made.handle_errors = None, partial(_noting_status, made, made.handle_errors)

    connection = connect(venue_of(exchange), options, sign)
    try:
        yield _Line(venue_of(exchange), await connection.open())
    finally:
        await connection.close()


def _noting_status(made: Any, read: Callable[..., object], status: int, *rest: object) -> object:  # noqa: ANN401 - ccxt is untyped
    """Keep the HTTP status of an answer that ccxt reads: the error that it makes of one does not tell it."""
    made.last_status = status
    return read(status, *rest)


async def _set_clock(line: _Line) -> float:
    """Return the seconds that this machine is ahead of the exchange, and sign by the exchange's clock."""
    before = line.ccxt.milliseconds()
    there = finite(await line.ask("fetch_time"))
    if there is None:
        raise _NotSaid(KeyProblem.UNREACHABLE)
    off_ms: float = (before + line.ccxt.milliseconds()) / 2 - float(there)
    line.ccxt.nonce = lambda: line.ccxt.milliseconds() - int(off_ms)  # an option does so on some exchanges alone
    return round(off_ms / 1000, 3)


def _meant(exchange: str, error: Exception) -> KeyProblem:
    """Return what an error says of a key: by the exchange's own code, else by its kind."""
    if isinstance(translate(error, changes=False), PlaceRefused):
        return KeyProblem.NOT_SERVED
    code = _CODE.search(str(error))
    if code is not None and code[1] in KEY_CODES[exchange]:
        return KEY_CODES[exchange][code[1]]
    kind = next((TABLE[one.__name__][0] for one in type(error).__mro__ if one.__name__ in TABLE), Meaning.UNSURE)
    return KeyProblem.NOT_ACCEPTED if kind is Meaning.KEY else KeyProblem.UNREACHABLE


async def _binance(line: _Line, said: KeyReport) -> KeyReport:
    """Read ``apiRestrictions`` (recorded), the spot account, and of the futures account its wallet and position mode."""
    rights = await line.ask("sapi_get_account_apirestrictions")
    said = replace(
        said,
        reads=_flag(rights, "enableReading"),
        trades_spot=_flag(rights, "enableSpotAndMarginTrading"),
        trades_futures=_flag(rights, "enableFutures"),
        withdraws=_flag(rights, "enableWithdrawals"),
        is_bound=_flag(rights, "ipRestrict"),
        expires_at=_moment(rights.get("tradingAuthorityExpirationTime")),
    )
    if said.withdraws or not said.reads:
        return said  # refused as it is: nothing more needs to be asked with it
    account = await line.ask("private_get_account", omitZeroBalances="true")
    found = _coins("spot", ((one["asset"], one["free"], one["locked"]) for one in account["balances"]))
    said = replace(said, account=_number(account.get("uid")))
    if not said.trades_futures:  # without this right its futures account cannot be read either
        return replace(said, found=found)
    wallet = await line.ask("fapiPrivateV2GetBalance")
    mode = await line.ask("fapiPrivateGetPositionSideDual")
    hedged = (KeyProblem.HEDGE_MODE,) if _flag(mode, "dualSidePosition") else ()
    found = (*found, *_coins("futures", ((one["asset"], one["balance"]) for one in wallet)))
    return replace(said, problems=(*hedged, *await _binance_modes(line)), found=found)


async def _binance_modes(line: _Line) -> tuple[KeyProblem, ...]:
    """Read in which other ways the futures account is kept; trading stumbles over each by itself, so what is not told is no problem."""
    positions = await _if_told(line, "fapiPrivateV3GetPositionRisk")
    told = [one for one in positions if isinstance(one, dict)] if isinstance(positions, list) else []
    multi = await _if_told(line, "fapiPrivateGetMultiAssetsMargin")
    info = await _if_told(line, "sapi_get_account_info")
    there = {
        KeyProblem.ISOLATED: any(finite(one.get("isolatedWallet")) for one in told),
        KeyProblem.MULTI_ASSETS: isinstance(multi, dict) and multi.get("multiAssetsMargin") is True,
        KeyProblem.PORTFOLIO_MARGIN: isinstance(info, dict) and info.get("isPortfolioMarginRetailEnabled") is True,
    }
    return tuple(problem for problem, is_there in there.items() if is_there)


async def _if_told(line: _Line, call: str) -> object:
    """Return an answer that may be missing; None where there is none."""
    try:
        return await line.ask(call)
    except (_NotSaid, *STUMBLES):
        return None


async def _if_there(line: _Line, call: str) -> Any:  # noqa: ANN401 - JSON
    """Return an answer that not every account is given; None where the exchange has no such page, or shows it to nobody with this key.

    What only fails for now is no such answer: without an account's number nobody sees that two keys are keys to one account.
    """
    try:
        return await line.ask(call)
    except _NotSaid as refused:
        if not refused.no_page and refused.problem is not KeyProblem.MAY_NOT_READ:
            raise
        return None


async def _bybit(line: _Line, said: KeyReport) -> KeyReport:
    """Read ``query-api`` (recorded), the unified wallet, and whether BTCUSDT has one position or one a side."""
    told = (await line.ask("private_get_v5_user_query_api"))["result"]
    rights, only_reads = told["permissions"], int(told["readOnly"]) == 1
    may = {right for group in rights.values() for right in group}
    if not told["ips"]:  # a true answer says "*" where any address will do: its other lists have lost what was in them too
        raise ValueError("no address")
    old = int(told["uta"]) == 0 and int(told["unified"]) == 0
    said = replace(
        said,
        reads=True,
        trades_spot=not only_reads and "SpotTrade" in rights["Spot"],
        trades_futures=not only_reads and ({"Order", "Position"} <= may or "DerivativesTrade" in may),
        withdraws="Withdraw" in rights["Wallet"],
        is_bound="*" not in told["ips"],
        expires_at=_moment(told.get("expiredAt")) if int(told["deadlineDay"]) > -2 else None,  # -2: it does not end
        problems=(KeyProblem.OLD_ACCOUNT,) if old else (),
        account=_number(told.get("userID")),
    )
    if said.withdraws or old:
        return said
    (wallet,) = (await line.ask("private_get_v5_account_wallet_balance", accountType="UNIFIED"))["result"]["list"]
    found = _coins("unified", ((one["coin"], one["walletBalance"]) for one in wallet["coin"]))
    sides = await _bybit_sides(line) if said.trades_futures else ()
    return replace(said, found=found, problems=(*sides, *await _bybit_modes(line, wallet["coin"])))


async def _bybit_modes(line: _Line, coins: Iterable[Mapping[str, Any]]) -> tuple[KeyProblem, ...]:
    """Read which margin mode the account is in, and whether something is owed."""
    info = await _if_told(line, "private_get_v5_account_info")
    mode = (info.get("result") or {}).get("marginMode") if isinstance(info, dict) else None
    owed = any((finite(one.get("borrowAmount")) or 0) > 0 or (finite(one["walletBalance"]) or 0) < 0 for one in coins)
    there = {
        KeyProblem.ISOLATED: mode == "ISOLATED_MARGIN",
        KeyProblem.PORTFOLIO_MARGIN: mode == "PORTFOLIO_MARGIN",
        KeyProblem.BORROWED: owed,
    }
    return tuple(problem for problem, is_there in there.items() if is_there)


async def _bybit_sides(line: _Line) -> tuple[KeyProblem, ...]:
    """Tell hedge mode: without a position too, a contract is listed once (side 0), or once for each side (1 and 2)."""
    positions = (await line.ask("private_get_v5_position_list", category="linear", symbol="BTCUSDT"))["result"]["list"]
    return (KeyProblem.HEDGE_MODE,) if True in [is_kept(int(one["positionIdx"]), (1, 2), (0,)) for one in positions] else ()


async def _bingx(line: _Line, said: KeyReport) -> KeyReport:
    """Read the key's rights by their numbers, both wallets, and the position mode.

    The numbers are BingX's documentation's, and no answer was recorded of a key that may withdraw (5): without it nothing is proven.
    """
    number = (await line.ask("accountV1PrivateGetUid"))["data"]["uid"]
    keys = (await line.ask("accountV1PrivateGetApiKeyQuery", uid=number, apiKey=line.ccxt.apiKey))["data"]["apiInfos"]
    (key,) = [one for one in keys if _is_masked(one["apiKey"], line.ccxt.apiKey)]
    rights = {int(right) for right in key["permissions"]}
    said = replace(
        said,
        reads=2 in rights,
        trades_spot=1 in rights,
        trades_futures=3 in rights,
        withdraws=True if 5 in rights else None,
        is_bound=any(key["ipAddresses"]),
        account=_number(number),
    )
    if said.withdraws or not said.reads:
        return said
    spot = (await line.ask("spotV1PrivateGetAccountBalance"))["data"]["balances"]
    swap = (await line.ask("swapV3PrivateGetUserBalance"))["data"]
    found = (
        *_coins("spot", ((one["asset"], one["free"], one["locked"]) for one in spot)),
        *_coins("futures", ((one["asset"], one["balance"]) for one in swap)),
    )
    mode = str((await line.ask("swapV1PrivateGetPositionSideDual"))["data"]["dualSidePosition"]).lower()
    if mode not in ("true", "false"):
        raise ValueError("the position mode is no yes or no")
    hedged = (KeyProblem.HEDGE_MODE,) if mode == "true" else ()
    fund = _data(await _if_told(line, "fundV1PrivateGetAccountBalance"), dict).get("assets") or []
    found = (*found, *_coins("fund", ((one["asset"], one["free"], one["locked"]) for one in fund)))
    return replace(said, found=found, problems=(*hedged, *await _bingx_modes(line)))


async def _bingx_modes(line: _Line) -> tuple[KeyProblem, ...]:
    """Read in which other ways contracts are held; trading stumbles over isolated margin by itself."""
    told = await _if_told(line, "swapV2PrivateGetUserPositions")
    assets = await _if_told(line, "swapV1PrivateGetTradeAssetMode")
    there = {
        KeyProblem.ISOLATED: any(one.get("isolated") is True for one in _data(told, list) if isinstance(one, dict)),
        KeyProblem.MULTI_ASSETS: _data(assets, dict).get("assetMode") == "multiAssetsMode",
    }
    return tuple(problem for problem, is_there in there.items() if is_there)


def _data(answer: object, kind: type[Any]) -> Any:  # noqa: ANN401 - JSON
    """Return what an answer of BingX holds; nothing where it is of another kind."""
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, kind) else kind()


def _is_masked(told: str, key: str) -> bool:
    """Tell whether a key that is shown with its middle hidden is this one."""
    first, _, rest = told.partition("*")
    return key.startswith(first) and key.endswith(rest.rpartition("*")[2])


async def _weex(line: _Line, said: KeyReport) -> KeyReport:
    """Read both accounts and how contracts are held (recorded): they tell what the account may do, and of the key nothing.

    So whether it may withdraw is not known, and whether it may trade shows with its first order. A key that futures are refused to sees
    coins alone.
    """
    account = await line.ask("privateGetApiV3Account")
    found = _coins("spot", ((one["asset"], one["free"], one["locked"]) for one in account["balances"]))
    said = replace(said, reads=True, trades_spot=_flag(account, "canTrade"), account=_number(account.get("uid")))
    try:
        wallet = await line.ask("contractPrivateGetCapiV3AccountBalance")
    except _NotSaid as refused:
        if refused.problem is not KeyProblem.MAY_NOT_READ:
            raise
        return replace(said, trades_futures=False, found=found)
    config = await line.ask("contractPrivateGetCapiV3AccountAccountConfig")
    (known,) = await line.ask("contractPrivateGetCapiV3AccountSymbolConfig", symbol="BTCUSDT")
    positions = await line.ask("contractPrivateGetCapiV3AccountPositionAllPosition")
    there = {
        KeyProblem.HEDGE_MODE: True in [is_kept(one[name], ("SEPARATED",), ("COMBINED",)) for one, name in _held_as(known, positions)],
        KeyProblem.ISOLATED: True in [is_kept(one["marginType"], ("ISOLATED",), ("CROSSED",)) for one in positions],
    }
    problems = tuple(problem for problem, is_there in there.items() if is_there)
    coins = _coins("futures", ((one["asset"], one["balance"]) for one in wallet))
    return replace(said, trades_futures=_flag(config, "canTrade"), problems=problems, found=(*found, *coins))


def _held_as(known: Mapping[str, Any], positions: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str]]:
    """Return where WEEX tells how contracts are held, and under which name: of one contract, and of each position."""
    return [(known, "separatedType"), *((one, "separatedMode") for one in positions)]


async def _binance_demo(line: _Line, said: KeyReport) -> KeyReport:
    """Read both accounts: a demo key tells no rights (there is no ``sapi``), and there is nothing to withdraw (FACTS 4)."""
    account = await line.ask("private_get_account", omitZeroBalances="true")
    found = _coins("spot", ((one["asset"], one["free"], one["locked"]) for one in account["balances"]))
    said = replace(said, reads=True, withdraws=False, trades_spot=_flag(account, "canTrade"), account=_number(account.get("uid")))
    try:
        wallet = await line.ask("fapiPrivateV2GetBalance")
        mode = await line.ask("fapiPrivateGetPositionSideDual")
    except _NotSaid as refused:
        if refused.problem is not KeyProblem.NOT_ACCEPTED:
            raise
        return replace(said, trades_futures=False, found=found)
    hedged = (KeyProblem.HEDGE_MODE,) if _flag(mode, "dualSidePosition") else ()
    coins = _coins("futures", ((one["asset"], one["balance"]) for one in wallet))
    return replace(said, trades_futures=True, problems=hedged, found=(*found, *coins))


async def _bybit_demo(line: _Line, said: KeyReport) -> KeyReport:
    """Read the unified wallet and the position mode: a demo key tells no rights (FACTS 4), and there is nothing to withdraw."""
    said = replace(said, reads=True, withdraws=False)
    (wallet,) = (await line.ask("private_get_v5_account_wallet_balance", accountType="UNIFIED"))["result"]["list"]
    found = _coins("unified", ((one["coin"], one["walletBalance"]) for one in wallet["coin"]))
    return replace(said, found=found, problems=await _bybit_sides(line))


async def _mexc(line: _Line, said: KeyReport) -> KeyReport:
    """Read both accounts, the position mode (recorded), and the account's number, which is documented and may be missing.

    MEXC tells no rights of a key: what stands in ``canTrade`` and ``canWithdraw`` is the account's (FACTS 5). A wallet of futures that a
    key may not read is one that it may not trade.
    """
    account = await line.ask("spotPrivateGetAccount")
    found = _coins("spot", ((one["asset"], one["free"], one["locked"]) for one in account["balances"]))
    if not account["permissions"]:  # a true answer has some: what else was in it may be lost too
        raise ValueError("an account without permissions")
    told = await _if_there(line, "spotPrivateGetUid")
    number = "" if told is None else _number(told["uid"])
    if told is not None and not number:
        raise ValueError("an account of no number")
    said = replace(said, reads=True, trades_spot=None if _flag(account, "canTrade") else False, account=number)
    try:
        wallet = (await line.ask("contractPrivateGetAccountAssets"))["data"]
        mode = (await line.ask("contractPrivateGetPositionPositionMode"))["data"]
        held = (await line.ask("contractPrivateGetPositionOpenPositions"))["data"]
    except _NotSaid as refused:
        if refused.problem is not KeyProblem.MAY_NOT_READ:
            raise
        return replace(said, trades_futures=False, found=found)
    there = {
        KeyProblem.HEDGE_MODE: is_kept(int(mode), (1,), (2,)),
        KeyProblem.ISOLATED: True in [is_kept(int(one["openType"]), (1,), (2,)) for one in held if finite(one["holdVol"])],
    }
    coins = _coins("futures", ((one["currency"], one["equity"]) for one in wallet))
    return replace(said, problems=tuple(problem for problem, is_there in there.items() if is_there), found=(*found, *coins))


_READERS: Mapping[str, Callable[[_Line, KeyReport], Awaitable[KeyReport]]] = {
    "binance": _binance,
    "binance:demo": _binance_demo,
    "binance:own": _binance,
    "bingx": _bingx,
    "bingx:own": _bingx,
    "bybit": _bybit,
    "bybit:testnet": _bybit,
    "bybit:demo": _bybit_demo,
    "bybit:own": _bybit,
    "mexc": _mexc,
    "mexc:own": _mexc,
    "weex": _weex,
    "weex:own": _weex,
}


def _flag(answer: Mapping[str, Any], name: str) -> bool:
    """Return a yes or no; raises :class:`ValueError` where an answer has none: a right that is not told is not taken for missing."""
    value = answer[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name} is no yes or no")  # noqa: TRY004 - one kind of error for answers that are none
    return value


def _number(told: object) -> str:
    """Return the exchange's number of an account; empty where it tells none."""
    return str(told) if isinstance(told, int | str) and not isinstance(told, bool) and str(told) not in ("", "0") else ""


def _moment(told: object) -> datetime | None:
    """Return a time that is told as milliseconds or as text; None where none is."""
    if not told:
        return None
    if isinstance(told, str) and not told.isdecimal():
        return datetime.fromisoformat(told).astimezone(UTC)
    return datetime.fromtimestamp(int(str(told)) / 1000, UTC)


def _coins(where: str, told: Iterable[tuple[str, ...]]) -> tuple[tuple[str, str, str], ...]:
    """Return the coins of an account of which there is something: free and locked together."""
    found = []
    for asset, *amounts in told:
        read = [finite(amount) for amount in amounts]
        total = sum(one for one in read if one is not None)
        if total and None not in read:
            found.append((where, str(asset), f"{total:f}"))
    return tuple(found[:_MOST_COINS])
