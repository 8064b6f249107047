"""The doctor: looks at everything that the program needs before it can run, and names the cure for what is not well."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from chatbot.backup import BACKED_UP_AT
from chatbot.clock import SystemClock
from chatbot.errors import BallastError, SettingError
from chatbot.exchanges.sources import price_source
from chatbot.market.clock_skew import MOST_S, skew_s
from chatbot.market.sentiment import NoIndex, fetch_index, host_of
from chatbot.monitor import stumbles
from chatbot.store import accounts, halt, keys, portfolios
from chatbot.store.database import Database
from chatbot.store.migrations import schema
from chatbot.values import dataclass
from chatbot.vault import Vault, refuse_lost
from handlers.transport.line import address_of

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.config import Settings
    from chatbot.exchanges.base import PriceSource
    from chatbot.monitor.stumbles import Stumble

#: seconds that each look may take
_LOOK_S = 15.0
#: a price may be this old, in seconds
_PRICE_AGE_S = 60.0
_PROBE = "BTC"
#: portfolios that are named one by one
_MOST_NAMED = 20
#: days of the Fear & Greed index that are asked for, and how old its newest reading may be
_INDEX_DAYS, _INDEX_AGE = 3, timedelta(hours=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    #: None: it could not be looked at, so nobody knows
    ok: bool | None
    #: how it stands, and the cure where it is not well; never a secret
    detail: str


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at settings, token, database, market, index and clock; nothing is printed here."""
    async with asyncio.TaskGroup() as looks:
        telegram = looks.create_task(_telegram(settings))
        database = looks.create_task(_database(settings))
        market = looks.create_task(_market(settings))
        index = looks.create_task(_index(settings))
    found = telegram.result()
    return (_settings(settings), *_webhook(settings), *found[:1], *database.result(), market.result(), index.result(), *found[1:])


def _settings(settings: Settings) -> Finding:
    """Tell what was read; wrong settings have already ended the program with a sentence of their own."""
    operators = f"{len(settings.operators)} operator(s)" if settings.operators else "the operator is paired by a code"
    return Finding(what="settings", ok=True, detail=f"market {settings.market}, {operators}, checks every {settings.check_interval_s:g} s")


def _webhook(settings: Settings) -> tuple[Finding, ...]:
    """Tell whether `web` can take what Telegram delivers, where that is meant."""
    if not settings.webhook_secret.get_secret_value():
        return ()
    if not settings.database.startswith("postgres"):
        return (
            Finding(
                what="webhook", ok=False, detail="`web` needs PostgreSQL: see CHATBOT_DATABASE_URL, or leave out CHATBOT_WEBHOOK_SECRET"
            ),
        )
    try:
        address = address_of(settings)
    except SettingError as unfit:
        return (Finding(what="webhook", ok=False, detail=str(unfit)),)
    return (Finding(what="webhook", ok=True, detail=f"for `web`, at {address.url}; let your proxy hand it on to port {settings.port}"),)


async def _telegram(settings: Settings) -> tuple[Finding, Finding]:
    """Return what Telegram says to the token, and what its clock says to ours."""
    unchecked = Finding(what="clock", ok=None, detail="not checked: Telegram did not answer")
    if not settings.telegram_token.get_secret_value():
        cure = "CHATBOT_TELEGRAM_TOKEN is not set; get one from BotFather and put it into .env"
        return Finding(what="token", ok=False, detail=cure), unchecked
    seen = _Dates()
    try:
        async with asyncio.timeout(_LOOK_S):
            return await _token(settings, seen), seen.finding() or unchecked
    except InvalidToken:
        cure = "Telegram does not know this token; copy it again from BotFather, and look at CHATBOT_TELEGRAM_API_URL"
        return Finding(what="token", ok=False, detail=cure), seen.finding() or unchecked
    except (TelegramError, TimeoutError) as trouble:
        where = settings.telegram_api_url
        cure = f"{where} cannot be reached ({type(trouble).__name__}); look at the network and at CHATBOT_TELEGRAM_API_URL"
        return Finding(what="token", ok=False, detail=cure), seen.finding() or unchecked


async def _token(settings: Settings, seen: _Dates) -> Finding:
    request = HTTPXRequest(httpx_kwargs={"event_hooks": {"response": [seen.note]}})
    bot = Bot(settings.telegram_token.get_secret_value(), base_url=f"{settings.telegram_api_url}/bot", request=request)
    try:
        await request.initialize()
        me = await bot.get_me()
    finally:
        await request.shutdown()
    return Finding(what="token", ok=True, detail=f"the bot is @{me.username}")


class _Dates:
    """The time of day as Telegram's server told it in its last answer."""

    def __init__(self) -> None:
        self._off_s: float | None = None

    async def note(self, response: object) -> None:
        """Compare the server's Date with our clock; an answer without one says nothing."""
        try:
            told = parsedate_to_datetime(getattr(response, "headers", {}).get("date", ""))
        except ValueError:
            return
        self._off_s = (SystemClock().now() - told).total_seconds()

    def finding(self) -> Finding | None:
        """Return how far our clock is off, or None where no answer came."""
        if self._off_s is None:
            return None
        # the header has whole seconds and travels for a moment
        ok = abs(self._off_s) <= MOST_S
        cure = "" if ok else "; let the machine keep time (NTP), or orders and plans run out at the wrong moment"
        return Finding(what="clock", ok=ok, detail=f"{abs(self._off_s):.0f} s from Telegram's{cure}")


async def _database(settings: Settings) -> tuple[Finding, ...]:
    """Tell whether the database can be written and has today's tables, and then which portfolios in it cannot be checked."""
    if not settings.database_url and not (settings.data_dir / "ballast.sqlite").exists():
        return (_folder(settings),)
    db = Database(settings.database)
    try:
        found = await _tables(db)
        if not found.ok:
            return (found,)
        return (found, await _trading(db), await _portfolios(db), await _keys(db, settings), await _backup(db))
    finally:
        await db.close()


async def _keys(db: Database, settings: Settings) -> Finding:
    """Tell whether every stored exchange key can be opened, by the newest master key, and how people give one."""
    vault = Vault(settings.master_keys)
    async with db.read() as tx:
        seals = [sealed for _, sealed in await keys.every(tx) if sealed]
    try:
        refuse_lost(vault, seals)
    except SettingError as lost:
        return Finding(what="exchange keys", ok=False, detail=str(lost))
    if not vault:
        said = "none, and nobody can connect an exchange; `python -m chatbot keys new` makes a master key for CHATBOT_SECRET_KEYS"
        return Finding(what="exchange keys", ok=True, detail=said)
    older = sum(not vault.is_newest(one) for one in seals)
    way = "on the form" if settings.public_url else "in the chat, because CHATBOT_PUBLIC_URL is not set"
    rotate = f"; {older} under an older master key, `python -m chatbot keys rotate` moves them to the newest" if older else ""
    return Finding(what="exchange keys", ok=True, detail=f"{len(seals)}, given {way}{rotate}")


async def _backup(db: Database) -> Finding:
    """Tell when the last copy was made."""
    async with db.read() as tx:
        last = await accounts.meta(tx, BACKED_UP_AT)
    said = (
        f"last made {last[:16].replace('T', ' ')} UTC" if last else "none yet; `python -m chatbot backup FILE` makes one while the bot runs"
    )
    return Finding(what="backup", ok=True, detail=said)


async def _tables(db: Database) -> Finding:
    """Tell whether the database can be written and has today's tables."""
    try:
        async with asyncio.timeout(_LOOK_S), db.transaction() as tx:
            await accounts.set_meta(tx, "doctor", SystemClock().now().isoformat())
            version = await tx.run_sync(schema.stored_version)
    except Exception as trouble:  # noqa: BLE001 - drivers fail in their own ways; each is a finding
        cure = "run `python -m chatbot migrate`, and look at CHATBOT_DATABASE_URL, CHATBOT_DATA_DIR and the free space"
        return Finding(what="database", ok=False, detail=f"does not work ({type(trouble).__name__}); {cure}")
    if version != schema.HEAD:
        cure = "run `python -m chatbot migrate`" if str(version) < schema.HEAD else "install the newer Ballast that made it"
        return Finding(what="database", ok=False, detail=f"tables are of version {version}, not {schema.HEAD}; {cure}")
    return Finding(what="database", ok=True, detail="can be written, tables are up to date")


async def _trading(db: Database) -> Finding:
    """Tell whether an operator has stopped all trading: no fault, and easily forgotten."""
    async with db.read() as tx:
        since = await halt.since(tx)
    if since is None:
        return Finding(what="trading", ok=True, detail="not halted")
    detail = f"halted for everybody since {since:%Y-%m-%d %H:%M} UTC; /unhalt or `python -m chatbot unhalt` lets it go on"
    return Finding(what="trading", ok=True, detail=detail)


async def _portfolios(db: Database) -> Finding:
    """Name the portfolios that the running bot cannot check, with the id of the log line that tells why."""
    async with db.read() as tx:
        noted, closed = await stumbles.read(tx), await portfolios.closed(tx)
    known = {portfolio_id: stumble for portfolio_id, stumble in noted.items() if portfolio_id not in closed}
    told = [_stumble(portfolio_id, known[portfolio_id]) for portfolio_id in sorted(known)]
    if not told:
        return Finding(what="portfolios", ok=True, detail="none that cannot be checked")
    more = f"; and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    cure = "look for these ids in the log, and report what stands there"
    return Finding(what="portfolios", ok=False, detail=f"{'; '.join(told[:_MOST_NAMED])}{more}; {cure}")


def _stumble(portfolio_id: int, stumble: Stumble | None) -> str:
    if stumble is None:
        return f"portfolio {portfolio_id} cannot be checked (what was noted of it is unreadable)"
    since, times = f"{stumble.since:%Y-%m-%d %H:%M} UTC", "once" if stumble.times == 1 else f"{stumble.times} times"
    return f"portfolio {portfolio_id} cannot be checked since {since}, tried {times}: {stumble.what}, error id {stumble.error_id}"


def _folder(settings: Settings) -> Finding:
    """Tell whether a first start could make the database."""
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Finding(what="database", ok=True, detail=f"none yet; the first start makes it in {settings.data_dir}")
    return Finding(what="database", ok=False, detail=f"cannot write to {folder}; choose another folder in CHATBOT_DATA_DIR")


async def _market(settings: Settings) -> Finding:
    """Tell whether the market answers with a fresh price."""
    try:
        source = price_source(
            settings.market,
            SystemClock(),
            start=settings.market_start,
            speed=settings.market_speed,
            options=settings.exchange_options,
        )
    except BallastError as error:
        return Finding(what="market", ok=False, detail=str(error))
    try:
        async with asyncio.timeout(_LOOK_S):
            return await _price(settings, source)
    except (BallastError, OSError, TimeoutError) as trouble:
        cure = "look at the network, or choose another exchange in CHATBOT_MARKET"
        return Finding(what="market", ok=False, detail=f"{settings.market} does not answer ({type(trouble).__name__}); {cure}")
    finally:
        await source.close()


async def _price(settings: Settings, source: PriceSource) -> Finding:
    quote = (await source.quotes([_PROBE])).get(_PROBE)
    if quote is None:
        return Finding(what="market", ok=False, detail=f"{settings.market} has no price for {_PROBE}; choose another one in CHATBOT_MARKET")
    age = _age_s(quote.at)
    if age > _PRICE_AGE_S:
        return Finding(what="market", ok=False, detail=f"the price of {_PROBE} is {age:.0f} s old; look at the network and the clock")
    skew = await skew_s(source, quote, SystemClock())
    if skew is not None and abs(skew) > MOST_S:
        order = "ahead of" if skew > 0 else "behind"
        detail = f"this machine's clock is {abs(skew):.0f} s {order} that of {source.name}; let a time server set the clock"
        return Finding(what="market", ok=False, detail=detail)
    return Finding(what="market", ok=True, detail=f"{source.name} answers, {_PROBE} is at {quote.price:.2f} {source.quote_asset}")


async def _index(settings: Settings) -> Finding:
    """Tell whether the Fear & Greed index answers with a reading of the last two days (domain 8.1); a played market has its own."""
    if not settings.is_live_market:
        return Finding(what="index", ok=True, detail="the market has a Fear & Greed index of its own")
    if not settings.fear_greed_url:
        return Finding(what="index", ok=True, detail="switched off; the trigger on extreme fear rests")
    host = host_of(settings.fear_greed_url)
    cure = "look at CHATBOT_FEAR_GREED_URL; empty switches it off, and the trigger on extreme fear rests"
    try:
        latest = (await fetch_index(settings.fear_greed_url, _INDEX_DAYS))[-1]
    except NoIndex as trouble:
        return Finding(what="index", ok=False, detail=f"{host}: {trouble}; {cure}")
    age = SystemClock().now() - latest.at
    if not timedelta(0) <= age <= _INDEX_AGE:
        return Finding(what="index", ok=False, detail=f"{host}: the newest reading is of {latest.at:%Y-%m-%d}; {cure}")
    return Finding(what="index", ok=True, detail=f"{host} answers, Fear & Greed is at {latest.value}")


def _age_s(at: datetime) -> float:
    return max(0.0, (SystemClock().now() - at).total_seconds())
