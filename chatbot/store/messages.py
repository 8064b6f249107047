"""Messages on their way to chats: written in the transaction that caused them, delivered in order per chat."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from chatbot.errors import contained
from chatbot.model import Delivery, Message, MessageKind, Urgency, Verdict
from chatbot.store import portfolios, tables
from chatbot.store.codec import readable_facts
from chatbot.store.tables import MessageState
from chatbot.store.writing import inserting, put
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Insert, Row, Select

    from chatbot.store.database import Tx

_outbox, _people, _chats = tables.outbox.c, tables.people.c, tables.chats.c
_WAITING = _outbox.state == MessageState.WAITING
#: when what was told to wait leaves by itself
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: chats whose waiting messages are joined in one transaction
_JOINED_MAX = 200
#: messages of an equal rank leave in the order in which they were written; this many fit into a rank
_RANK = 2**48
#: where a message stands in its chat's queue: what rings because money is in danger passes everything, what may wait passes nobody
_LAST = _outbox.kind.in_((MessageKind.ACCESS_REQUEST, MessageKind.BROADCAST))
_PLACE = _outbox.id + case((_outbox.kind == MessageKind.MARGIN, 0), (_LAST, 2), else_=1) * literal(_RANK, BigInteger)
#: how soon it is a chat's turn among the chats: by the most important message that waits in it, whatever stands before that one
_TURN = case(
    (_outbox.kind == MessageKind.MARGIN, 0),
    (_LAST, 3),
    (_outbox.urgency == Urgency.ALWAYS, 1),
    else_=2,
)
#: read apart, so that one message in which they cannot be read keeps no other from leaving
_FACTS = type_coerce(_outbox.facts, Text).label("facts")
_FIELDS = (_FACTS, *(_outbox[name] for name in ("id", "chat_id", "kind", "key", "urgency", "silent", "attempts", "plain")))
_NEW = {"attempts": 0, "faults": 0, "plain": False}
_END = {Verdict.SENT: MessageState.SENT, Verdict.REFUSED: MessageState.REFUSED, Verdict.UNREACHABLE: MessageState.DROPPED}
# asked at every check, and written for every move of a plan
_IS_HELD_TO_NOW = (_WAITING, _outbox.held_until <= bindparam("now"))
_ANY_TO_RELEASE = select(exists().where(*_IS_HELD_TO_NOW))
_TO_RELEASE = select(_outbox.id, _outbox.chat_id).where(*_IS_HELD_TO_NOW).order_by(_outbox.id)
_OVERTAKEN = (
    update(tables.outbox)
    .where(_outbox.chat_id == bindparam("chat"), _outbox.key.like(bindparam("keys"), escape="/"), _WAITING)
    .values(state=MessageState.DROPPED, ended_at=bindparam("now"), detail="overtaken")
)


async def post(
    tx: Tx,
    *,
    chat_id: int,
    kind: MessageKind,
    facts: Mapping[str, Any],
    key: str,
    now: datetime,
    urgency: Urgency = Urgency.ROUTINE,
    silent: bool = False,
    held_until: datetime | None = None,
    not_before: datetime | None = None,
) -> bool:
    """Write a message down; False when one with this key was written before. Nothing waits for a person who is gone.

    It leaves at ``not_before``; None: at once. One that is held is not delivered until :func:`release` lets it go, alone or in a digest.
    """
    given = {"chat_id": chat_id, "kind": kind, "facts": dict(facts), "key": key, "urgency": urgency, "silent": silent}
    row = _NEW | given | {"not_before": not_before or now, "posted_at": now, "held_until": held_until}
    return (await tx.execute(_posting(tx.dialect.name), row | {"chat": chat_id, "now": now})).rowcount == 1


@lru_cache(maxsize=2)
def _posting(dialect: str) -> Insert:
    """Return the statement that writes a message down, ended at once for who is gone: a second question would be felt in a crowd."""
    gone = exists().where(_people.chat_id == bindparam("chat"), _people.unreachable == true())
    ended = {
        "state": (literal(MessageState.DROPPED), literal(MessageState.WAITING)),
        "ended_at": (bindparam("now", type_=_outbox.ended_at.type), null()),
        "detail": (literal("unreachable"), literal("")),
    }
    values = {name: case((gone, dropped), else_=waits) for name, (dropped, waits) in ended.items()}
    return inserting(dialect, tables.outbox).values(values).on_conflict_do_nothing()


async def rewrite(tx: Tx, key: str, facts: Mapping[str, Any]) -> None:
    """Change what a message tells, in the transaction that wrote it: nobody can have sent it."""
    await tx.execute(update(tables.outbox).where(_outbox.key == key).values(facts=dict(facts)))


async def ring(tx: Tx, chat_id: int, kind: MessageKind, facts: Mapping[str, Any], *, key: str, now: datetime) -> bool:
    """Write down what rings whatever a person has chosen for their alerts; False when one with this key was written before."""
    return await post(tx, chat_id=chat_id, kind=kind, facts=facts, key=key, now=now, urgency=Urgency.ALWAYS)


async def is_known(tx: Tx, key: str) -> bool:
    """Tell whether a message with this key was ever written."""
    found: bool = (await tx.execute(select(select(_outbox.id).where(_outbox.key == key).exists()))).scalar_one()
    return found


async def rung(tx: Tx, chat_id: int, kind: MessageKind, since: datetime) -> tuple[dict[str, Any], ...]:
    """Return the facts of what was written of a kind for a chat since then, to leave at once and with a sound."""
    loud = (_outbox.silent.is_(False), _outbox.held_until.is_(None), _outbox.posted_at >= since, _outbox.state != MessageState.DROPPED)
    rows = await tx.execute(select(_FACTS).where(_outbox.chat_id == chat_id, _outbox.kind == kind, *loud))
    return tuple(readable_facts(row.facts) for row in rows)


async def drop_waiting(tx: Tx, now: datetime, *, detail: str) -> None:
    """Deliver nothing of what waits; ``detail`` says why."""
    await tx.execute(update(tables.outbox).where(_WAITING).values(state=MessageState.DROPPED, ended_at=now, detail=detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that had not left yet, and goes on in another."""

    facts: dict[str, Any]
    not_before: datetime


async def merge(tx: Tx, chat_id: int, kind: MessageKind, now: datetime, since: datetime) -> tuple[tuple[Waiting, ...], int]:
    """Take back what waits of a kind, to be told in one message, and return it with how many of the kind were sent since then."""
    mine = (_outbox.chat_id == chat_id, _outbox.kind == kind)
    rows = (await tx.execute(select(_outbox.id, _FACTS, _outbox.not_before).where(*mine, _WAITING).order_by(_outbox.id))).all()
    if rows:
        taken = update(tables.outbox).where(_outbox.id.in_([row.id for row in rows]))
        await tx.execute(taken.values(state=MessageState.DROPPED, ended_at=now, detail="merged"))
    sent = select(func.count()).select_from(tables.outbox).where(*mine, _outbox.state == MessageState.SENT, _outbox.ended_at > since)
    return tuple(Waiting(facts=readable_facts(row.facts), not_before=row.not_before) for row in rows), (await tx.execute(sent)).scalar_one()


async def due(tx: Tx, now: datetime, limit: int = 100, busy: Collection[int] = ()) -> tuple[Message, ...]:
    """Return the first waiting message of each chat: chats with an alarm first, then those in which something must ring, then the others.

    A chat whose first message pauses waits as a whole; only an alarm passes it. Chats in ``busy`` are left out, and messages that are
    held back. One message per chat keeps the order, and keeps a flooded chat from hiding the others.
    """
    found = await tx.execute(_due(), {"now": now, "most": limit, "busy": list(busy)})
    return tuple(map(_message, found))


async def first(tx: Tx, chat_id: int, now: datetime) -> Message | None:
    """Return the first waiting message of one chat, as :func:`due` does; None where none is due."""
    row = (await tx.execute(_FIRST, {"now": now, "chat": chat_id})).one_or_none()
    return _message(row) if row is not None and row.is_due else None


_IN_TIME = _outbox.not_before <= bindparam("now")
# What passes nobody and may not leave yet is nobody's first message: it would hold up what comes behind it.
_IN_LINE = (_WAITING, _outbox.held_until.is_(None), or_(not_(_LAST), _IN_TIME))
_FIRST = select(*_FIELDS, _IN_TIME.label("is_due")).where(*_IN_LINE, _outbox.chat_id == bindparam("chat")).order_by(_PLACE).limit(1)


@lru_cache(maxsize=1)
def _due() -> Select[*tuple[Any, ...]]:
    chats = select(func.min(_PLACE).label("place"), func.min(_TURN).label("turn"))
    heads = chats.where(*_IN_LINE, _outbox.chat_id.not_in(bindparam("busy", expanding=True))).group_by(_outbox.chat_id).subquery()
    found = select(*_FIELDS).join_from(heads, tables.outbox, _outbox.id == heads.c.place % literal(_RANK, BigInteger))
    return found.where(_IN_TIME).order_by(heads.c.turn, heads.c.place).limit(bindparam("most", type_=Integer))


@lru_cache(maxsize=1)
def _to_join() -> Select[int]:
    of_these = _outbox.kind.in_(bindparam("kinds", expanding=True))
    plain = and_(of_these, _outbox.urgency == Urgency.ROUTINE, _outbox.attempts == 0, _outbox.posted_at <= bindparam("since"))
    alike = func.sum(case((plain, 1), else_=0)) == func.count()
    free = _outbox.chat_id.not_in(bindparam("busy", expanding=True))
    waits = select(_outbox.chat_id).where(_WAITING, _outbox.held_until.is_(None), free).group_by(_outbox.chat_id)
    return waits.having(alike, func.count() > 1).limit(_JOINED_MAX)


async def to_join(tx: Tx, *, kinds: Collection[MessageKind], since: datetime, busy: Collection[int] = ()) -> tuple[int, ...]:
    """Return chats that have waited since then for several routine alerts of these kinds, and for nothing else that may leave now.

    Chats in ``busy`` are left out, and those in which something was tried already.
    """
    return tuple((await tx.execute(_to_join(), {"kinds": list(kinds), "since": since, "busy": list(busy)})).scalars())


async def join_waiting(tx: Tx, now: datetime, *, kinds: Collection[MessageKind], since: datetime, busy: Collection[int] = ()) -> int:
    """Tell in one message what each chat of :func:`to_join` waits for; return how many chats those were.

    A chat in which anything else waits is left as it is, so that the order stays.
    """
    chats = await to_join(tx, kinds=kinds, since=since, busy=busy)
    for chat_id in chats:
        ids = (
            (await tx.execute(select(_outbox.id).where(_outbox.chat_id == chat_id, _WAITING, _outbox.held_until.is_(None)))).scalars().all()
        )
        with contained("messages that wait cannot be joined", chat=chat_id):
            await _release(tx, chat_id, ids, now)
    return len(chats)


async def any_to_release(tx: Tx, now: datetime) -> bool:
    """Tell whether :func:`release` would find a message."""
    found: bool = (await tx.execute(_ANY_TO_RELEASE, {"now": now})).scalar_one()
    return found


async def release(tx: Tx, now: datetime) -> int:
    """Let go of messages whose time has come: one alone as it is, several of a chat as one digest; return how many chats those were.

    What is about a paused portfolio waits until it goes on.
    """
    chats: dict[int, list[int]] = {}
    for row in await tx.execute(_TO_RELEASE, {"now": now}):
        chats.setdefault(row.chat_id, []).append(row.id)
    for chat_id, ids in chats.items():
        with contained("messages that were held back cannot be read", chat=chat_id):
            await _release(tx, chat_id, ids, now)
    return len(chats)


async def _release(tx: Tx, chat_id: int, ids: Collection[int], now: datetime) -> None:
    found = (await tx.execute(select(*_FIELDS, _outbox.posted_at).where(_outbox.id.in_(ids)).order_by(_outbox.id))).all()
    paused = await portfolios.paused_in(tx, chat_id)
    rows = [row for row in found if readable_facts(row.facts).get("portfolio_id") not in paused]
    if not rows:
        return
    ids = [row.id for row in rows]
    held = update(tables.outbox).where(_outbox.id.in_(ids))
    if len(rows) == 1:
        await tx.execute(held.values(held_until=None))
        return
    await tx.execute(held.values(state=MessageState.DROPPED, ended_at=now, detail="in a digest"))
    items = [{"kind": str(row.kind), "facts": readable_facts(row.facts), "at": row.posted_at.isoformat()} for row in rows]
    silent = all(row.silent for row in rows)
    await post(tx, chat_id=chat_id, kind=MessageKind.DIGEST, facts={"items": items}, key=f"digest-{rows[-1].id}", now=now, silent=silent)


async def hold(tx: Tx, chat_id: int, until: datetime) -> None:
    """Move the time of everything that is held back for a chat: its quiet hours have changed."""
    held = update(tables.outbox).where(_outbox.chat_id == chat_id, _WAITING, _outbox.held_until.is_not(None))
    await tx.execute(held.values(held_until=until))


async def mark(tx: Tx, message_id: int, delivery: Delivery, now: datetime, again_at: datetime | None = None) -> None:
    """Write down what became of an attempt; a message that stays waiting rests until ``again_at``."""
    changes: dict[str, Any] = {"detail": delivery.detail}
    end = _END.get(delivery.verdict)
    if end is not None:
        changes |= {"state": end, "ended_at": now, "message_id": delivery.message_id}
    else:
        changes |= {"attempts": _outbox.attempts + 1, "not_before": again_at or now}
    if delivery.verdict == Verdict.PLAIN:
        changes["plain"] = True
    await tx.execute(update(tables.outbox).where(_outbox.id == message_id, _WAITING).values(changes))


async def count_fault(tx: Tx, message_id: int) -> int:
    """Note that the attempt itself broke, and return how often it has; 0 when the message was deleted meanwhile."""
    counting = update(tables.outbox).where(_outbox.id == message_id).values(faults=_outbox.faults + 1)
    faults: int | None = (await tx.execute(counting.returning(_outbox.faults))).scalar_one_or_none()
    return faults or 0


async def drop_chat(tx: Tx, chat_id: int, now: datetime, detail: str = "") -> int:
    """Drop everything that waits for a chat; return how many messages that were."""
    dropping = update(tables.outbox).where(_outbox.chat_id == chat_id, _WAITING)
    return (await tx.execute(dropping.values(state=MessageState.DROPPED, ended_at=now, detail=detail))).rowcount


async def overtake(tx: Tx, chat_id: int, key_prefix: str, now: datetime) -> int:
    """Drop waiting messages whose key begins so, because a newer one shows all that they would; return how many that were."""
    keys = "".join(f"/{char}" if char in "/%_" else char for char in key_prefix) + "%"
    return (await tx.execute(_OVERTAKEN, {"chat": chat_id, "keys": keys, "now": now})).rowcount


async def waiting(tx: Tx, kind: MessageKind | None = None) -> int:
    """Return how many messages wait, of one kind or of all."""
    counted = select(func.count()).select_from(tables.outbox).where(_WAITING)
    return (await tx.execute(counted if kind is None else counted.where(_outbox.kind == kind))).scalar_one()


async def waits_since(tx: Tx, now: datetime) -> datetime | None:
    """Return when the oldest message was written that might have left by now; None where none waits."""
    due_now = (_WAITING, _outbox.held_until.is_(None), _outbox.not_before <= now)
    found: datetime | None = (await tx.execute(select(func.min(_outbox.posted_at)).where(*due_now))).scalar_one()
    return found


async def ended(tx: Tx, kind: MessageKind, key_prefix: str) -> tuple[int, int]:
    """Return how many messages of a kind, of those whose keys begin so, were delivered, and how many never will be."""
    states = select(_outbox.state, func.count().label("many")).where(
        _outbox.kind == kind, _outbox.key.startswith(key_prefix, autoescape=True)
    )
    found = {MessageState(row.state): row.many for row in await tx.execute(states.group_by(_outbox.state))}
    return found.get(MessageState.SENT, 0), found.get(MessageState.REFUSED, 0) + found.get(MessageState.DROPPED, 0)


async def drop_kind(tx: Tx, kind: MessageKind, now: datetime, *, detail: str) -> None:
    """Deliver nothing of what waits of a kind; ``detail`` says why."""
    dropping = update(tables.outbox).where(_outbox.kind == kind, _WAITING)
    await tx.execute(dropping.values(state=MessageState.DROPPED, ended_at=now, detail=detail))


async def let_wait(tx: Tx, kind: MessageKind, now: datetime, *, waits: bool) -> None:
    """Keep what waits of a kind from leaving until it is let go again."""
    moving = update(tables.outbox).where(_outbox.kind == kind, _WAITING)
    await tx.execute(moving.values(not_before=_NEVER if waits else now))


async def note_lowest(tx: Tx, chat_id: int, lowest: int, now: datetime) -> None:
    """Note that somebody wrote or tapped in a chat, and what stands lowest in it since then."""
    await put(tx, tables.chats, {"chat_id": chat_id, "lowest": lowest, "touched_at": now})


async def lowest(tx: Tx, chat_id: int) -> tuple[int, datetime] | None:
    """Return what stood lowest in a chat when its person was last answered, and when that was; None where it was never noted."""
    row = (await tx.execute(select(_chats.lowest, _chats.touched_at).where(_chats.chat_id == chat_id))).one_or_none()
    return None if row is None else (row.lowest, row.touched_at)


async def count_refused(tx: Tx, newest: int = 5000) -> int:
    """Return how many of the newest messages Telegram will never take: asked often, and a month of messages is a million rows."""
    lately = select(_outbox.state).order_by(_outbox.id.desc()).limit(newest).subquery()
    counted = select(func.count()).select_from(lately).where(lately.c.state == MessageState.REFUSED)
    return (await tx.execute(counted)).scalar_one()


async def refused(tx: Tx, limit: int = 20) -> tuple[tuple[Message, str], ...]:
    """Return messages that Telegram will never take, newest first, each with what it said."""
    query = select(*_FIELDS, _outbox.detail).where(_outbox.state == MessageState.REFUSED).order_by(_outbox.id.desc()).limit(limit)
    return tuple((_message(row), row.detail) for row in await tx.execute(query))


def _message(row: Row[*tuple[Any, ...]]) -> Message:
    read = {column.name: getattr(row, column.name) for column in _FIELDS}
    return Message(**read | {"kind": MessageKind(str(row.kind)), "urgency": Urgency(row.urgency), "facts": readable_facts(row.facts)})
