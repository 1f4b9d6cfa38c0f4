"""Data that an earlier version wrote: after the migrations every figure agrees, and synchronisation goes on."""

import lzma
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.plan import SERVICES
from stack.postgres import PROGRAMS, Postgres
from stack.provision import address, provision
from stack.services import Stack

from ..story.figures import figures
from ..story.northwind import read
from ..story.steps import Story
from .clients import Company
from .equality import equal
from .trade import in_state
from .waiting import eventually

DUMPS = Path(__file__).parents[1] / "data/upgrade"
ORDERS = 45
SECOND_TENANT = "00000000-0000-7000-8000-000000000002"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The present version on the databases of the dumps, with an empty broker."""
    folder = tmp_path_factory.mktemp("upgraded")
    with Postgres(folder / "postgres", fast=True) as server:
        for service in SERVICES:
            restore(server.url, service)
    with Stack(folder, fast=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def northwind(upgraded: Stack) -> Company:
    """The company of the story."""
    return Company.in_stack(upgraded)


@pytest.fixture(scope="module")
def second(upgraded: Stack) -> Company:
    """The company that was left in the middle of its work."""
    return Company.in_stack(upgraded, SECOND_TENANT)


def restore(admin_url: str, service: str) -> None:
    """Load the dump of a service into a new database, as the service's owner."""
    provision(admin_url, service)
    command = [str(PROGRAMS / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    command += [f"--command=set role {service}_owner", "--file=-", address(admin_url, "postgres", None, service)]
    dump = lzma.decompress((DUMPS / f"{service}.sql.xz").read_bytes())
    subprocess.run(command, input=dump, check=True)


def test_every_figure_of_the_story_holds_and_customers_are_equal_everywhere(northwind: Company) -> None:
    found = figures(northwind, read(ORDERS))
    assert len(found) > 15
    assert [str(figure) for figure in found if not figure.holds] == []
    assert equal(northwind) == 91
    assert [northwind.hub.deliveries(state) for state in ("rejected", "waiting")] == [[], []]
    assert northwind.hub.quarantine() == []


def test_what_the_earlier_crm_sent_is_sent_again_and_changes_nothing(
    upgraded: Stack, northwind: Company, tmp_path: Path
) -> None:
    resend = [sys.executable, "-m", "crm", "resend"]
    subprocess.run(resend, env={**os.environ, "DATA_DIR": str(upgraded.folder)}, check=True, timeout=60)
    Story(upgraded, northwind, read(ORDERS), tmp_path).wait_until_everything_has_arrived()
    assert [str(figure) for figure in figures(northwind, read(ORDERS)) if not figure.holds] == []
    assert northwind.hub.quarantine() == northwind.hub.all("/v1/decisions") == []


def test_an_edit_on_either_side_reaches_the_other_without_a_conflict(northwind: Company) -> None:
    [customer] = northwind.crm.records("customer", q="alfreds futter")
    northwind.crm.change("customer", customer["id"], phone="030-0074399")
    northwind.shown_on_both("customer", customer["canonical_id"], phone="030-0074399")
    [product] = northwind.erp.records("product", q="chai")
    northwind.erp.change("product", product["id"], name="Chai, black")
    northwind.shown_on_both("product", product["canonical_id"], name="Chai, black")
    assert northwind.hub.all("/v1/decisions") == []


def test_a_payment_of_an_old_invoice_closes_its_order_in_the_crm_too(northwind: Company) -> None:
    order = northwind.erp.all("/v1/orders", state="invoiced")[0]
    [invoice] = northwind.erp.all("/v1/invoices", order_id=order["id"])
    paid = {"customer_id": invoice["customer_id"], "amount": invoice["open"], "currency": "USD"}
    northwind.erp.post("/v1/payments", {**paid, "reference": invoice["number"]})
    [there] = northwind.crm.all("/v1/orders", canonical_id=order["canonical_id"])
    in_state(northwind.crm, there["id"], "closed")


def test_an_owner_that_was_a_text_is_one_employee_everywhere(second: Company) -> None:
    def owners() -> list[tuple[str, str, None]]:
        found = []
        for office in second.offices:
            [maria] = office.records("employee", q="maria")
            [customer] = office.records("customer", owner_id=maria["id"])
            found.append((maria["canonical_id"], customer["canonical_id"], customer["owner_name"]))
        return found

    crm, erp = eventually(owners)
    assert crm == erp
    assert [each["name"] for each in second.crm.records("employee")] == ["maria"]
    assert second.hub.decisions(crm[1], "owner") == second.hub.decisions(crm[1], "owner_employee") == []


def test_an_open_conflict_and_a_decision_are_shown_on_both_sides(second: Company) -> None:
    [conflict], log = second.hub.conflicts(), second.hub.all("/v1/decisions")

    def shown() -> bool:
        for office in second.offices:
            [record] = office.records("customer", canonical_id=conflict["canonical_id"])
            sync = record["sync"]
            assert sync["state"] == "conflict", f"{office.name}: {sync}"
            assert [each["decision"] for each in sync["conflicts"]] == [conflict["id"]]
            assert [each["id"] for each in sync["decisions"]] == [each["id"] for each in log]
        return True

    eventually(shown)


def test_an_open_conflict_can_be_resolved(second: Company) -> None:
    [conflict] = second.hub.conflicts()
    second.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", {"value": "Call before noon. Pays late."})
    second.shown_on_both("customer", conflict["canonical_id"], notes="Call before noon. Pays late.")


def test_a_decision_can_be_restored(second: Company) -> None:
    [decision] = [each for each in second.hub.all("/v1/decisions") if each["group"] == "phone"]
    second.hub.post(f"/v1/decisions/{decision['id']}/restore", {})
    second.shown_on_both("customer", decision["canonical_id"], phone="030-0074399")


def test_work_in_progress_is_finished(second: Company) -> None:
    quotes = {each["state"]: each for each in second.crm.all("/v1/quotes")}
    accepted = second.crm.post(f"/v1/quotes/{quotes['sent']['id']}/accept", {})
    in_state(second.crm, accepted["order_id"], "confirmed")
    draft = next(each for each in second.erp.all("/v1/orders") if each["state"] == "draft")
    line = {"id": draft["lines"][0]["id"], "quantity": "4"}
    second.erp.change("order", draft["id"], lines=[{**line, "product_id": draft["lines"][0]["product_id"]}])
    second.erp.post(f"/v1/orders/{draft['id']}/submit")
    in_state(second.erp, draft["id"], "confirmed")
    [there] = second.crm.all("/v1/orders", canonical_id=draft["canonical_id"])
    assert in_state(second.crm, there["id"], "confirmed")["lines"][0]["quantity"] in ("4", "4.0000")


def test_a_message_in_quarantine_is_still_there_with_its_bytes(second: Company) -> None:
    [held] = second.hub.quarantine()
    assert second.hub.get(f"/v1/quarantine/{held['id']}")["value"] == '{"hello": "world"}'
