"""Custom fields of every record that its users change."""

import csv
import io
import json
from typing import Any

import pytest
from contracts.kinds import TABLES
from records.own_filters import has_own_fields

from .examples import Json, shown
from .made import Made
from .subjects import SUBJECTS, Subject, having

pytestmark = pytest.mark.servers
FIXED = {"erp-invoice": "an invoice stays as it was issued", "erp-credit_note": "a credit note stays as it was issued"}
"""Records that have no custom fields although some verb changes them, and why."""


def owning(*verbs: Any) -> pytest.MarkDecorator:
    """Run a test for each record that has custom fields and these verbs."""
    found = [each for each in SUBJECTS if _has_them(each) and set(verbs) <= each.verbs]
    return pytest.mark.parametrize("prepared", found, indirect=True, ids=str)


def _has_them(subject: Subject) -> bool:
    return has_own_fields(subject.record) and "change" in subject.verbs


async def declared(made: Made, key: str = "size", **more: Any) -> None:
    body = {"label": "Size", "type": "integer", **more}
    shown(await made.api.put(f"/v1/custom-fields/{key}", params={"record": made.record.name}, json=body))


async def changed(made: Made, custom: Json, status: int | None = None) -> Json:
    return shown(await made.api.patch(made.item, json={"custom": custom}, headers={"If-Match": "*"}), status)


def test_every_record_that_users_change_has_custom_fields() -> None:
    without = {str(each) for each in SUBJECTS if "change" in each.verbs and not has_own_fields(each.record)}
    assert without == FIXED.keys() & {str(each) for each in SUBJECTS if "change" in each.verbs}


def test_the_values_of_records_that_both_systems_write_are_merged() -> None:
    both = {each.record.name for each in SUBJECTS if _has_them(each) and each.record.kind is not None}
    shared = {name for name in both if len(TABLES[name].writers) > 1}
    assert shared == {name for name in both if "custom" in {group.name for group in TABLES[name].groups}}


@owning("change", "list")
async def test_a_declared_field_takes_values_of_its_type_and_lists_are_narrowed_by_them(made: Made) -> None:
    await declared(made)
    await declared(made, "colour", type="choice", choices=["red", "blue"])
    row = await changed(made, {"size": 42, "colour": "red"})
    present = made.row["custom"]
    assert row["custom"] == {**present, "size": 42, "colour": "red"}
    assert row["version"] > made.row["version"]
    assert await made.listed(**{"custom.size": "42", "custom.colour": "red"}) == [made.row["id"]]
    assert await made.listed(**{"custom.size": "41"}) == []
    assert (await changed(made, {"size": None}))["custom"] == {**present, "colour": "red"}


@owning("change", "list")
async def test_what_is_not_declared_or_of_another_type_is_refused(made: Made) -> None:
    await declared(made)
    for custom, field in (({"weight": 1}, "custom.weight"), ({"size": "large"}, "custom.size")):
        refused = await changed(made, custom, 422)
        assert [error["field"] for error in refused["errors"]] == [field]
    for parameters in ({"custom.weight": "1"}, {"custom.size": "large"}):
        refused = shown(await made.api.get(made.path, params=parameters), 422)
        assert [error["field"] for error in refused["errors"]] == list(parameters)


@owning("create", "change")
async def test_a_new_row_is_entered_with_its_custom_fields(made: Made) -> None:
    await declared(made)
    body = await made.another()
    refused = shown(await made.api.post(made.path, json={**body, "custom": {"size": "s"}}), 422)
    assert [error["field"] for error in refused["errors"]] == ["custom.size"]
    entered = shown(await made.api.post(made.path, json={**body, "custom": {"size": 43}}), 201)
    assert entered["custom"] == {"size": 43}


@owning("change", "export")
async def test_custom_fields_are_exported(made: Made) -> None:
    await declared(made)
    await changed(made, {"size": 42})
    answer = await made.api.get(f"{made.path}:export", params={"format": "jsonl", "custom.size": "42"})
    assert [json.loads(line)["custom"]["size"] for line in answer.text.splitlines()] == [42]
    table = await made.api.get(f"{made.path}:export", params={"custom.size": "42"})
    (row,) = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
    assert (row["custom.size"], "custom" in row) == ("42", False)


@having("list")
async def test_a_record_without_custom_fields_has_no_filter_by_them(made: Made) -> None:
    answer = await made.api.get(made.path, params={"custom.size": "42"})
    assert answer.status_code == 422
