"""What answers show beside a record's own fields: what the caller may do with it, and the records it refers to."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from chassis.auth import dependants
from chassis.routing import built
from chassis.testing import caller
from fastapi.routing import APIRoute
from records.allowed import needs, verbs_of
from records.expanding import Reference, listed_shape, names, references
from sqlalchemy import event

from .examples import Json, key_of, shown
from .made import Made
from .subjects import SUBJECTS, Subject, having

pytestmark = pytest.mark.servers
BODIES: dict[str, Callable[[Json], Json]] = {
    "move": lambda _: {"stage": "needs"},
    "accept": lambda _: {},
    "revise": lambda _: {},
    "quote": lambda _: {},
    "shipments": lambda _: {},
    "returns": lambda row: {"lines": [{"line_id": row["lines"][0]["id"], "quantity": "1"}]},
    "requests": lambda _: {"kind": "cancel"},
    "use": lambda row: {"invoice_id": row["invoice_id"]},
}
"""What actions need that a reason alone does not satisfy."""

BESIDE = {"tags", "notes", "comments", "files"}
"""What stands beside every record; it changes no record."""
OF_OTHERS = {
    "crm-webhook": {"rotate-secret"},
    "erp-webhook": {"rotate-secret"},
    "crm-webhook_message": {"replay"},
    "erp-webhook_message": {"replay"},
}
"""Actions that are no action of the declaration: no state of the record decides on them."""


def _actions(subject: Subject) -> Iterator[tuple[str, APIRoute]]:
    """Every POST below the address of one record, by the last part of its address."""
    record = subject.record
    below = re.compile(rf"{re.escape(record.path)}/{{{record.name}_id}}/([a-z-]+)")
    for router in subject.service.routers:
        for route in built(router).routes:
            if (
                isinstance(route, APIRoute)
                and "POST" in (route.methods or ())
                and (found := below.fullmatch(route.path))
            ):
                yield found[1], route


@pytest.mark.parametrize("subject", [each for each in SUBJECTS if "read" in each.verbs], ids=str)
def test_every_action_of_a_record_is_declared_with_its_scopes(subject: Subject) -> None:
    record, served = subject.record, dict(_actions(subject))
    assert set(verbs_of(record)) - {"change", "archive"} == served.keys() - BESIDE - OF_OTHERS.get(str(subject), set())
    for verb, route in served.items():
        if verb in record.actions and not callable(record.actions[verb]):
            asked = {scope for each in dependants(route.dependant) for scope in each.own_oauth_scopes or ()}
            assert asked == {record.write_scope, *needs(record, verb, None)}, verb


async def _page(client: httpx.AsyncClient, made: Made, **parameters: Any) -> list[Json]:
    items: list[Json] = shown(await client.get(made.path, params={"limit": "200", **parameters}))["items"]
    return items


@having("read", "list")
async def test_what_is_allowed_follows_from_the_state_and_the_scopes(made: Made) -> None:
    row, verbs = shown(await made.api.get(made.item)), verbs_of(made.record)
    (listed,) = [each for each in await _page(made.api, made) if key_of(each) == key_of(row)]
    if not verbs:
        assert "allowed" not in {**row, **listed}
        return
    assert listed["allowed"] == row["allowed"]
    assert set(row["allowed"]) <= set(verbs) - {"restore"}
    assert shown(await made.reader.get(made.item))["allowed"] == []
    if "archive" in row["allowed"]:
        answer = await made.api.delete(made.item, headers=made.tag)
        assert answer.status_code == 409 or shown(answer)["allowed"] == ["restore"], answer.text


@having("read")
async def test_an_action_that_is_not_allowed_is_refused_with_what_is(made: Made) -> None:
    row = shown(await made.api.get(made.item))
    for verb in made.record.actions:
        if verb not in row["allowed"]:
            body = BODIES[verb](row) if verb in BODIES else {"reason": "Example"}
            problem = shown(await made.api.post(f"{made.item}/{verb}", json=body), 409)
            assert problem.get("allowed", row["allowed"]) == row["allowed"], verb


def _followed(made: Made, name: str) -> list[Reference]:
    """The references that a name of `expand` follows, one after the other."""
    record, shape, rest, found = made.record, listed_shape(made.record), name, []
    while rest:
        reference = max(
            (each for own, each in references(record, shape).items() if f"{rest}.".startswith(f"{own}.")),
            key=lambda each: len(each.name),
        )
        found.append(reference)
        record, shape = reference.record, listed_shape(reference.record)
        rest = rest.removeprefix(reference.name).removeprefix(".")
    return found


def _taken_out(documents: list[Json], followed: list[Reference]) -> None:
    """Check each place that was filled, and take it out."""
    if followed:
        reference, *further = followed
        holders = list(reference.holders(documents))
        places = [each[reference.place] for each in holders]
        assert [place and place["id"] for place in places] == [each[reference.field] for each in holders]
        _taken_out([place for place in places if place], further)
        for each in holders:
            each.pop(reference.place)


@contextmanager
def _counted(made: Made) -> Iterator[list[str]]:
    """The statements of the block."""
    connection, found = made.sessions.kw["bind"].sync_connection, list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "select set_config")):
            found.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


async def _alone(made: Made, name: str) -> list[list[str]]:
    """The statements that expand a name of a page with one row, for each row."""
    found, cursor = list[list[str]](), dict[str, Any]()
    while cursor or not found:
        with _counted(made) as statements:
            page = shown(await made.api.get(made.path, params={"expand": name, "limit": 1, **cursor}))
        found.append(statements)
        cursor = {"cursor": page["next_cursor"]} if page["next"] else {}
    return found


@having("list")
async def test_each_reference_of_a_list_is_expanded_by_as_many_statements_for_one_row_as_for_many(made: Made) -> None:
    plain = await _page(made.api, made)
    for name in names(made.record, listed_shape(made.record)):
        with _counted(made) as of_many:
            found = await _page(made.api, made, expand=name)
        assert len(of_many) <= max([len(each) for each in await _alone(made, name)]), name
        _taken_out(found, _followed(made, name))
        assert found == plain, name


@having("read")
async def test_a_read_expands_all_that_it_can_and_names_it_when_asked_for_more(made: Made) -> None:
    known = names(made.record, made.record.out)
    read = shown(await made.api.get(made.item, params={"expand": ",".join(known)} if known else {}))
    for reference in references(made.record, made.record.out).values():
        for each in reference.holders([read]):
            place = each[reference.place]
            assert (place and place["id"]) == each[reference.field], reference.name
    (error,) = shown(await made.api.get(made.item, params={"expand": "colour"}), 422)["errors"]
    assert error["field"] == "expand"
    assert not known or error["message"].endswith(", ".join(known))


@having("list")
async def test_expanding_needs_the_scope_to_read_what_is_expanded(made: Made) -> None:
    own = f"{made.record.scope}:read"
    async with caller(made.subject.service, made.sessions, own) as client:
        for reference in references(made.record, listed_shape(made.record)).values():
            answer = await client.get(made.path, params={"expand": reference.name})
            if reference.record.scope == made.record.scope:
                assert answer.status_code == 200, answer.text
            else:
                refused = shown(answer, 403)
                assert refused["missing"] == f"{reference.record.scope}:read"
                assert f"leave `{reference.name}` out" in refused["hint"]


@having("list")
async def test_fields_and_expansions_go_together(made: Made) -> None:
    shape = listed_shape(made.record)
    field = next(iter(shape.model_fields))
    for name, reference in references(made.record, shape).items():
        for row in await _page(made.api, made, expand=name, fields=field):
            assert row.keys() - {"id", "version"} == {field, reference.inside or reference.place} - {"id"}
