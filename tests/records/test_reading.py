"""Reads of every record: alone, in lists with each filter and each order, and by those who may not."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import pytest
from chassis.testing import act_for
from sqlalchemy import update

from .examples import key_of
from .filters import UNVALUED, choices, is_range, nothing, value_of
from .made import ROWS, Made
from .subjects import SUBJECTS, UNFILLED, having

pytestmark = pytest.mark.servers
CANONICAL = UUID("01900000-0000-7000-8000-0000000000aa")


def test_the_suite_leaves_out_only_records_and_filters_that_exist() -> None:
    filters = {f"{each} {name}" for each in SUBJECTS for name in each.record.filters.model_fields}
    assert UNFILLED.keys() <= {str(each) for each in SUBJECTS}
    assert UNVALUED.keys() <= filters


@having("list")
async def test_a_list_has_every_row_once(made: Made) -> None:
    assert sorted(await made.listed()) == sorted(map(key_of, made.rows))
    assert len(set(map(key_of, made.rows))) == ROWS


@having("read")
async def test_a_row_is_read_with_its_version(made: Made) -> None:
    answer = await made.api.get(made.item)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in made.row} == made.row
    tag = answer.headers.get("ETag", "")
    assert tag.startswith(f'"{made.row["version"]}-') if "version" in made.row else not tag
    if tag:
        assert (await made.api.get(made.item, headers={"If-None-Match": tag})).status_code == 304


@having("list")
async def test_each_filter_takes_the_rows_that_have_its_value_and_no_others(made: Made) -> None:
    await _link(made)
    rows, every, unvalued = [*made.rows[:-1], {**made.row, "canonical_id": str(CANONICAL)}], await made.listed(), set()
    for name, field in made.record.filters.model_fields.items():
        if name == "archived":
            continue
        value = next((found for row in rows if (found := value_of(row, name)) is not None), None)
        if options := choices(field.annotation):
            parts = {each: set(await made.listed(**{name: each})) for each in options}
            assert sorted(each for part in parts.values() for each in part) == sorted(every), name
            assert all(key_of(row) in parts.get(str(value_of(row, name)).lower(), every) for row in rows), name
        elif value is None:
            unvalued.add(f"{made.subject} {name}")
        else:
            assert await made.listed(**{name: nothing(field.annotation, name)}) == [], name
            found, expected = (
                await made.listed(**{name: value}),
                {key_of(r) for r in rows if value_of(r, name) == value},
            )
            assert expected == set(found) or (is_range(name) and expected < set(found)), name
    assert unvalued == {name for name in UNVALUED if name.startswith(f"{made.subject} ")}


async def _link(made: Made) -> None:
    """As if other systems knew the row."""
    if "canonical_id" in made.row:
        async with made.sessions() as session:
            await act_for(session)
            table = made.record.row
            await session.execute(update(table).where(table.id == UUID(made.row["id"])).values(canonical_id=CANONICAL))
            await session.commit()


@having("list")
async def test_each_order_pages_through_every_row_once(made: Made) -> None:
    rows = {key_of(row): row for row in made.rows}
    for name in made.record.sort:
        ascending, descending = await _paged(made, name), await _paged(made, f"-{name}")
        assert sorted(ascending) == sorted(descending) == sorted(rows), name
        values = [_comparable(rows[each].get(name)) for each in ascending]
        if None not in values:
            assert values == sorted(values), name  # type: ignore[type-var]  # All are texts, or all are numbers.
            assert descending == ascending[::-1], name


async def _paged(made: Made, sort: str) -> list[str]:
    found, following = [], f"{made.path}?limit=1&sort={sort}"
    while following:
        page = (await made.api.get(following)).json()
        assert len(page["items"]) == 1
        found.append(key_of(page["items"][0]))
        assert len(found) <= ROWS
        following = page["next"]
    return found


def _comparable(value: Any) -> Decimal | str | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return str(value)


@having("list")
async def test_a_list_refuses_an_order_and_a_filter_that_it_does_not_know(made: Made) -> None:
    for parameters in ({"sort": "colour"}, {"colour": "red"}):
        answer = await made.api.get(made.path, params=parameters)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(parameters)))


@having("list")
async def test_a_list_is_of_one_tenant_and_needs_its_scope(made: Made) -> None:
    assert await made.listed(made.stranger) == []
    assert (await made.writer.get(made.path)).status_code == 403


@having("read")
async def test_nobody_else_reads_a_row(made: Made) -> None:
    assert (await made.stranger.get(made.item)).status_code == 404
    assert (await made.writer.get(made.item)).status_code == 403
