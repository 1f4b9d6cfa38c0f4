"""A service restored from a backup that is hundreds of edits old, while people edit on both sides."""

import os
import threading
from collections import defaultdict
from typing import Any

import httpx
import pytest
from stack.services import Stack

from ..e2e.clients import Company, Refused, new_tenant
from ..e2e.equality import without_empty
from ..e2e.waiting import eventually
from .backups import PATIENCE_SECONDS, back_up, progress, restore
from .editing import Editor, Task
from .ledger import GroupOf, Ledger
from .test_kills import is_one

pytestmark = [pytest.mark.faults, pytest.mark.servers, pytest.mark.long]

EDITS = int(os.environ.get("CONCORD_RESTORE_EDITS", "500"))
CUSTOMERS = 40
LATER = 3
"""So many are entered on each side after the backup."""

Progress = list[tuple[str, int, int]]


class Observer(threading.Thread):
    """Reads the hub's status all the time."""

    def __init__(self, company: Company) -> None:
        super().__init__(daemon=True)
        self.company = company
        self.seen: Progress = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            try:
                self.seen += progress(self.company)
            except (httpx.TransportError, Refused):
                continue  # The gateway itself is being restored.


@pytest.mark.parametrize("services", [("crm",), ("erp",), ("gateway",), ("crm", "erp", "gateway")], ids="+".join)
def test_everybody_is_equal_and_nothing_is_lost_after_a_restore_from_an_old_backup(
    stack: Stack, services: tuple[str, ...]
) -> None:
    company = Company.in_stack(stack, new_tenant())
    enter_customers(company, CUSTOMERS // 2, "early")
    back_up(stack, services)
    ledger = Ledger()
    work(company, ledger, EDITS)
    enter_customers(company, LATER, "late")

    observer = Observer(company)
    observer.start()
    editors = begin(company, ledger, len(ledger.acknowledged) + EDITS)
    restore(stack, services)
    finish(editors)
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    eventually(lambda: not progress(company), PATIENCE_SECONDS)
    observer.over.set()

    assert {name for name, _, _ in observer.seen} >= set(services) - {"gateway"} or "gateway" in services
    assert observer.seen, "a restored system shows its progress"
    assert all(0 <= done <= total for _, done, total in observer.seen)
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    eventually(lambda: all_is_read(company), PATIENCE_SECONDS)
    check_nothing_is_doubled(company)
    assert lost(company, ledger) == []
    assert len(ledger.acknowledged) >= 2 * EDITS


def enter_customers(company: Company, number: int, when: str) -> None:
    for office in company.offices:
        office.call("PUT", "/v1/custom-fields/edit", json={"label": "Edit", "type": "text"})
        items = [{"body": {"name": f"Customer {office.name} {when} {each}"}} for each in range(number)]
        assert all(result["outcome"] == "created" for result in office.batch("customer", items))
    eventually(lambda: is_one(company), PATIENCE_SECONDS)


def begin(company: Company, ledger: Ledger, edits: int) -> list[Editor]:
    """One editor a side; they know the customers that were there before the backup."""
    known = {
        office.name: [c for c in office.records("customer") if " early " in c["name"]] for office in company.offices
    }
    task = Task(edits, NUMBERS)
    editors = [Editor(office, known[office.name], ledger, task, seed) for seed, office in enumerate(company.offices)]
    for editor in editors:
        editor.start()
    return editors


NUMBERS = Task.of(0).numbers


def finish(editors: list[Editor]) -> None:
    for editor in editors:
        editor.join(PATIENCE_SECONDS)
        assert not editor.is_alive(), editor.name
        assert editor.failure is None, repr(editor.failure)


def work(company: Company, ledger: Ledger, edits: int) -> None:
    finish(begin(company, ledger, edits))
    eventually(lambda: is_one(company), PATIENCE_SECONDS)


def all_is_read(company: Company) -> bool:
    """Whether the hub has read all that the broker holds, its own decisions too."""
    positions = company.hub.get("/v1/status")["positions"]
    return "sync.conflict.v1" in {each["topic"] for each in positions} and not any(each["unread"] for each in positions)


def check_nothing_is_doubled(company: Company) -> None:
    links = company.hub.links("customer")
    everybody = CUSTOMERS + 2 * LATER
    assert len({link["canonical_id"] for link in links}) == everybody
    assert len({(link["system"], link["canonical_id"]) for link in links}) == len(links) == 2 * everybody
    for office in company.offices:
        assert (
            len({each["name"] for each in office.records("customer")}) == len(office.records("customer")) == everybody
        )


def lost(company: Company, ledger: Ledger) -> list[Any]:
    """Edits that nobody can find again."""
    logged: dict[GroupOf, list[Any]] = defaultdict(list)
    for decision in company.hub.all("/v1/decisions"):
        for value in decision["values"]:
            logged[(decision["canonical_id"], decision["group"])].append(value["value"])
    shown = {
        (record["canonical_id"], group): value
        for record in company.hub.records("customer")
        for group, value in without_empty(record["values"]).items()
    }
    return ledger.lost(shown, logged)
