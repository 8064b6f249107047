"""Answers of five venues that chance has broken, at every call: no order is doubled, nothing is invented, what is unknown stays unknown."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from chatbot.exchanges.testserver import server as testserver
from tests.execution.test_fault_table import CALLS, PACE, Table
from tests.execution.test_on_live_venues import on

if TYPE_CHECKING:
    from chatbot.exchanges.testserver.dialect import Answer
    from chatbot.store.database import Database

#: broken answers in all, what a quiet machine breaks in half of these seconds; after them no more plans are begun
MANY, SOAK_S = 10_000, 900.0
#: how many answers are broken while a plan is carried out, one after another of these
SHARES = (0.02, 0.1, 0.3, 1.0)
#: what no field of an answer is; a number that could be one would be a lie that nobody can find out
EVIL: tuple[Any, ...] = (
    *(None, True, "", " ", "text", "NaN", "Infinity", "-Infinity", "1e31", "1e999999999", "-1", "9" * 5000, 10**400, "\ud800", "\0"),
    *([], {}, [None], [[]], {"a": 1}, [{}]),
)
#: what nobody has said of the account: an answer that cannot be read is none of these
CAUSES = frozenset({"hedge_mode", "isolated_margin", "multi_assets", "borrowed", "key_refused", "place_refused"})
#: a wallet below 0 is how Bybit says that something is borrowed
_MAY_BE_SAID = {"bybit": {"borrowed"}}
BODIES = (
    *("", " ", "null", "true", "7", '"text"', "[]", "{}", "[null]", "<html>Maintenance</html>", "\ufeff{}", "[" * 2000),
    *('{"code": 0, "data": null}', '{"code": -1000, "msg": "An unknown error"}', '{"retCode": 0, "result": {}}', '{"surprise": 1}'),
    *('{"retCode": 10016, "retMsg": "error"}', '{"success": false, "code": 500}', '{"code": 100500, "msg": "busy", "data": {}}'),
)


class Line:
    """Breaks some of the answers on their way, while its ``share`` says so."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._send = chance, testserver._sent
        self.share, self.broken, self.passed = 0.0, 0, 0

    def send(self, answer: Answer) -> web.Response:
        """Send an answer, or what is left of it."""
        if self._chance.random() >= self.share:
            self.passed += 1
            return self._send(answer)
        self.broken += 1
        return web.Response(status=answer.status, body=self._spoilt(answer.body), content_type="application/json")

    def _spoilt(self, body: Any) -> bytes:
        way = self._chance.random()
        written = json.dumps(body)
        if way < 0.1:
            return self._chance.choice(BODIES).encode("utf-8", "replace")
        if way < 0.2:
            return written[: self._chance.randrange(len(written))].encode()
        return json.dumps(self._with_a_hole(body)).encode()

    def _with_a_hole(self, body: Any) -> Any:
        """Return it with something missing, or something else in its place, somewhere inside."""
        inside = list(body) if isinstance(body, dict) else list(range(len(body))) if isinstance(body, list) else []
        if not inside or self._chance.random() < 0.1:
            return self._chance.choice(EVIL)
        where, copy = self._chance.choice(inside), body.copy()
        if isinstance(body[where], (dict, list)) and body[where] and self._chance.random() < 0.8:
            copy[where] = self._with_a_hole(body[where])
        elif isinstance(body[where], bool):
            copy[where] = self._chance.choice([one for one in EVIL if one is not True])  # the other answer would be a lie
        elif self._chance.random() < 0.4:
            del copy[where]
        else:
            copy[where] = self._chance.choice(EVIL)
        return copy


@pytest.mark.slow
@pytest.mark.parametrize(("venue", "kind"), list(CALLS))
async def test_broken_answers_double_nothing_and_invent_nothing(
    db: Database, venue: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every plan ends, or its person is asked and it ends then; what the journal says was filled is what the venue says."""
    line = Line(random.Random(f"{venue} {kind}"))
    monkeypatch.setattr(testserver, "_sent", line.send)
    begun, plans, ends = time.monotonic(), 0, Counter[str]()
    async with on(venue, db, PACE) as (lab, server):
        await lab.run("to_futures 500")
        table = Table(venue, kind, lab, server)
        while line.broken < MANY / len(CALLS) and time.monotonic() - begun < SOAK_S / len(CALLS):
            line.share = SHARES[plans % len(SHARES)]
            plan = await table._carry_out([])
            line.share = 0.0
            end = (await table.end_of(plan, closes=plans % 2 == 0)).partition(":")[0]
            assert not [cause for cause in CAUSES - _MAY_BE_SAID.get(venue, set()) if cause in end], end
            ends[end] += 1
            plans += 1
    print(f"{venue} {kind}: {line.broken} broken answers in {plans} plans, {time.monotonic() - begun:.0f} s: {dict(ends)}")  # noqa: T201
    assert line.broken
