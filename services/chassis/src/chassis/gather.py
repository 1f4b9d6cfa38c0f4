"""Many items in one transaction: what they share is read once, and what they write goes out together.

Each item still stands or falls alone. All of them share a savepoint as long as none is refused; when one is, what went
before it is done again without it. Inside, rows that this transaction has locked are not read again, since nobody else
can change them, and `flush` waits until a statement reads, or for the end of the savepoint.
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
    """The item that was refused, and with it the savepoint that it shared."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


async def apart(
    session: AsyncSession,
    items: Sequence[Item],
    one: Callable[[Item], Awaitable[Result]],
    prepare: Callable[[], Awaitable[None]] | None = None,
) -> list[Result | Problem]:
    """What became of each item: its result, or the problem that refused it and left nothing of it behind.

    `prepare` locks and reads at once what the items share. Its locks stay; what it has read is forgotten when an item
    is refused, and the others read for themselves.
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
        except (Problem, DBAPIError):  # When all were done and are written: nobody knows of which one it is.
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
    """Keep what is read. Whatever reads all the same sees what was gathered until then: it is flushed before."""
    session.info[KEPT], session.info[ENDINGS] = {}, {}
    session.sync_session.autoflush = True
    try:
        yield
    finally:
        session.sync_session.autoflush = False
        del session.info[KEPT], session.info[ENDINGS]


@contextmanager
def _not_sharing(session: AsyncSession) -> Iterator[None]:
    """For a moment; what was kept until then may have changed, and is forgotten."""
    del session.info[KEPT]
    session.sync_session.autoflush = False
    try:
        yield
    finally:
        session.sync_session.autoflush = True
        session.info[KEPT] = {}


async def flush(session: AsyncSession) -> None:
    """Write what has changed, so that the database can refuse it; gathered items do so together."""
    if KEPT not in session.info:
        await session.flush()


async def at_end(session: AsyncSession, kind: str, names: Collection[Any], act: Act) -> None:
    """Do something with these records: now, or for all gathered items at once when the last one is done."""
    if KEPT not in session.info:
        await act(names)
        return
    endings: dict[str, tuple[Act, Collection[Any]]] = session.info[ENDINGS]
    _, before = endings.get(kind, (act, ()))
    endings[kind] = act, {*before, *names}


def gathering(session: AsyncSession) -> bool:
    """Whether items share this transaction."""
    return KEPT in session.info


async def once(session: AsyncSession, key: Hashable, read: Callable[[], Awaitable[Result]]) -> Result:
    """What `read` answers; gathered items share the first answer."""
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
    """The rows of these names (ids, mostly) that `read` finds; gathered items share them."""
    kept: dict[Hashable, Any] | None = session.info.get(KEPT)
    if kept is None:
        return dict(await read(names))
    if missing := [each for each in dict.fromkeys(names) if (kind, each) not in kept]:
        found = dict(await read(missing))
        kept.update({(kind, each): found.get(each) for each in missing})
    return {each: row for each in names if (row := kept[kind, each]) is not None}


def keep(session: AsyncSession, kind: str, rows: Iterable[tuple[Hashable, Any]]) -> None:
    """Share rows that were read by other means with the gathered items that follow."""
    if (kept := session.info.get(KEPT)) is not None:
        kept.update({(kind, name): row for name, row in rows})


def kept(session: AsyncSession, kind: str, names: Collection[Name]) -> dict[Name, Any] | None:
    """Rows that are shared, if all of these are."""
    found: dict[Hashable, Any] | None = session.info.get(KEPT)
    if found is None or any((kind, each) not in found for each in names):
        return None
    return {each: found[kind, each] for each in names}


def forget(session: AsyncSession, kind: str, name: Hashable) -> None:
    """Let the row be read again."""
    session.info.get(KEPT, {}).pop((kind, name), None)
