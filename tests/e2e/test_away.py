"""A service that was away for a while, and a system that was paused: nothing is lost, and nothing is sent twice."""

import os
import time

from stack.services import Stack

from .clients import Company
from .equality import equal
from .waiting import eventually

EDITS = int(os.environ.get("CONCORD_AWAY_EDITS", "120"))
RECORDS = 12


def test_a_service_that_was_away_under_edits_is_in_step_again_with_one_delivery_a_record(
    stack: Stack, company: Company
) -> None:
    made = [company.crm.create("customer", name=f"Customer {number}") for number in range(RECORDS)]
    equal(company)
    before = {each["canonical_id"]: each["version"] for each in company.erp.records("customer")}

    stack.stop("erp-api")
    edits = 0
    while edits < EDITS or company.hub.state_of("erp") != "away":
        for each in made:
            company.crm.change("customer", each["id"], phone=f"030-{edits:07}", tags=[f"round {edits % 5}"])
            edits += 1
    last = {each["canonical_id"]: each["phone"] for each in company.crm.records("customer")}

    def merged() -> bool:
        records = company.hub.records("customer")
        assert {each["canonical_id"]: each["values"]["phone"] for each in records} == last
        return True

    eventually(merged)
    told = company.crm.read("customer", made[0]["id"])["sync"]
    assert told["systems"]["erp"]["state"] == "on_its_way"

    stack.start("erp-api")
    began = time.monotonic()
    assert equal(company) == RECORDS
    after = {each["canonical_id"]: each["version"] for each in company.erp.records("customer")}
    assert {after[key] - before[key] for key in before} == {1}, "one delivery a record, whatever the number of edits"
    print(f"\n{edits} edits while the ERP was away; equal {time.monotonic() - began:.1f} s after")


def test_the_gateway_says_which_system_is_away_and_why(stack: Stack, company: Company) -> None:
    mine, _ = company.customer_on_both()
    stack.stop("erp-api")
    company.crm.change("customer", mine["id"], phone="030-2222222")

    eventually(lambda: company.hub.state_of("erp") == "away")
    assert company.hub.state_of("crm") != "away"
    stack.start("erp-api")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222")


def test_pausing_and_resuming_a_system_loses_nothing(company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    with company.hub.paused("erp"):
        company.crm.change("customer", mine["id"], phone="030-2222222")
        company.erp.change("customer", theirs["id"], email="erp@alfreds.example")
        new_here = company.crm.create("customer", name="Entered in the CRM meanwhile")
        new_there = company.erp.create("customer", name="Entered in the ERP meanwhile")
        eventually(lambda: company.crm.read("customer", new_here["id"])["canonical_id"])
        assert (
            company.erp.records("customer", canonical_id=company.crm.read("customer", new_here["id"])["canonical_id"])
            == []
        )
        assert company.erp.read("customer", theirs["id"])["phone"] == "030-1111111"
    company.both("customer", new_here)
    company.both("customer", new_there, by=company.erp)
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222", email="erp@alfreds.example")
    assert equal(company) == 3


def test_a_pause_of_one_tenant_holds_up_no_other_and_survives_a_restart(
    stack: Stack, company: Company, other_company: Company
) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    other_mine, other_theirs = other_company.customer_on_both(phone="030-1111111")
    with company.hub.paused("erp"):
        for number in range(10):
            company.erp.change("customer", theirs["id"], email=f"{number}@alfreds.example")
        new = company.erp.create("customer", name="Entered in the ERP meanwhile")
        other_company.erp.change("customer", other_theirs["id"], email="erp@bon.example")
        other_company.crm.change("customer", other_mine["id"], phone="030-2222222")
        other_company.shown_on_both(
            "customer", other_mine["canonical_id"], phone="030-2222222", email="erp@bon.example"
        )

        def held_back() -> bool:
            systems = {each["name"]: each for each in company.hub.get("/v1/status")["systems"]}
            assert systems["erp"]["held_back"] >= 11, systems["erp"]
            return True

        eventually(held_back)
        stack.stop("gateway-worker")
        stack.start("gateway-worker")
        other_company.erp.change("customer", other_theirs["id"], email="again@bon.example")
        other_company.shown_on_both("customer", other_mine["canonical_id"], email="again@bon.example")
        assert company.crm.read("customer", mine["id"])["email"] is None
    company.both("customer", new, by=company.erp)
    company.shown_on_both("customer", mine["canonical_id"], phone="030-1111111", email="9@alfreds.example")
    assert equal(company) == 2
    assert equal(other_company) == 1
