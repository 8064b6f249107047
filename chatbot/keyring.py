"""The exchange keys of people: connected, looked at, warned about, removed, and sealed again under a newer master key."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from chatbot import live_consent, logs
from chatbot.errors import KeyRefused, SealBroken, SettingError, ShutOut, UserError, contained
from chatbot.i18n import N_
from chatbot.model import REFUSING, SAYS_NOTHING, STOPPING, AloneEnded, ExchangeKey, KeyProblem, KeyReport, MessageKind, PlanState
from chatbot.shares.owned import EVERYBODY
from chatbot.store import accounts, codec, keys, messages, plans, portfolios
from chatbot.values import dataclass
from chatbot.vault import SETTING, Owner, number_of, refuse_lost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from chatbot.clock import Clock
    from chatbot.model import Credentials, Person, Plan
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.vault import Vault

_LOG = structlog.get_logger()

#: dialogs: a person was given the address of a form; a person is asked for a key in the chat, whose updates are stored without their text
FORM_DIALOG, CHAT_DIALOG = "key_form", "key_text"
#: how long the address of a form works
FORM_LASTS = timedelta(minutes=10)
#: how long a chat is asked for a key: who has forgotten the question is not to be hushed for ever
CHAT_LASTS = timedelta(hours=1)
#: what processes say to each other when the key of a portfolio has changed: its number
_CHANGED, _LISTEN_AGAIN_S = "ballast_keys", 1.0
#: characters of the public half that are shown
_SHOWN = 4
#: keys of one person
MOST = 10
#: days before its end on which a person is told that a key ends
_WARN_DAYS = (14, 3, 1)
#: how long what an exchange said of a key is believed without asking again
_LOOKED_AT = timedelta(hours=24)
#: the same of a key that trades: the upkeep comes round every hour
_TRADING_LOOKED_AT = timedelta(minutes=55)
#: what a key that trades must not lose
_RIGHTS = frozenset({KeyProblem.NO_SPOT, KeyProblem.NO_FUTURES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom the address of a form was given to, and for which exchange."""

    person: Person
    exchange: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A key that was not kept, and why."""

    exchange: str
    shown: str
    report: KeyReport


class Keyring:
    """``ask`` says what an exchange says of a key; without a master key in ``vault`` nothing can be connected."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        ask: Callable[[str, Credentials], Awaitable[KeyReport]],
        shares: Shares = EVERYBODY,
    ) -> None:
        """Look after the keys of the people in ``shares``; ``ask`` says what an exchange says of a key."""
        self._shares = shares
        self._db, self._clock, self._vault, self._ask = db, clock, vault, ask
        self._tell: list[Callable[[int], None]] = []

    def on_change(self, tell: Callable[[int], None]) -> None:
        """Have ``tell`` called with a portfolio's id whenever its key was replaced or removed, or may do something else than before."""
        self._tell.append(tell)

    @property
    def is_open(self) -> bool:
        """Tell whether keys can be sealed, so that a person may be asked for one."""
        return bool(self._vault)

    async def of(self, person: Person) -> tuple[ExchangeKey, ...]:
        """Return a person's keys, oldest first."""
        async with self._db.read() as tx:
            return tuple(key for key, _ in await keys.of_person(tx, person.id))

    async def connect(self, person: Person, exchange: str, credentials: Credentials) -> ExchangeKey | Refused:
        """Ask the exchange about a key and keep it, sealed, unless something speaks against it.

        One that is there already is kept once, with the secret that was given last, and another key of an account that the person has
        connected takes the place of the one before: what stood on that goes on with it. Raises :class:`UserError` where there are too many,
        :class:`ShutOut` where the person was blocked meanwhile.
        """
        logs.hide(credentials.parts)
        report = await self._ask(exchange, credentials)
        shown = credentials.api_key[-_SHOWN:]
        if report.is_refused:
            _LOG.info("exchange key refused", person=person.id, exchange=exchange, problems=list(report.problems))
            return Refused(exchange=exchange, shown=shown, report=report)
        async with self._db.transaction() as tx:
            await accounts.hold(tx, person.id)
            await _need_let_in(tx, person.id)
            key = await self._keep(tx, person.id, exchange, credentials, report)
        await self._changed(key.id)
        _LOG.info("exchange key connected", person=person.id, exchange=exchange, key=key.id, problems=list(report.problems))
        return key

    async def _keep(self, tx: Tx, person_id: int, exchange: str, credentials: Credentials, report: KeyReport) -> ExchangeKey:
        theirs, shown = await keys.of_person(tx, person_id), credentials.api_key[-_SHOWN:]
        same = (key for key, sealed in theirs if key.exchange == exchange and self._is_same(key, sealed, credentials, report))
        if (before := next(same, None)) is not None:
            replaced = before.shown if before.shown != shown else ""
            kept = replace(before, shown=shown, report=report, is_lost=False, replaced=replaced)
            await keys.renew(tx, kept, self._vault.seal(credentials, _owner(kept)))
            await self._doubt(tx, kept)
        elif len(theirs) >= MOST:
            raise UserError(N_("You already have {count} keys, and that is the limit. Remove one with /disconnect first."), count=MOST)
        else:

            def seal(number: int) -> str:
                return self._vault.seal(credentials, Owner(person_id=person_id, exchange=exchange, key_id=number))

            kept = await keys.add(tx, person_id, exchange, shown, report, seal)
        if kept.account:
            await portfolios.stand_on(tx, person_id, kept.account, kept.id)
            await portfolios.note_account(tx, kept.id, kept.account)
        return kept

    def _is_same(self, key: ExchangeKey, sealed: str, credentials: Credentials, report: KeyReport) -> bool:
        """Tell whether a stored key is the given one, or one of the same account."""
        if report.account and key.report.account == report.account:
            return True
        return bool(sealed) and self._vault.open(sealed, _owner(key)).api_key == credentials.api_key

    async def _changed(self, key_id: int) -> None:
        """Have the account of the portfolio on a key opened again, in every process: it was opened as the key was before."""
        async with self._db.transaction() as tx:
            portfolio = await portfolios.on_key(tx, key_id)
            if portfolio is not None:
                await self._db.tell(tx, _CHANGED, str(portfolio.id))
        if portfolio is not None:
            self._open_again(portfolio.id)

    def _open_again(self, portfolio_id: int) -> None:
        for tell in self._tell:
            tell(portfolio_id)

    async def hear(self) -> NoReturn:
        """Do here what :meth:`_changed` says in other processes, until cancelled; while nothing is heard, any key may have changed."""
        said: asyncio.Queue[str] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(said))
            while True:
                word = await said.get()
                with contained("what has become of keys is not known"):
                    async with self._db.read() as tx:
                        changed = [int(word)] if word else await portfolios.on_keys(tx)
                    for one in changed:
                        self._open_again(one)

    async def _listen(self, said: asyncio.Queue[str]) -> NoReturn:
        while True:
            with contained("it is not heard when keys change elsewhere"):
                await self._db.listen(_CHANGED, said.put_nowait)
            await self._clock.sleep(_LISTEN_AGAIN_S)

    async def opened(self, person_id: int, key_id: int | None) -> tuple[Credentials, KeyReport]:
        """Return what a key is made of, and what was said of it last; raises :class:`KeyRefused` where it is gone or cannot be opened."""
        async with self._db.read() as tx:
            found = None if key_id is None else await keys.one(tx, person_id, key_id)
        if found is None or not found[1]:
            raise KeyRefused(f"key {key_id} is not there")
        credentials = self._vault.open(found[1], _owner(found[0]))
        logs.hide(credentials.parts)
        return credentials, found[0].report

    async def look(self, person: Person, key_id: int) -> ExchangeKey | None:
        """Ask the exchange again about a person's key; None where it is not theirs. An exchange that cannot be asked changes nothing."""
        async with self._db.read() as tx:
            found = await keys.one(tx, person.id, key_id)
        if found is None or found[0].is_lost:
            return None if found is None else found[0]
        return await self._look(*found)

    async def _look(self, key: ExchangeKey, sealed: str) -> ExchangeKey:
        credentials = self._vault.open(sealed, _owner(key))
        logs.hide(credentials.parts)
        report = await self._ask(key.exchange, credentials)
        looked = replace(key, report=report)
        if not SAYS_NOTHING & set(report.problems):
            report = report if report.account else replace(report, account=key.report.account)  # not asked of one that is refused
            looked = replace(key, report=report)
            async with self._db.transaction() as tx:
                await keys.put_report(tx, key.id, report)
                if looked.account:
                    await portfolios.note_account(tx, key.id, looked.account)
                await self._doubt(tx, looked)
            if report.trades_futures is not key.report.trades_futures:
                await self._changed(key.id)
        return looked

    async def _doubt(self, tx: Tx, key: ExchangeKey) -> None:
        """Let the portfolio on a key that something speaks against, or that another one has replaced, act alone no longer."""
        on_it = await portfolios.on_key(tx, key.id)
        if on_it is not None and (key.replaced or key.report.unfit(futures=bool(on_it.strategy.contracts))):
            await live_consent.end_alone(tx, AloneEnded.KEY, self._clock.now(), (on_it.id,))

    async def remove(self, person: Person, key_id: int) -> ExchangeKey | Plan | None:
        """Delete a person's key, and with it what was agreed to for its account; return what it was, None where it is not theirs or gone.

        A plan that is returned was begun with it and must end first: without the key nobody could take its orders back.
        """
        async with self._db.transaction() as tx:
            found, on_it = await keys.one(tx, person.id, key_id), await portfolios.on_key(tx, key_id)
            if found is None:
                return None
            if on_it is not None and on_it.person_id == person.id:
                await portfolios.hold(tx, on_it.id)
                begun = await plans.open_plan(tx, on_it.id)
                if begun is not None and begun.state is not PlanState.PROPOSED:
                    return begun
                await live_consent.end_with_key(tx, key_id)
            await keys.remove(tx, person.id, key_id)
        await self._changed(key_id)
        _LOG.info("exchange key removed", person=person.id, exchange=found[0].exchange, key=key_id)
        return found[0]

    def question(self, exchange: str) -> dict[str, str]:
        """Return what the dialog keeps of a question for a key in the chat."""
        return {"exchange": exchange, "until": (self._clock.now() + CHAT_LASTS).isoformat()}

    def typed(self, sealed: str, update_id: int) -> str:
        """Return what somebody typed that may be a key, as it was sealed for its update; raises :class:`SealBroken`."""
        return self._vault.open_words(sealed, update_id)

    # The address of a form

    async def offer_form(self, person: Person, exchange: str) -> str:
        """Return the secret part of the address of a form; an earlier address of this person ends."""
        token = secrets.token_urlsafe(32)
        until = self._clock.now() + FORM_LASTS
        async with self._db.transaction() as tx:
            await accounts.set_dialog(tx, person.id, FORM_DIALOG, {"exchange": exchange, "form": _print(token), "until": until.isoformat()})
        return token

    async def asked(self, token: str) -> Asked | None:
        """Return whom the address of a form was given to; None where it has ended, was used, or is none."""
        async with self._db.read() as tx:
            return await self._asked(tx, token)

    async def use_form(self, token: str) -> Asked | None:
        """Use the address of a form up; None where it cannot be used any more."""
        async with self._db.transaction() as tx:
            found = await self._asked(tx, token)
            if found is None:
                return None
            await accounts.hold(tx, found.person.id)
            if await self._asked(tx, token) is None:  # somebody else was quicker
                return None
            await accounts.clear_dialog(tx, found.person.id)
            return found

    async def _asked(self, tx: Tx, token: str) -> Asked | None:
        print_ = _print(token)
        for person_id, data in await accounts.dialogs(tx, FORM_DIALOG):
            if secrets.compare_digest(str(data.get("form")).encode(), print_.encode()):
                if (until := _until(data)) is None or self._clock.now() >= until:
                    return None
                person = await accounts.person(tx, person_id)
                return Asked(person=person, exchange=str(data.get("exchange"))) if person is not None and person.is_let_in else None
        return None

    async def tell(self, person: Person, outcome: ExchangeKey | Refused) -> None:
        """Write into the chat what came of a key that was given by the form."""
        why = "refused" if isinstance(outcome, Refused) else "connected"
        key_id = None if isinstance(outcome, Refused) else outcome.id
        async with self._db.transaction() as tx:
            await _post(tx, person, why, key_id, outcome, secrets.token_hex(8), self._clock.now())

    # What happens to keys without their people

    async def tend(self) -> None:
        """Ask about keys that trade every hour, and once a day about all others; tell what has become wrong, and what is about to end."""
        async with self._db.read() as tx:
            everything, trading = await keys.every(tx), await portfolios.trading_keys(tx)
        now = self._clock.now()
        for key, sealed in everything:
            with contained("exchange key not looked at", key=key.id), self._shares.in_hand(key.person_id) as is_ours:
                if is_ours and sealed and now - key.report.at >= (_TRADING_LOOKED_AT if key.id in trading else _LOOKED_AT):
                    await self._tend(key, sealed, now, trades=key.id in trading)

    async def _tend(self, key: ExchangeKey, sealed: str, now: datetime, *, trades: bool) -> None:
        async with self._db.read() as tx:
            person = await accounts.person(tx, key.person_id)
        if person is None or not person.is_let_in:
            return
        looked = await self._look(key, sealed)
        wrong = (STOPPING | _RIGHTS if trades else REFUSING) & set(looked.report.problems) - SAYS_NOTHING
        ends = looked.report.expires_at
        async with self._db.transaction() as tx:
            if wrong - set(key.report.problems):
                await _post(tx, person, "trouble", key.id, looked, f"{key.id}-{now.isoformat()}", now)
            elif (
                ends is not None and not wrong and (days := next((one for one in sorted(_WARN_DAYS) if ends - now <= timedelta(one)), None))
            ):
                await _post(tx, person, "ends", key.id, looked, f"{key.id}-{ends.isoformat()}-{days}", now)


async def asked_of(tx: Tx, people: Collection[int], now: datetime) -> frozenset[int]:
    """Return who of these people is being asked for a key in the chat."""
    return frozenset(one for one, question in await accounts.dialogs(tx, CHAT_DIALOG, people) if is_waiting(question, now))


def is_waiting(question: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a question for a key has not ended."""
    until = _until(question)
    return until is None or now < until  # where the end cannot be read, a key is rather not written down


def _until(data: Mapping[str, Any]) -> datetime | None:
    """Return when a question ends; None where that cannot be read."""
    try:
        return codec.to_moment(data["until"])
    except (KeyError, ValueError):
        return None


async def refuse_what_nobody_can_open(db: Database, vault: Vault) -> None:
    """Raise :class:`SettingError` where keys are stored whose master key is not in the settings."""
    async with db.read() as tx:
        refuse_lost(vault, [sealed for _, sealed in await keys.every(tx) if sealed])


async def rotate(db: Database, vault: Vault) -> tuple[int, int]:
    """Seal every key under the newest master key; return how many were moved, and how many there are.

    Each is moved by itself: whoever is killed in the middle goes on with the next run, and until then both master keys are needed. One
    that does not open keeps no other from being moved. Raises :class:`SettingError` at the end, which names those and says what to do.
    """
    async with db.read() as tx:
        everything = [(key, sealed) for key, sealed in await keys.every(tx) if sealed]
    moved, closed = 0, []
    for key, sealed in everything:
        try:
            opened = vault.open(sealed, _owner(key))
        except SealBroken:
            closed.append((key, sealed))
            continue
        if not vault.is_newest(sealed):
            async with db.transaction() as tx:
                moved += await keys.put_sealed(tx, key.id, vault.seal(opened, _owner(key)), instead_of=sealed)
    if closed:
        raise SettingError(SETTING, _not_opened(vault, closed, moved, len(everything)))
    return moved, len(everything)


def _not_opened(vault: Vault, closed: Sequence[tuple[ExchangeKey, str]], moved: int, count: int) -> str:
    """Return what a rotation has done, which keys it could not open, and the cure of each kind."""
    lost, done = vault.unknown([sealed for _, sealed in closed]), f"sealed again under the newest master key: {moved} of {count}"
    missing = [f"{_named(key)} (number {number_of(sealed) or '?'})" for key, sealed in closed if sealed in lost]
    changed = [_named(key) for key, sealed in closed if sealed not in lost]
    told = [f"{done}; {len(closed)} did not open, so older master keys are still needed"]
    if missing:
        told.append(
            f"sealed with a master key that is not in it: {', '.join(missing)}; put that one back, behind the newest, and run this"
            " again. If it is lost for good, `python -m chatbot keys forget` deletes what nobody can open any more, and their owners"
            " connect again"
        )
    if changed:
        told.append(f"damaged, or of another row: {', '.join(changed)}; put a copy of the database back, or let their owners connect again")
    return ". ".join(told)


def _named(key: ExchangeKey) -> str:
    return f"key …{key.shown} of {key.exchange}, person {key.person_id}"


async def forget_lost(db: Database, vault: Vault) -> int:
    """Delete the sealed text of every key whose master key is not there, so that its person sees it as lost; return how many."""
    async with db.transaction() as tx:
        stored = [(key, sealed) for key, sealed in await keys.every(tx) if sealed]
        lost = set(vault.unknown([sealed for _, sealed in stored]))
        for key, sealed in stored:
            if sealed in lost:
                await keys.put_sealed(tx, key.id, "")
    return len(lost)


async def _post(tx: Tx, person: Person, why: str, key_id: int | None, about: ExchangeKey | Refused, mark: str, now: datetime) -> None:
    """Write down a message about a key: its facts hold no more of it than is shown."""
    facts = {
        "why": why,
        "person_id": person.id,
        "key_id": key_id,
        "exchange": about.exchange,
        "shown": about.shown,
        "replaced": about.replaced if isinstance(about, ExchangeKey) else "",
        "report": codec.to_plain(about.report),
    }
    await messages.ring(tx, person.chat_id, MessageKind.EXCHANGE_KEY, facts, key=f"{MessageKind.EXCHANGE_KEY}-{why}-{mark}", now=now)


async def _need_let_in(tx: Tx, person_id: int) -> None:
    known = await accounts.person(tx, person_id)
    if known is None or not known.is_let_in:
        raise ShutOut


def _owner(key: ExchangeKey) -> Owner:
    return Owner(person_id=key.person_id, exchange=key.exchange, key_id=key.id)


def _print(token: str) -> str:
    """Return what is stored of a form's address: enough to know it again, and of no use to who reads it."""
    return hashlib.sha256(token.encode()).hexdigest()
