"""Items that share a transaction: each stands or falls alone, and none reads or writes more than it must."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import pytest
from chassis import gather
from chassis.errors import Conflict, Problem
from chassis.outbox import OutboxRow
from chassis.replication import edit
from saving import driver_of
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .notes import NOTE, Note, TitleTooLong, enter

pytestmark = pytest.mark.servers
GOOD, RULE, DATABASE = "good", "refused by a rule", "refused by the database"


class Notes:
    """Changes notes in a gathered way, and counts how often each was read."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.reads = 0

    async def note(self, note_id: UUID) -> Note:
        async def read(ids: Collection[UUID]) -> Iterable[tuple[UUID, Note]]:
            self.reads += 1
            statement = select(Note).where(Note.id.in_(ids)).with_for_update()
            return [
                (row.id, row) for row in await self.session.scalars(statement.execution_options(populate_existing=True))
            ]

        return (await gather.each_once(self.session, "note", [note_id], read))[note_id]

    async def change(self, item: tuple[UUID, str]) -> str:
        """Lengthen the title; then refuse, where the item says so."""
        note_id, what = item
        row = await self.note(note_id)
        with edit(self.session, NOTE, row, "anna"):
            row.title += "!"
            row.isbn = "taken" if what == DATABASE else row.isbn
        if what == RULE:
            raise TitleTooLong(longest=len(row.title))
        await gather.flush(self.session)
        return row.title


async def entered(session: AsyncSession, *titles: str) -> list[UUID]:
    rows = [enter(session, title) for title in titles]
    enter(session, "has it", isbn="taken")
    await session.flush()
    return [row.id for row in rows]


def shown(found: list[Any]) -> list[str]:
    return [each.code if isinstance(each, Problem) else each for each in found]


@pytest.mark.parametrize(
    "kinds",
    [
        [GOOD, GOOD, GOOD],
        [RULE, GOOD, GOOD],
        [GOOD, RULE, GOOD, RULE],
        [RULE, RULE, RULE],
        [GOOD, DATABASE, GOOD],
        [DATABASE, RULE, GOOD, GOOD],
        [GOOD, RULE, GOOD, DATABASE],
    ],
)
async def test_each_item_stands_or_falls_alone(session: AsyncSession, kinds: list[str]) -> None:
    ids = await entered(session, *(f"{number}" for number in range(len(kinds))))
    found = await gather.apart(session, list(zip(ids, kinds, strict=True)), Notes(session).change)
    expected = [f"{number}!" if kind == GOOD else None for number, kind in enumerate(kinds)]
    assert [None if isinstance(each, Problem) else each for each in found] == expected
    assert [each.code for each in found if isinstance(each, Problem)].count("title-too-long") == kinds.count(RULE)
    await session.flush()
    session.expunge_all()
    titles = {row.id: row.title for row in await session.scalars(select(Note))}
    assert [titles[note_id] for note_id in ids] == [each or f"{number}" for number, each in enumerate(expected)]
    keys = list(await session.scalars(select(OutboxRow.key).order_by(OutboxRow.id)))[len(kinds) + 1 :]
    assert keys == [str(note_id) for note_id, kind in zip(ids, kinds, strict=True) if kind == GOOD]


async def test_an_item_may_change_what_another_one_changed(session: AsyncSession) -> None:
    (note_id,) = await entered(session, "A")
    items = [(note_id, GOOD), (note_id, RULE), (note_id, GOOD)]
    assert shown(await gather.apart(session, items, Notes(session).change)) == ["A!", "title-too-long", "A!!"]


async def test_what_is_shared_is_read_once_and_written_together(session: AsyncSession) -> None:
    ids, notes = await entered(session, *"ABCDEFGH"), Notes(session)
    statements: list[str] = []
    async with driver_of(session) as driver:
        driver.add_query_logger(note := lambda said: statements.append(said.query))

    async def prepare() -> None:
        await gather.each_once(session, "note", ids, lambda _: _read_all(session, ids))

    found = await gather.apart(session, [(note_id, GOOD) for note_id in ids], notes.change, prepare)
    assert found == [f"{title}!" for title in "ABCDEFGH"]
    assert notes.reads == 0
    await asyncio.sleep(0)  # The driver logs a statement when it has ended.
    driver.remove_query_logger(note)
    (written,) = [said for said in statements if "update notes" in said]
    assert "insert into outbox" in written


async def _read_all(session: AsyncSession, ids: Collection[UUID]) -> list[tuple[UUID, Note]]:
    return [(row.id, row) for row in await session.scalars(select(Note).where(Note.id.in_(ids)))]


async def test_what_reads_all_the_same_sees_what_was_gathered(session: AsyncSession) -> None:
    ids, notes = await entered(session, "A", "B"), Notes(session)

    async def change(item: tuple[UUID, str]) -> int:
        await notes.change(item)
        return len(list(await session.scalars(select(Note.id).where(Note.title.endswith("!")))))

    assert await gather.apart(session, [(note_id, GOOD) for note_id in ids], change) == [1, 2]


async def test_what_comes_at_the_end_comes_once_and_its_refusal_leaves_each_item_to_itself(
    session: AsyncSession,
) -> None:
    ids, ended = await entered(session, "A", "B"), list[set[UUID]]()

    async def end(names: Collection[UUID]) -> None:
        ended.append(set(names))
        if ids[1] in names:
            raise Conflict()

    async def change(item: tuple[UUID, str]) -> str:
        title = await Notes(session).change(item)
        await gather.at_end(session, "ending", [item[0]], end)
        return title

    found = await gather.apart(session, [(note_id, GOOD) for note_id in ids], change)
    assert shown(found) == ["A!", Conflict.code]
    assert ended == [set(ids), {ids[0]}, {ids[1]}]
