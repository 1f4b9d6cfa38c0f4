"""Statements of the driver that are sent one after the other."""

from collections.abc import AsyncIterator, Mapping

import pytest
from adjustments.statements import Statement, in_turn
from chassis.db import engine_as, session_factory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers
NOTE = Statement("insert into said values (:number)")
BROKEN = Statement("select 1 / :zero")


@pytest.fixture
async def session(postgres: str) -> AsyncIterator[AsyncSession]:
    engine = engine_as(postgres, {})
    async with session_factory(engine)() as session:
        await Statement("create temp table said (number int) on commit drop").fetch(session, {})
        yield session
    await engine.dispose()


async def said(session: AsyncSession) -> list[int]:
    return [row["number"] for row in await Statement("select number from said").fetch(session, {})]


async def test_statements_are_executed_in_their_order_before_the_block_ends(session: AsyncSession) -> None:
    async with in_turn(session) as turn:
        for number in range(5):
            await turn.send((NOTE, {"number": number}))
    assert await said(session) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("after", [[], [{"number": 1}]])
async def test_the_error_of_a_statement_is_raised_and_none_is_sent_after_it(
    session: AsyncSession, after: list[Mapping[str, int]]
) -> None:
    with pytest.raises(DBAPIError, match="division by zero"):
        async with in_turn(session) as turn:
            await turn.send((BROKEN, {"zero": 0}))
            for values in after:
                await turn.send((NOTE, values))
    await session.rollback()


async def test_an_error_while_the_next_is_made_leaves_the_session_usable(session: AsyncSession) -> None:
    with pytest.raises(KeyError):
        async with in_turn(session) as turn:
            await turn.send((NOTE, {"number": 1}))
            raise KeyError("the next")
    assert await said(session) == [1]
