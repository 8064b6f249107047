"""Pure rules of who takes and who gives: everybody ends with a fair part, nothing is owned twice, and nobody gives what is under way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.model import SHARES
from chatbot.shares.owned import ALL
from chatbot.shares.parts import fair_part, to_give, to_take

#: looks that bring any number of workers to rest
ROUNDS = 4


def look(owned: list[set[int]], busy: set[int], number: int) -> None:
    """Let one worker look once, as if all others stood still meanwhile."""
    mine = owned[number]
    free = ALL - set().union(*owned)
    mine |= set(to_take(mine, free, len(owned)))
    mine -= set(to_give(mine, ALL - busy, len(owned)))


@settings(max_examples=25)
@given(st.integers(1, 9), st.data())
def test_all_shares_are_taken_and_nobody_keeps_more_than_its_part(workers: int, data: st.DataObject) -> None:
    """From any beginning, in any order of looks, also where all of them ask for the same free share first."""
    beginning = data.draw(st.lists(st.integers(-1, workers - 1), min_size=SHARES, max_size=SHARES))
    owned = [{share for share, owner in enumerate(beginning) if owner == number} for number in range(workers)]
    for _ in range(ROUNDS):
        for number in data.draw(st.permutations(range(workers))):
            look(owned, set(), number)
            assert sum(map(len, owned)) == len(set().union(*owned)), "a share with two owners"
    assert set().union(*owned) == ALL
    assert max(map(len, owned)) <= fair_part(workers)
    before = [set(one) for one in owned]
    for number in range(workers):
        look(owned, set(), number)
    assert owned == before, "at rest nothing moves"


@settings(max_examples=50)
@given(st.sets(st.integers(0, SHARES - 1)), st.sets(st.integers(0, SHARES - 1)), st.integers(1, 70))
def test_nothing_under_way_is_given_and_nothing_is_taken_that_is_not_free(mine: set[int], idle: set[int], workers: int) -> None:
    given_back, taken = set(to_give(mine, idle, workers)), set(to_take(mine, ALL - mine, workers))
    assert given_back <= mine & idle
    assert len(mine - given_back) >= min(len(mine), fair_part(workers))
    assert not taken & mine
    assert not (taken and given_back), "nobody takes and gives at once"


@settings(max_examples=25)
@given(st.integers(1, 9), st.data())
def test_what_one_left_is_taken_over_by_the_others(workers: int, data: st.DataObject) -> None:
    owned: list[set[int]] = [set() for _ in range(workers + 1)]
    for _ in range(ROUNDS):
        for number in range(workers + 1):
            look(owned, set(), number)
    owned.pop(data.draw(st.integers(0, workers)))
    for number in data.draw(st.permutations(range(workers))):
        look(owned, set(), number)
    assert set().union(*owned) == ALL, "one look of each is enough"
