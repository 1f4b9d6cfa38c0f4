"""One edit is followed through the logs of all processes that it passes."""

import json
from typing import Any

from stack.services import Stack

from .clients import Company
from .waiting import eventually

EDIT = "edit-followed-through-the-logs"
PASSED = {
    "crm-api": {"request"},
    "crm-worker": {"event_relayed"},
    "gateway-worker": {"event_merged", "item_delivered", "event_relayed"},
    "erp-api": {"item_delivered"},
    "erp-worker": {"event_relayed"},
}
"""What each process says of an edit in the CRM. The gateway's API has no part in it."""


def said(stack: Stack, process: str) -> list[dict[str, Any]]:
    """The lines of a process's log that carry the edit's correlation id."""
    lines = (stack.logs / f"{process}.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if EDIT in line and line.startswith("{")]


def test_one_edit_is_found_by_its_correlation_id_in_every_process_that_it_passes(
    stack: Stack, company: Company
) -> None:
    mine, theirs = company.customer_on_both()
    path, version = f"/v1/customers/{mine['id']}", company.crm.read("customer", mine["id"])["version"]
    headers = {"If-Match": f'"{version}"', "X-Correlation-Id": EDIT}
    company.crm.call("PATCH", path, json={"phone": "030-1234567"}, headers=headers)

    def followed() -> bool:
        found = {process: {line["event"] for line in said(stack, process)} for process in PASSED}
        missing = {process: events - found[process] for process, events in PASSED.items() if events - found[process]}
        assert not missing, f"no line with the correlation id: {missing}"
        merged = [line for line in said(stack, "gateway-worker") if line["event"] == "event_merged"]
        by = {(line["system"], line["local_id"]) for line in merged}
        assert by == {("crm", mine["id"]), ("erp", theirs["id"])}, "the acknowledgement has the edit's correlation id"
        return True

    eventually(followed)
    applied = [line for line in said(stack, "erp-api") if line["event"] == "item_delivered"]
    assert {line["canonical_id"] for line in applied} == {theirs["canonical_id"]}
