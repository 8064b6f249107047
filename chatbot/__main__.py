"""The command line: demo, run, web, worker, sender, migrate, plan, doctor, backup, and more. The only file that knows both sides."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import webbrowser
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot import logs
from chatbot.config import PREFIX, Settings, load_settings, unknown_names
from chatbot.errors import BallastError, SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

    from chatbot.app import Program
    from chatbot.backup import Copy
    from chatbot.exchanges.own_exchange import RunningExchange
    from chatbot.halting import Halting
    from chatbot.store.database import Database
    from chatbot.vault import Vault

#: the exchanges whose dialect a test exchange beside the demo speaks
_TEST_EXCHANGES = ("binance", "bybit", "bingx", "mexc", "weex")
#: the person on the demo page
DEMO_USER = 1001
#: what runs until it is stopped, each by the module of its name in handlers
_PROCESSES = {
    "run": "the bot on Telegram, everything in one process",
    "web": "takes what Telegram delivers; on PostgreSQL, beside workers and a sender",
    "worker": "works for a part of the people; on PostgreSQL, where several share them",
    "sender": "sends what comes by itself; another one stands by",
}
#: how the doctor marks what is well, what is not, and what could not be looked at
_MARKS = {True: "ok  ", False: "FAIL", None: "?   "}
#: how a process is asked to end
_STOPS = (signal.SIGINT, signal.SIGTERM)
#: seconds after which a stop is not waited for any longer
_STOP_S = 7.0


def main(argv: list[str] | None = None) -> int:
    """Run one command; a mistake that a person can fix is one sentence on standard error and exit code 2."""
    arguments = _parser().parse_args(argv)
    sys.excepthook = logs.last_words
    os.umask(0o077)  # what is written here is its owner's savings: nobody else on the machine reads it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the event loop takes it over there is nothing to put away
    if arguments.run is not _plan:
        for sentence in unknown_names():
            print(sentence, file=sys.stderr)  # noqa: T201 - the command line speaks on its streams
    try:
        code: int = arguments.run(arguments)
    except BallastError as error:
        print(logs.masked(str(error)), file=sys.stderr)  # noqa: T201 - the command line speaks on its streams
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        cure = _cure(error)
        if cure is None:
            raise
        print(logs.masked(cure), file=sys.stderr)  # noqa: T201 - as above
        return 2
    return code


def _cure(error: Exception) -> str | None:
    """Return the sentence for what a person can mend although nobody raised it on purpose: a full disk, a damaged file."""
    first: BaseException | None = error.subgroup(SettingError) if isinstance(error, ExceptionGroup) else None
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, SettingError):
        return str(first)
    from chatbot.store.location import cure  # noqa: PLC0415 - only for what went wrong

    return cure(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chatbot", description="Ballast keeps a crypto portfolio in balance, by chat.")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="chat page in the browser, simulated or replayed market, no account needed")
    demo.add_argument("--market", help="simulated (default) or replay:<folder>")
    demo.add_argument("--start", help="where the market starts, e.g. 2020-02-15")
    demo.add_argument("--speed", type=float, help="market seconds per second")
    demo.add_argument("--port", type=int, help="port of the page (default: a free one)")
    demo.add_argument("--data", type=Path, help="keep the database in this folder (default: a temporary one)")
    demo.add_argument("--exchange", choices=_TEST_EXCHANGES, help="a test exchange on this machine, to try /connect on")
    demo.set_defaults(run=_demo)
    for name, what in _PROCESSES.items():
        commands.add_parser(name, help=what).set_defaults(run=_process(name))
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=_migrate)
    plan = commands.add_parser("plan", help="print the plan for a case file as JSON")
    plan.add_argument("case", type=Path, help="JSON with snapshot, targets, rules, fees and config")
    plan.set_defaults(run=_plan)
    backtest = commands.add_parser("backtest", help="what a strategy would have done, over a folder of recorded history")
    backtest.add_argument("--data", type=Path, required=True, help="folder of recorded history, as replay:<folder> plays it")
    backtest.add_argument("--strategy", default="balanced", help="a preset (default: balanced)")
    backtest.add_argument("--from", dest="begin", required=True, help="first day, e.g. 2021-01-01")
    backtest.add_argument("--to", dest="end", required=True, help="the day at whose beginning it ends, e.g. 2023-01-01")
    backtest.add_argument("--json", action="store_true", help="print everything that was found as JSON")
    backtest.add_argument("--sweep", action="store_true", help="try many bands and calendars, then each trigger on and off")
    backtest.add_argument("--picture", type=Path, help="write a picture of it to this file, as PNG")
    backtest.set_defaults(run=_backtest)
    commands.add_parser("doctor", help="check settings, token, database, market and clock").set_defaults(run=_doctor)
    commands.add_parser("halt", help="stop all trading of everybody, while the bot runs").set_defaults(run=_halt)
    commands.add_parser("unhalt", help="let trading go on").set_defaults(run=_unhalt)
    backup = commands.add_parser("backup", help="copy the database to a new file, while the bot runs")
    backup.add_argument("file", type=Path, help="where to; it must not be there yet")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put such a copy in the database's place, while the bot is stopped")
    restore.add_argument("file", type=Path, help="a file that backup made")
    restore.set_defaults(run=_restore)
    move = commands.add_parser("move", help="bring everything from the SQLite file to PostgreSQL, while the bot is stopped; asks where")
    move.set_defaults(run=_move)
    keys = commands.add_parser("keys", help="master keys: new, rotate, forget")
    keys.add_argument("what", choices=tuple(_KEYS), help="print a new one; seal everything under the newest; delete what nobody can open")
    keys.set_defaults(run=lambda arguments: _KEYS[arguments.what]())
    return parser


def _settings(**given: Any) -> Settings:  # noqa: ANN401 - settings are of many types
    """Read the settings and keep their secrets out of everything that is written from now on."""
    settings = load_settings(**given)
    logs.hide(settings.secrets)
    return settings


def _demo(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="ballast-") as folder:
        settings = _demo_settings(arguments, Path(folder))
        logs.set_up(settings.log_level)
        _run_until_stopped(_serve_demo(settings, arguments.exchange))
    return 0


def _demo_settings(arguments: argparse.Namespace, folder: Path) -> Settings:
    """Return settings that leave the machine alone; what is given on the command line or in the environment wins."""
    given: dict[str, Any] = {
        "market": arguments.market,
        "market_start": arguments.start,
        "market_speed": arguments.speed,
        "port": arguments.port,
        "data_dir": arguments.data,
    }
    usual = {
        "market": "simulated",
        "market_speed": 600.0,
        "port": 0,
        "data_dir": folder,
        "check_interval_s": 1.0,
        "batch_window_s": 8.0,
        "plan_expiry_s": 60.0,
        "log_level": "WARNING",
        "operator_ids": str(DEMO_USER),
        "database_url": "",
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in usual.items() if name not in chosen and PREFIX + name.upper() not in os.environ}
    settings = _settings(**kept, **chosen, secret_keys="", public_url="")  # nothing leaves the machine: no exchange is connected
    if settings.is_live_market:
        raise SettingError("CHATBOT_MARKET", "the demo plays simulated or replay:<folder>; live prices are for `run`")
    return settings


async def _serve_demo(settings: Settings, exchange: str | None) -> None:
    from chatbot.app import OwnExchange, open_program  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.web.server import WebServer  # noqa: PLC0415
    from chatbot.web.socket import Around  # noqa: PLC0415
    from handlers.bot import build  # noqa: PLC0415
    from handlers.loopback import Loopback, Seat, TelegramUser, kept  # noqa: PLC0415
    from handlers.run import health, work  # noqa: PLC0415
    from handlers.transport.line import connect  # noqa: PLC0415
    from handlers.transport.running import running  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        test_exchange = await stack.enter_async_context(_beside(exchange)) if exchange else None
        if test_exchange is not None:
            given = {"secret_keys": test_exchange.master_key, "exchange_options": {exchange: test_exchange.options}}
            settings = Settings.model_validate({**settings.model_dump(), **given})
        own = OwnExchange(f"{exchange}:own", test_exchange.key) if test_exchange is not None else None
        program = await stack.enter_async_context(open_program(settings, own_exchange=own))
        await program.source.markets()  # a folder that is no recording is told before there is a page
        if test_exchange is not None:
            await test_exchange.follow(program.source)
        loopback = Loopback(program.clock)
        seat = Seat(loopback, TelegramUser(id=DEMO_USER, name="You"))
        await stack.enter_async_context(kept(loopback, seat, settings.data_dir / "chat"))
        ends = {"request": loopback.request(), "updates_request": loopback.request()}
        bot = build(program, connect(settings, program.db, program.clock, token=loopback.token, **ends))
        await stack.enter_async_context(running(program, bot))
        around = Around(
            market=lambda: _market(program),
            scenes=program.stage.scenes,
            play=lambda name: _play(program, name),
            catalogue=program.catalogue,
        )
        server = await stack.enter_async_context(
            WebServer(port=settings.port, conversation=seat, health=lambda: health(program), around=around)
        )
        print(f"Ballast demo: {server.url}", flush=True)  # noqa: T201 - the address is what the command is for
        if test_exchange is not None:
            print(f"A test exchange on this machine. /connect shows the key to its play money:\n{test_exchange.key}", flush=True)  # noqa: T201
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
            webbrowser.open(server.url)
        await work(program, bot)


@asynccontextmanager
async def _beside(exchange: str) -> AsyncIterator[RunningExchange]:
    """Let a test exchange run beside the demo."""
    from chatbot.clock import SystemClock  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.exchanges.own_exchange import running  # noqa: PLC0415 - no other command has one

    async with running(exchange, SystemClock()) as test_exchange:
        yield test_exchange


def _process(name: str) -> Callable[[argparse.Namespace], int]:
    """Return the command that runs one of the processes, from the module of its name."""

    def run(_: argparse.Namespace) -> int:
        settings = _settings()
        logs.set_up(settings.log_level)
        if not settings.telegram_token.get_secret_value():
            raise SettingError("CHATBOT_TELEGRAM_TOKEN", "get one from BotFather and put it into .env; `make demo` needs none")
        _run_until_stopped(_serve(name, settings))
        return 0

    return run


async def _serve(name: str, settings: Settings) -> None:
    gc.disable()  # objects made while importing live for ever; looking through them again and again slows the start
    module = importlib.import_module(f"handlers.{name}")  # so late that --help and plan start at once
    await module.serve(settings)


def _run_until_stopped(work: Coroutine[None, None, None]) -> None:
    """Work in a loop of its own; a stop that comes while that is made waits until it can be heeded: half a loop cannot be put away."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    asyncio.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Work until SIGINT or SIGTERM, which may come before everything is up; stopping abandons nothing that is not in the database."""
    working = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        """Ask the work to end; where something keeps the loop to itself, end all the same: a kill loses nothing."""
        if not loop.is_closed():  # asked once more while what it left behind is put away
            loop.call_soon_threadsafe(working.cancel)
        last = threading.Timer(_STOP_S, os._exit, (0,))
        last.daemon = True
        last.start()

    # Not the loop's own handler, which waits for the loop to be free.
    for number in _STOPS:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    with suppress(asyncio.CancelledError):
        await working


def _market(program: Program) -> Mapping[str, object]:
    """Return what the demo page's clock shows."""
    now, last, tempo = program.source.market_time(program.clock.now()), program.stage.last, program.tempo
    moved_to = last.moved_to.isoformat() if last and last.moved_to else None
    played = {"name": last.name, "moved_to": moved_to} if last else None
    slow = tempo.need is not None and tempo.need.plan and program.stage.speed < program.stage.full_speed
    need = {"why": tempo.need.why, "plan": tempo.need.plan} if tempo.need and slow else None
    clock = {"now": now.isoformat(), "speed": program.stage.speed, "slow_for": need}
    return {**clock, "note": program.source.name, "played": played, "waiting": tempo.waiting}


async def _play(program: Program, name: str) -> None:
    """Make something happen in the demo's market, now or as soon as nobody needs it slow."""
    await program.tempo.play(name)


def _migrate(_: argparse.Namespace) -> int:
    from chatbot.store.database import Database  # noqa: PLC0415
    from chatbot.store.location import unanswered  # noqa: PLC0415

    async def migrate(settings: Settings) -> None:
        db = Database(settings.database)
        try:
            await db.migrate()
        except ConnectionError as trouble:
            raise unanswered(trouble) from None
        finally:
            await db.close()

    asyncio.run(migrate(_settings()))
    print("The database is up to date.")  # noqa: T201
    return 0


def _halt(_: argparse.Namespace) -> int:
    async def halt(halting: Halting) -> str:
        found = await halting.begin()
        if found is None or not found.is_new:
            return f"Trading is halted already, since {found.since:%Y-%m-%d %H:%M} UTC." if found else ""
        stopped = f"plans stopped: {found.plans}, orders being cancelled: {found.orders}"
        return f"Trading is halted ({stopped}). Everybody is told; `python -m chatbot unhalt` lets it go on."

    return asyncio.run(_at_the_database(halt))


def _unhalt(_: argparse.Namespace) -> int:
    async def unhalt(halting: Halting) -> str:
        found = await halting.end()
        if not isinstance(found, LetGo) or found.since is None:
            return "Trading was not halted."
        return f"Trading goes on. Everybody is told, and stopped plans ask first: {found.plans}."

    from chatbot.halting import LetGo  # noqa: PLC0415 - so that --help and plan start at once

    return asyncio.run(_at_the_database(unhalt))


async def _at_the_database(act: Callable[[Halting], Awaitable[str]]) -> int:
    """Do something in the database of a bot that may be running on it, and say in a sentence what was done."""
    from chatbot.clock import SystemClock  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.halting import Halting  # noqa: PLC0415
    from chatbot.store.database import Database  # noqa: PLC0415

    db = Database(load_settings().database)
    try:
        await db.must_be_there()
        logs.set_up("ERROR")  # the sentence says it
        print(await act(Halting(db, SystemClock())))  # noqa: T201 - the command line speaks on its streams
    finally:
        await db.close()
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    from chatbot import backup  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.clock import SystemClock  # noqa: PLC0415
    from chatbot.store import accounts  # noqa: PLC0415
    from chatbot.store.database import Database  # noqa: PLC0415

    async def copied(url: str) -> backup.Copy:
        db, now = Database(url), SystemClock().now()
        try:
            await db.must_be_there()
            found = await asyncio.to_thread(backup.back_up, url, arguments.file, now)
            async with db.transaction() as tx:
                await accounts.set_meta(tx, backup.BACKED_UP_AT, now.isoformat())
        finally:
            await db.close()
        return found

    found = asyncio.run(copied(_settings().database))
    print(f"Copied to {arguments.file}: {_counted(found)}. Keep it where only you can read it.")  # noqa: T201
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from chatbot import backup  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.clock import SystemClock  # noqa: PLC0415

    found, aside = asyncio.run(backup.restore(_settings().database, arguments.file, SystemClock().now()))
    print(f"Put back the copy of {found.made_at:%Y-%m-%d %H:%M} UTC: {_counted(found)}.")  # noqa: T201
    if aside is not None:
        print(f"What was there before lies in {aside}.")  # noqa: T201
    print("Trading is halted and everybody is told at the next start; look at the accounts, then `python -m chatbot unhalt`.")  # noqa: T201
    return 0


def _move(_: argparse.Namespace) -> int:
    from getpass import getpass  # noqa: PLC0415

    from chatbot.clock import SystemClock  # noqa: PLC0415 - so that --help and plan start at once
    from chatbot.store.migrations import moving  # noqa: PLC0415

    settings = _settings()
    # a password that stands among the arguments is seen by everybody on the machine
    asked = "Address of the empty database, postgresql://USER:PASSWORD@HOST/NAME (it is not shown): "
    address = (getpass(asked) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not address:
        raise SettingError(PREFIX + "DATABASE_URL", "no address was given")
    there = _settings(database_url=address).database
    rows = asyncio.run(moving.move(settings.database, there, SystemClock().now()))
    counted = ", ".join(f"{what}: {rows[f'pf_{what}']}" for what in ("people", "portfolios", "plans"))
    print(f"Moved, and compared row by row: {counted}. Put the new address into CHATBOT_DATABASE_URL and start again.")  # noqa: T201
    print("The file is left as it was; nothing starts on it any more.")  # noqa: T201
    return 0


def _new_key() -> int:
    from chatbot.vault import new_master_key  # noqa: PLC0415 - so that --help and plan start at once

    print(new_master_key())  # noqa: T201 - meant to be copied
    print("Put it in front of what CHATBOT_SECRET_KEYS holds, and keep a copy apart from the database.", file=sys.stderr)  # noqa: T201
    return 0


def _rotate_keys() -> int:
    async def rotate(db: Database, vault: Vault) -> str:
        moved, count = await keyring.rotate(db, vault)
        return f"Sealed again under the newest master key: {moved} of {count}. Older master keys are not needed any more."

    from chatbot import keyring  # noqa: PLC0415 - so that --help and plan start at once

    return asyncio.run(_with_vault(rotate))


def _forget_keys() -> int:
    async def forget(db: Database, vault: Vault) -> str:
        count = await keyring.forget_lost(db, vault)
        return f"Deleted because nobody can open them any more: {count}. Their owners see it in /keys and connect again."

    from chatbot import keyring  # noqa: PLC0415 - so that --help and plan start at once

    return asyncio.run(_with_vault(forget))


async def _with_vault(act: Callable[[Database, Vault], Awaitable[str]]) -> int:
    """Do something to the stored exchange keys and say in a sentence what."""
    from chatbot.store.database import Database  # noqa: PLC0415
    from chatbot.vault import SETTING, Vault  # noqa: PLC0415

    settings = _settings()
    vault, db = Vault(settings.master_keys), Database(settings.database)
    try:
        if not vault:
            raise SettingError(SETTING, "there is no master key in it; `python -m chatbot keys new` makes one")
        await db.must_be_there()
        print(await act(db, vault))  # noqa: T201 - the command line speaks on its streams
    finally:
        await db.close()
    return 0


_KEYS: Mapping[str, Callable[[], int]] = {"new": _new_key, "rotate": _rotate_keys, "forget": _forget_keys}


def _counted(found: Copy) -> str:
    return f"people: {found.people}, portfolios: {found.portfolios}, plans: {found.plans}"


def _plan(arguments: argparse.Namespace) -> int:
    from chatbot.engine.planner import casefile  # noqa: PLC0415

    try:
        case = json.loads(arguments.case.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(f"{arguments.case}: {error}", file=sys.stderr)  # noqa: T201
        return 2
    wanted = case.get("input", case) if isinstance(case, dict) else case
    if not isinstance(wanted, dict):
        print(f"{arguments.case}: this is no case: give an object with snapshot and targets", file=sys.stderr)  # noqa: T201
        return 2
    result = casefile.run_plan(wanted)
    print(json.dumps(result, indent=2))  # noqa: T201
    if "error" not in result:
        return 0
    print(f"{arguments.case}: there is no plan for this case: {result['error']}", file=sys.stderr)  # noqa: T201
    return 1


def _backtest(arguments: argparse.Namespace) -> int:
    from chatbot.backtest import command  # noqa: PLC0415 - so that --help and plan start at once

    return command.main(arguments)


def _doctor(_: argparse.Namespace) -> int:
    from handlers.doctor import examine  # noqa: PLC0415

    findings = asyncio.run(examine(_settings()))
    for finding in findings:
        print(f"{_MARKS[finding.ok]} {finding.what}: {logs.masked(finding.detail)}")  # noqa: T201
    return 1 if any(finding.ok is False for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
