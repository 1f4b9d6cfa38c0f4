"""A record that a system has lost: it is made again by itself, or a steward says which record it is now."""

from typing import Any

from stack.services import Stack

from .clients import Company
from .database import as_administrator
from .equality import equal
from .waiting import eventually

WHY = {"reason": "The ERP has lost it."}


async def test_a_record_that_a_system_has_lost_is_made_again_by_itself(stack: Stack, company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    canonical_id = mine["canonical_id"]
    async with as_administrator(stack, "erp") as database:
        await database.execute("delete from customers where canonical_id = $1", canonical_id)

    again = company.hub.post("/v1/records:resync", {"canonical_id": canonical_id, "system": "erp", **WHY})
    assert again["due"] == 1
    made = company.erp.counterpart("customer", canonical_id)
    assert made["id"] != theirs["id"]

    company.shown_on_both("customer", canonical_id, phone="030-1111111")
    company.erp.change("customer", made["id"], email="erp@alfreds.example")
    company.crm.change("customer", mine["id"], phone="030-2222222")
    company.shown_on_both("customer", canonical_id, phone="030-2222222", email="erp@alfreds.example")
    assert equal(company) == 1
    assert [each["local_id"] for each in company.hub.links("customer") if each["system"] == "erp"] == [made["id"]]
    assert company.hub.quarantine() == []


async def test_a_record_that_stands_under_another_id_is_mended_by_its_steward(stack: Stack, company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    canonical_id = mine["canonical_id"]
    async with as_administrator(stack, "erp") as database:
        await database.execute("update customers set id = gen_random_uuid() where canonical_id = $1", canonical_id)
    [moved] = company.erp.records("customer", canonical_id=canonical_id)
    assert moved["id"] != theirs["id"]
    company.erp.change("customer", moved["id"], email="erp@alfreds.example")

    def quarantined() -> dict[str, Any]:
        held = company.hub.quarantine()
        assert len(held) == 1
        return held[0]

    assert "has linked" in eventually(quarantined)["error"]
    [link] = [each for each in company.hub.links("customer") if each["system"] == "erp"]
    mended = company.hub.post(f"/v1/links/{link['id']}/relink", {"local_id": moved["id"], **WHY})
    assert (mended["outcome"], mended["replaying"]) == ("relinked", 1)

    company.crm.change("customer", mine["id"], phone="030-2222222")
    company.shown_on_both("customer", canonical_id, phone="030-2222222", email="erp@alfreds.example")
    assert equal(company) == 1
    rules = [row["rule"] for row in company.hub.decisions(canonical_id) if row["detail"] == WHY["reason"]]
    assert rules == ["relink"]
