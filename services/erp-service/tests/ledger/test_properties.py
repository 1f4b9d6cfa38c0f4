"""Whatever is posted, repeated, rolled back or refused: the books are balanced, and hold what was committed once."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import create_engine, session_factory, transaction
from chassis.testing import Database
from erp.ledger import commands, queries
from erp.ledger.commands import PeriodClosed
from erp.ledger.rules import POSTING_RULES, Source, lines_of
from erp.wiring import SERVICE
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers
RULES = sorted(POSTING_RULES)
MONTHS = (date(1996, 7, 1), date(1996, 8, 1))
AMOUNTS = st.integers(0, 30000).map(lambda cents: Decimal(cents).scaleb(-2))
POSTINGS = st.tuples(st.sampled_from(RULES), st.sampled_from(MONTHS), AMOUNTS, AMOUNTS, st.integers(0, 5))
Posted = tuple[str, date, Decimal, Decimal, int]


class RolledBack(Exception):
    """The transaction fails after it has posted."""


class Books(RuleBasedStateMachine):
    """Postings of one tenant, beside what they should come to. A source is one of six, so that many are repeats."""

    address: str

    def __init__(self) -> None:
        super().__init__()
        self.tenant = uuid4()
        self.closed: set[date] = set()
        self.entries: dict[tuple[str, int], UUID] = {}
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.loop = asyncio.new_event_loop()
        engine = create_engine(self.address, SERVICE.name, "app")
        self.engine = engine
        self.sessions = session_factory(engine)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.engine.dispose())
        self.loop.close()

    def acting(self, act: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def acted() -> Any:
            async with transaction(self.sessions, self.tenant) as session:
                return await act(session)

        return self.loop.run_until_complete(acted())

    async def post(self, session: AsyncSession, posted: Posted) -> UUID | None:
        name, month, *_, number = posted
        return await commands.post(
            session,
            name,
            on=month.replace(day=17),
            currency="EUR",
            amounts=self.amounts(posted),
            source=Source("test", UUID(int=number)),
            actor="anna",
        )

    def amounts(self, posted: Posted) -> dict[str, Decimal]:
        names = sorted({name for line in POSTING_RULES[posted[0]] for name in line.amounts})
        return dict(zip(names, posted[2:4], strict=False))

    def committed(self, posted: Posted, entry_id: UUID | None) -> None:
        """What a posting that was committed should have done."""
        lines, known = lines_of(posted[0], self.amounts(posted), "EUR"), (posted[0], posted[4])
        if not lines:
            assert entry_id is None
        elif known in self.entries:
            assert entry_id == self.entries[known]
        else:
            assert entry_id is not None
            self.entries[known] = entry_id
            for line in lines:
                self.balances[line.role] += line.amount

    def refused(self, posted: Posted) -> bool:
        """Whether the posting is new, and its month closed."""
        new = (posted[0], posted[4]) not in self.entries
        return new and posted[1] in self.closed and any(self.amounts(posted).values())

    @rule(postings=st.lists(POSTINGS, min_size=1, max_size=3), fails=st.booleans())
    def post_together(self, postings: list[Posted], fails: bool) -> None:
        async def act(session: AsyncSession) -> list[UUID | None]:
            ids = [await self.post(session, posted) for posted in postings]
            if fails:
                raise RolledBack
            return ids

        try:
            for posted, entry_id in zip(postings, self.acting(act), strict=True):
                self.committed(posted, entry_id)
        except PeriodClosed:
            assert any(self.refused(posted) for posted in postings)
        except RolledBack:
            assert fails

    @rule(postings=st.lists(POSTINGS, min_size=2, max_size=2), undone=st.integers(0, 1))
    def post_and_undo_one(self, postings: list[Posted], undone: int) -> None:
        """One of two postings stands in a savepoint that is rolled back."""

        async def act(session: AsyncSession) -> list[UUID | None]:
            ids: list[UUID | None] = []
            for number, posted in enumerate(postings):
                try:
                    async with session.begin_nested():
                        ids.append(await self.post(session, posted))
                        if number == undone:
                            raise RolledBack
                except (RolledBack, PeriodClosed):
                    ids[number:] = [None]
            return ids

        ids = self.acting(act)
        kept = postings[1 - undone]
        if not self.refused(kept):
            self.committed(kept, ids[1 - undone])

    @rule(posted=POSTINGS)
    def post_twice_at_once(self, posted: Posted) -> None:
        async def twice() -> tuple[UUID | BaseException | None, UUID | BaseException | None]:
            async def once() -> UUID | None:
                async with transaction(self.sessions, self.tenant) as session:
                    return await self.post(session, posted)

            return await asyncio.gather(once(), once(), return_exceptions=True)

        first, second = self.loop.run_until_complete(twice())
        if isinstance(first, BaseException):
            assert isinstance(first, PeriodClosed)
            assert isinstance(second, PeriodClosed)
            assert self.refused(posted)
        else:
            assert first == second
            self.committed(posted, first)

    @rule(month=st.sampled_from(MONTHS))
    def close_or_reopen(self, month: date) -> None:
        change = commands.reopen if month in self.closed else commands.close
        self.acting(lambda session: change(session, month, "anna"))
        self.closed ^= {month}

    @invariant()
    def balanced(self) -> None:
        async def act(session: AsyncSession) -> tuple[Decimal, dict[str, Decimal], int]:
            rows = await queries.trial_balance(session)
            assert sum(row.debit for row in rows) == sum(row.credit for row in rows)
            unbalanced = text("""
                select count(*) from (select from journal_lines group by entry_id, currency having sum(amount) <> 0)
            """)
            return (
                sum((row.balance for row in rows), Decimal(0)),
                {str(row.role): row.balance for row in rows},
                await session.scalar(unbalanced) or 0,
            )

        total, balances, unbalanced = self.acting(act)
        assert (total, unbalanced) == (0, 0)
        assert balances.keys() <= self.balances.keys()
        assert {role: amount for role, amount in balances.items() if amount} == {
            role: amount for role, amount in self.balances.items() if amount
        }


def test_the_books_are_balanced_whatever_happens(database: Database) -> None:
    Books.address = database(SERVICE.name, SERVICE.metadata, SERVICE.versions, "books")
    run_state_machine_as_test(Books, settings=settings(max_examples=15, stateful_step_count=12, deadline=None))
