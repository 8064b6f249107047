"""Something that happens between the look at a row and the transaction that relies on it."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from chatbot.store.database import Database, Tx


@contextmanager
def meanwhile(db: Database, happens: Callable[[], Awaitable[object]], *, before: int = 1) -> Iterator[None]:
    """Let ``happens`` run once inside the block, just before the transaction with this number begins, counted from now.

    What was read before that transaction is then out of date. It fails where the block begins fewer transactions: nothing was tried.
    """
    real, begun = db.transaction, 0

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Tx]:
        nonlocal begun
        begun += 1
        if begun == before:
            await happens()  # its own transactions have higher numbers
        async with real() as tx:
            yield tx

    db.transaction = transaction  # type: ignore[method-assign]
    try:
        yield
    finally:
        db.transaction = real  # type: ignore[method-assign]
    assert begun >= before, f"only {begun} transactions: nothing happened meanwhile"
