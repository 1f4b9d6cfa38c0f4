"""Saving: the rows are those that a flush writes, in one statement."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import engine_as, session_factory
from saving import append, driver_of, first, save, unwritten
from sqlalchemy import (
    ARRAY,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.orm.exc import StaleDataError

pytestmark = pytest.mark.servers


class Base(DeclarativeBase):
    """The tables of these tests."""


class Label(Base):
    __tablename__ = "labels"

    shelf_id: Mapped[UUID] = mapped_column(ForeignKey("shelves.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str]


class Entry(Base):
    __tablename__ = "order"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    words: Mapped[str] = mapped_column("group", Text)


class Shelf(Base):
    __tablename__ = "shelves"
    __table_args__ = (UniqueConstraint("place", name="uq_place"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    place: Mapped[str | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(19, 4))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    known: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    added: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    day: Mapped[date | None]
    great: Mapped[bool] = mapped_column(default=False)
    size: Mapped[float | None]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    labels: Mapped[list[Label]] = relationship(lazy="raise", order_by=Label.position)


FULL: dict[str, Any] = {
    "place": 'a "quoted"\n\\ place é 𝄞',
    "price": Decimal("12345678901234.5678"),
    "content": bytes(range(256)),
    "tags": ["a,b", "{c}", 'd"'],
    "known": [UUID(int=1), UUID(int=2)],
    "facts": {"deep": [{"number": 1.5, "nothing": None, "text": "\\u0000 é"}]},
    "added": datetime(2026, 11, 29, 1, 2, 3, 456789, timezone(timedelta(hours=9))),
    "day": date(2026, 2, 28),
    "great": True,
    "size": 0.1,
}
CHANGED: dict[str, Any] = {
    "place": None,
    "price": Decimal("1E+3"),
    "content": b"",
    "tags": [],
    "known": None,
    "facts": {"else": [1, "2"]},
    "added": datetime(1999, 1, 1, tzinfo=UTC),
    "day": None,
    "great": False,
    "size": -1e300,
}


@pytest.fixture(scope="module")
async def engine(postgres: str) -> AsyncIterator[AsyncEngine]:
    engine = engine_as(postgres, {})
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    await engine.dispose()


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that is rolled back, and that counts what it sends to the driver."""
    async with session_factory(engine)() as session, driver_of(session) as driver:
        sent: list[str] = session.info.setdefault("sent", [])
        with driver.query_logger(lambda record: sent.append(record.query)):
            yield session


async def written(session: AsyncSession) -> list[str]:
    """The statements that have written since the last call."""
    await asyncio.sleep(0)  # The driver logs a statement when it has ended.
    found: list[str] = session.info["sent"][:]
    session.info["sent"].clear()
    return [each for each in found if each.lower().startswith(("with w", "insert", "update", "delete"))]


async def stored(session: AsyncSession, row: Any) -> dict[str, Any]:
    """The columns of a row, as the database has them."""
    table: Any = type(row).__table__
    found = await session.execute(select(table).where(*(column == getattr(row, key) for key, column in _keys(row))))
    return dict(found.one()._mapping)


def _keys(row: Any) -> list[tuple[str, Any]]:
    return [(each.name, each) for each in type(row).__table__.primary_key]


async def test_values_of_each_type_are_stored_as_a_flush_stores_them(session: AsyncSession) -> None:
    saved, flushed = Shelf(**FULL), Shelf(**{**FULL, "place": "elsewhere"})
    session.add(saved)
    await save(session)
    assert len(await written(session)) == 1
    session.add(flushed)
    await session.flush()
    apart = {"id", "place"}
    first_row, second = await stored(session, saved), await stored(session, flushed)
    assert {key: first_row[key] for key in first_row.keys() - apart} == {
        key: second[key] for key in second.keys() - apart
    }
    assert first_row["place"] == FULL["place"]


async def test_changes_of_each_type_are_stored_as_a_flush_stores_them(session: AsyncSession) -> None:
    saved, flushed = Shelf(**FULL), Shelf(**{**FULL, "place": "elsewhere"})
    session.add_all([saved, flushed])
    await session.flush()
    for row, write in ((saved, save), (flushed, AsyncSession.flush)):
        for name, value in CHANGED.items():
            setattr(row, name, value)
        await write(session)
    one, other = await stored(session, saved), await stored(session, flushed)
    assert {**one, "id": None} == {**other, "id": None}


async def test_a_row_gets_what_the_database_gives_it(session: AsyncSession) -> None:
    shelf, one, two = Shelf(), Entry(words="one"), Entry(words="two")
    session.add_all([one, shelf, two])
    await save(session)
    assert len(await written(session)) == 1
    assert (one.id, two.id) == (one.id, one.id + 1)
    assert (shelf.tags, shelf.facts, shelf.great) == ([], {}, False)
    assert await stored(session, shelf) == {name: getattr(shelf, name) for name, _ in Shelf.__table__.columns.items()}


async def test_related_rows_get_the_key_of_their_row_in_the_same_statement(session: AsyncSession) -> None:
    shelf = Shelf(labels=[Label(position=1, words="a"), Label(position=2, words="b")])
    session.add(shelf)
    await save(session)
    assert len(await written(session)) == 1
    assert [each.shelf_id for each in shelf.labels] == [shelf.id, shelf.id]
    shelf.labels.append(Label(position=3, words="c"))
    shelf.labels[0].words = "changed"
    shelf.great = True
    await save(session)
    assert len(await written(session)) == 1
    found = await session.execute(select(Label.position, Label.words).order_by(Label.position))
    assert [tuple(each) for each in found] == [(1, "changed"), (2, "b"), (3, "c")]


async def test_several_rows_of_a_table_are_changed_by_one_statement(session: AsyncSession) -> None:
    shelves = [Shelf(price=Decimal(number)) for number in range(5)]
    session.add_all(shelves)
    await save(session)
    for shelf in shelves:
        shelf.price = shelf.price and shelf.price * 2
    shelves[0].great = True
    await written(session)
    await save(session)
    assert len(await written(session)) == 1
    found = await session.scalars(select(Shelf.price).order_by(Shelf.price))
    assert list(found) == [0, 2, 4, 6, 8]


async def test_a_unique_value_moves_to_a_new_row_in_one_statement(session: AsyncSession) -> None:
    old = Shelf(place="here")
    session.add(old)
    await save(session)
    old.place = None
    session.add(Shelf(place="here"))
    await save(session)
    assert await session.scalar(select(func.count()).where(Shelf.place == "here")) == 1


async def test_what_has_been_changed_back_is_not_written(session: AsyncSession) -> None:
    shelf = Shelf(place="here")
    session.add(shelf)
    await save(session)
    await written(session)
    shelf.place = "there"
    shelf.place = "here"
    await save(session)
    assert await written(session) == []
    assert not session.dirty


async def test_deletes_are_left_to_the_flush(session: AsyncSession) -> None:
    shelf = Shelf(labels=[Label(position=1, words="a")])
    session.add(shelf)
    await save(session)
    await session.delete(shelf.labels[0])
    shelf.great = True
    await save(session)
    assert await session.scalar(select(func.count()).select_from(Label)) == 0
    assert (await stored(session, shelf))["great"] is True


async def test_an_expression_is_left_to_the_flush(session: AsyncSession) -> None:
    shelf: Any = Shelf(place="here")
    session.add(shelf)
    await save(session)
    shelf.place = func.upper(Shelf.place)
    await save(session)
    assert (await stored(session, shelf))["place"] == "HERE"


async def test_a_row_of_a_savepoint_that_is_rolled_back_is_gone(session: AsyncSession) -> None:
    kept = Shelf(place="kept")
    session.add(kept)
    await save(session)
    savepoint = await session.begin_nested()
    session.add(lost := Shelf(place="lost"))
    await save(session)
    await savepoint.rollback()
    assert kept in session
    assert lost not in session
    assert list(await session.scalars(select(Shelf.place))) == ["kept"]


async def test_a_violated_constraint_is_raised_as_by_a_flush(session: AsyncSession) -> None:
    session.add_all([Shelf(place="here"), Shelf(place="here")])
    with pytest.raises(IntegrityError) as raised:
        await save(session)
    cause: Any = raised.value.orig and raised.value.orig.__cause__
    assert cause.constraint_name == "uq_place"


async def test_a_character_that_cannot_be_stored_is_refused_by_the_database(session: AsyncSession) -> None:
    session.add(Shelf(place="a\x00b"))
    with pytest.raises(DBAPIError) as raised:
        await save(session)
    assert str(getattr(raised.value.orig, "sqlstate", "")).startswith("22")


async def test_a_row_that_is_gone_cannot_be_changed(session: AsyncSession) -> None:
    shelf = Shelf(place="here")
    session.add(shelf)
    await save(session)
    await session.execute(text("delete from shelves"))
    shelf.place = "there"
    with pytest.raises(StaleDataError):
        await save(session)


async def test_known_values_are_those_of_new_rows(session: AsyncSession) -> None:
    session.add_all([Shelf(), Shelf(size=2)])
    await save(session, size=1)
    assert sorted(each or 0 for each in await session.scalars(select(Shelf.size))) == [1, 2]


async def test_a_statement_that_opens_a_transaction_runs_once(engine: AsyncEngine) -> None:
    async with session_factory(engine)() as session:
        for _ in range(2):
            await first(session, "select set_config('app.seen', current_setting('app.seen', true) || '!', true)")
        await first(session, "set local app.seen = 'seen'")
        await session.execute(text("select"))
        await first(session, "set local app.seen = 'seen'")
        assert await session.scalar(text("select current_setting('app.seen')")) == "seen"
        await session.commit()
        await first(session, "set local app.seen = 'again'")
        assert await session.scalar(text("select current_setting('app.seen')")) == "again"


async def test_a_failed_opening_leaves_no_transaction_behind(engine: AsyncEngine) -> None:
    async with session_factory(engine)() as session:
        await first(session, "select 1 / 0")
        with pytest.raises(DBAPIError):
            await session.execute(text("select"))
    async with session_factory(engine)() as session:
        assert await session.scalar(text("select 1")) == 1


async def test_an_appended_row_is_written_with_the_others_and_read_by_nobody(session: AsyncSession) -> None:
    session.add(Shelf(place="here"))
    append(session, Shelf, id=uuid4(), place="there", content=b"\x00", great=True, day=None)
    append(session, Shelf, id=uuid4(), place="beyond", content=b"\x01", great=True)
    await written(session)
    await save(session, size=3)
    assert len(await written(session)) == 1
    found = (await session.execute(select(Shelf.place, Shelf.size).order_by(Shelf.place))).all()
    assert [tuple(each) for each in found] == [("beyond", 3), ("here", 3), ("there", 3)]
    assert not unwritten(session)


@pytest.mark.parametrize("ending", ["flush", "commit"])
async def test_an_appended_row_is_not_lost_by_a_flush_or_a_commit(session: AsyncSession, ending: str) -> None:
    append(session, Shelf, id=uuid4(), place="there", great=True)
    if ending == "flush":
        session.add(Shelf(place="here"))
    await getattr(AsyncSession, ending)(session)
    assert "there" in list(await session.scalars(select(Shelf.place)))
    await session.execute(text("delete from shelves"))
    await session.commit()


async def test_an_appended_row_of_a_savepoint_that_is_rolled_back_is_not_written(session: AsyncSession) -> None:
    append(session, Shelf, id=uuid4(), place="kept", great=True)
    savepoint = await session.begin_nested()
    append(session, Shelf, id=uuid4(), place="lost", great=True)
    await savepoint.rollback()
    async with session.begin_nested():
        append(session, Shelf, id=uuid4(), place="released", great=True)
    await save(session)
    assert sorted(each or "" for each in await session.scalars(select(Shelf.place))) == ["kept", "released"]


async def test_appended_rows_of_a_rolled_back_transaction_are_forgotten(session: AsyncSession) -> None:
    append(session, Shelf, id=uuid4(), place="lost", great=True)
    await session.rollback()
    assert not unwritten(session)


@pytest.mark.parametrize("value", [{"place": 5}, {"place": ["a"]}, {"great": "true"}, {"day": "2026-01-01"}])
async def test_a_value_of_another_type_is_refused_as_by_a_flush(session: AsyncSession, value: dict[str, Any]) -> None:
    session.add(Shelf(**value))
    with pytest.raises((DBAPIError, StatementError, TypeError)):
        await save(session)
