"""Whose work a process does: shares are gained once everything is prepared, and nothing is begun for those that go."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model import SHARES, share_of
from chatbot.shares.owned import ALL, Shares


@given(st.integers(min_value=1, max_value=2**52))
def test_everybody_is_in_one_share(person_id: int) -> None:
    assert share_of(person_id) in ALL
    assert Shares().has(person_id)
    assert not Shares(()).has(person_id)
    assert [share for share in range(SHARES) if Shares((share,)).has(person_id)] == [share_of(person_id)]


def test_who_is_worked_for_stays_until_that_is_done() -> None:
    shares = Shares((3,))
    with shares.in_hand(3) as is_ours, shares.in_hand(67) as is_too:
        assert (is_ours, is_too) == (True, True)
        assert not shares.is_idle(3)
    assert shares.is_idle(3)
    with shares.in_hand(4) as is_ours:
        assert not is_ours
        assert shares.is_idle(4)


async def test_a_share_is_prepared_before_it_is_ours_and_forgotten_after_it_was() -> None:
    shares, seen = Shares((1,)), list[tuple[str, frozenset[int], frozenset[int]]]()

    async def prepare(new: frozenset[int]) -> None:
        seen.append(("prepare", new, shares.owned))

    async def forget(gone: frozenset[int]) -> None:
        seen.append(("forget", gone, shares.owned))

    shares.on_gain(prepare)
    shares.on_loss(forget)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(shares.gained(shares.gains))
        await asyncio.sleep(0)
        await shares.gain((1, 2))
    assert waiting.done()
    shares.let_go((1,))
    assert not shares.has(1)
    await shares.lose((1,))
    assert seen == [("prepare", frozenset({2}), frozenset({1})), ("forget", frozenset({1}), frozenset({2}))]


async def test_what_could_not_be_prepared_is_not_ours() -> None:
    shares = Shares(())

    async def fails(_: frozenset[int]) -> None:
        raise ConnectionError("away")

    shares.on_gain(fails)
    with pytest.raises(ConnectionError, match="away"):
        await shares.gain((5,))
    assert not shares.owned
