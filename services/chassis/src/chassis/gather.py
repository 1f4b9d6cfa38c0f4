"""Many items in one transaction: shared rows are read once, and all writes are sent together.

Each item still succeeds or fails alone. All of them share a savepoint until one is refused; then the items before it
are repeated without it. Inside, rows that this transaction has locked are not read again, since no other transaction
can change them, and `flush` is deferred until a statement reads, or to the end of the savepoint.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.edge import refusal
from chassis.errors import Problem

Item = TypeVar("Item")
Result = TypeVar("Result")
Row = TypeVar("Row")
Name = TypeVar("Name", bound=Hashable)
Act = Callable[[Collection[Any]], Awaitable[None]]
KEPT, ENDINGS = "kept", "endings"


class _StoppedAt(Exception):
    """The item that was refused, and rolled back the savepoint that it shared."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


async def apart(
    session: AsyncSession,
    items: Sequence[Item],
    one: Callable[[Item], Awaitable[Result]],
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> list[Result | Problem]:
    """The outcome of each item: its result, or the problem that refused it; a refused item changes nothing.

    `prepare` locks and reads the rows that the items share. Its locks stay; its cached rows are dropped when an item is
    refused, and the others read for themselves.
    """
    async with _sharing(session):
        if prepare is not None:
            await prepare()
        return await _apart(session, items, one)


async def _apart(
    session: AsyncSession, items: Sequence[Item], one: Callable[[Item], Awaitable[Result]]
) -> list[Result | Problem]:
    found: list[Result | Problem] = []
    while rest := items[len(found) :]:
        try:
            return found + await _together(session, rest, one)
        except _StoppedAt as stopped:
            found += await _apart(session, rest[: stopped.position], one)
            found.append(await _alone(session, rest[stopped.position], one))
        except (Problem, DBAPIError):  # The flush of all items failed: it is unknown which item caused it.
            return found + [await _alone(session, item, one) for item in rest]
    return found


async def _together(
    session: AsyncSession, items: Sequence[Item], one: Callable[[Item], Awaitable[Result]]
) -> list[Result | Problem]:
    done: list[Result | Problem] = []
    try:
        async with session.begin_nested():
            for item in items:
                try:
                    done.append(await one(item))
                except (Problem, DBAPIError):
                    raise _StoppedAt(len(done)) from None
            for act, names in session.info[ENDINGS].values():
                await act(names)
            await session.flush()
    except BaseException:
        session.info[KEPT].clear()
        raise
    finally:
        session.info[ENDINGS].clear()
    return done


async def _alone(session: AsyncSession, item: Item, one: Callable[[Item], Awaitable[Result]]) -> Result | Problem:
    with _not_sharing(session):
        try:
            async with session.begin_nested():
                return await one(item)
        except (Problem, DBAPIError) as error:
            return refusal(error)


@asynccontextmanager
async def _sharing(session: AsyncSession) -> AsyncIterator[None]:
    """Cache rows that are read. The session is flushed before each statement that reads, so no read misses a gathered
    write."""
    session.info[KEPT], session.info[ENDINGS] = {}, {}
    session.sync_session.autoflush = True
    try:
        yield
    finally:
        session.sync_session.autoflush = False
        del session.info[KEPT], session.info[ENDINGS]


@contextmanager
def _not_sharing(session: AsyncSession) -> Iterator[None]:
    """Suspend caching; rows cached until then may have changed, and are dropped."""
    del session.info[KEPT]
    session.sync_session.autoflush = False
    try:
        yield
    finally:
        session.sync_session.autoflush = True
        session.info[KEPT] = {}


async def flush(session: AsyncSession) -> None:
    """Write changed rows, so that the database can refuse them; gathered items are written together."""
    if KEPT not in session.info:
        await session.flush()


async def at_end(session: AsyncSession, kind: str, names: Collection[Any], act: Act) -> None:
    """Run `act` on these records: now, or once for all gathered items when the last one is done."""
    if KEPT not in session.info:
        await act(names)
        return
    endings: dict[str, tuple[Act, Collection[Any]]] = session.info[ENDINGS]
    _, before = endings.get(kind, (act, ()))
    endings[kind] = act, {*before, *names}


def gathering(session: AsyncSession) -> bool:
    """Whether items are gathered in this transaction."""
    return KEPT in session.info


async def once(session: AsyncSession, key: Hashable, read: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `read`; gathered items share the first result."""
    kept: dict[Hashable, Any] | None = session.info.get(KEPT)
    if kept is None:
        return await read()
    if key not in kept:
        kept[key] = await read()
    found: Result = kept[key]
    return found


async def each_once(
    session: AsyncSession,
    kind: str,
    names: Collection[Name],
    read: Callable[[Collection[Name]], Awaitable[Iterable[tuple[Name, Row]]]],
) -> dict[Name, Row]:
    """The rows of these keys (usually ids) that `read` finds; gathered items share them."""
    kept: dict[Hashable, Any] | None = session.info.get(KEPT)
    if kept is None:
        return dict(await read(names))
    if missing := [each for each in dict.fromkeys(names) if (kind, each) not in kept]:
        found = dict(await read(missing))
        kept.update({(kind, each): found.get(each) for each in missing})
    return {each: row for each in names if (row := kept[kind, each]) is not None}


def keep(session: AsyncSession, kind: str, rows: Iterable[tuple[Hashable, Any]]) -> None:
    """Share rows that were read by other means with the following gathered items."""
    if (kept := session.info.get(KEPT)) is not None:
        kept.update({(kind, name): row for name, row in rows})


def kept(session: AsyncSession, kind: str, names: Collection[Name]) -> dict[Name, Any] | None:
    """The shared rows, if all of these are shared."""
    found: dict[Hashable, Any] | None = session.info.get(KEPT)
    if found is None or any((kind, each) not in found for each in names):
        return None
    return {each: found[kind, each] for each in names}


def forget(session: AsyncSession, kind: str, name: Hashable) -> None:
    """Drop the cached row."""
    session.info.get(KEPT, {}).pop((kind, name), None)
