"""Deliveries that fail: the group at fault is found and refused, and all else goes through."""

from dataclasses import replace
from typing import Any

import pytest
from chassis.replication import apply, fields
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .notes import NOTE, Note, delivery
from .test_edit import events
from .test_port import note, notes, one

pytestmark = pytest.mark.servers


async def test_what_the_database_refuses_is_found_and_the_rest_of_the_batch_goes_through(session: AsyncSession) -> None:
    owner = await one(session, title="Owner", isbn="978-3")
    items = [delivery(title=f"Note {n}") for n in range(9)]
    items.insert(4, delivery(title="Clash", isbn="978-3"))
    outcomes = await apply(session, NOTE, items)
    assert [outcome.outcome for outcome in outcomes] == ["applied"] * 4 + ["rejected"] + ["applied"] * 5
    assert outcomes[4].groups == {"title": "applied", "isbn": "rejected"}
    problem = outcomes[4].problem
    assert problem is not None and (problem["type"], problem["group"]) == ("/problems/not-unique", "isbn")
    assert [outcome.canonical_id for outcome in outcomes] == [item.canonical_id for item in items]
    assert await notes(session) == 11
    assert len(await events(session)) == 11
    assert [(await note(session, each)).isbn for each in (owner, outcomes[4])] == ["978-3", None]


async def test_a_record_whose_name_the_database_refuses_is_not_created(session: AsyncSession) -> None:
    outcome = await one(session, title="a\x00b", text="For May")
    assert (outcome.outcome, outcome.local_id) == ("rejected", None)
    assert outcome.groups == {"title": "rejected", "text": "skipped"}
    assert outcome.problem is not None and outcome.problem["type"] == "/problems/impossible-here"
    assert await notes(session) == 0
    assert await events(session) == []


async def test_a_new_record_without_a_group_that_it_needs_is_refused(session: AsyncSession) -> None:
    outcome = await one(session, text="For May")
    assert outcome.problem is not None
    assert (outcome.outcome, outcome.problem["groups"], outcome.local_id) == ("rejected", ["title"], None)
    assert await notes(session) == 0


@pytest.mark.parametrize(
    "absurd",
    [
        {"title": 5},  # A rule of the module fails on it.
        {"text": 5},  # The driver cannot encode it.
        {"text": "a\x00b"},  # The database refuses it.
        {"isbn": {"nested": 1}},  # The search for a twin would fail on it.
        {"text": {"a": 1}, "isbn": ["b"]},
    ],
    ids=str,
)
async def test_a_value_that_makes_applying_fail_is_refused_and_all_else_goes_through(
    session: AsyncSession, absurd: dict[str, Any]
) -> None:
    before = [await one(session, title=f"Note {n}") for n in range(3)]
    sent = [
        delivery(each.canonical_id, rev=2, title="Changed", text="For May", isbn=f"{n}")
        for n, each in enumerate(before)
    ]
    sent[1] = delivery(before[1].canonical_id, rev=2, **{"title": "Changed", "text": "For May", "isbn": "1", **absurd})
    fresh = delivery(**{"title": "New", "text": "For May", "isbn": "9", **absurd})
    outcomes = await apply(session, NOTE, [*sent, fresh])
    assert [each.outcome for each in outcomes] == ["applied", "rejected", "applied", "rejected"]
    changed = {group: "rejected" if group in absurd else "applied" for group in ("title", "text", "isbn")}
    assert outcomes[1].groups == changed
    row = await note(session, outcomes[1])
    assert {"title": row.title, "text": row.text, "isbn": row.isbn} == {
        "title": "Note 1" if "title" in absurd else "Changed",
        "text": None if "text" in absurd else "For May",
        "isbn": None if "isbn" in absurd else "1",
    }
    assert (outcomes[3].local_id is None) == ("title" in absurd)
    assert await notes(session) == 3 + ("title" not in absurd)
    again = await apply(session, NOTE, [*sent, fresh])
    assert [each.outcome for each in again] == ["already", "rejected", "already", "rejected"]


async def test_a_batch_of_which_every_item_fails_is_answered_with_a_bounded_number_of_attempts(
    session: AsyncSession,
) -> None:
    attempts = 0

    def write(_row: Note, _value: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise ArithmeticError("not today")

    failing = replace(NOTE, groups=(fields("title", lambda row: row.title, write),))
    outcomes = await apply(session, failing, [delivery(title="x") for _ in range(200)])
    told = [each.outcome for each in outcomes]
    assert set(told) == {"rejected", "skipped"}
    assert told.count("rejected") > 10
    assert attempts < 800


async def test_what_concerns_the_server_fails_the_whole_batch(session: AsyncSession) -> None:
    async def interrupted(session: AsyncSession, _values: Any) -> bool:
        await session.execute(text("set local statement_timeout = 5"))
        return bool(await session.scalar(text("select pg_sleep(5) is null")))

    with pytest.raises(DBAPIError):
        await apply(session, replace(NOTE, twin=interrupted), [delivery(title="One"), delivery(title="Two")])
