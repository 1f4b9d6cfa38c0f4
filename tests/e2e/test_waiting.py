"""What cannot be delivered now waits or is refused with its reason, and holds up nothing else."""

from uuid import UUID

from stack.services import Stack

from .clients import Body, Company
from .database import as_administrator
from .equality import equal
from .waiting import eventually

WRONG = {"legal_name": "Alfreds GmbH", "country": "DE", "tax_id": "DE123456789"}
RIGHT = {**WRONG, "tax_id": "DE136695976"}


def refused(company: Company, local_id: str) -> Body:
    """The customer in the CRM, once it says that the ERP refuses something."""

    def look() -> Body:
        record = company.crm.read("customer", local_id)
        assert record["sync"]["systems"].get("erp", {}).get("state") == "rejected", record["sync"]
        return record

    return eventually(look)


async def test_a_contact_that_arrives_before_its_customer_waits_with_a_reason_and_is_woken(
    stack: Stack, company: Company
) -> None:
    stack.stop("crm-worker")
    customer = company.crm.create("customer", name="Berglunds snabbköp")
    contact = company.crm.create("contact", customer_id=customer["id"], name="Christina Berglund")
    async with as_administrator(stack, "crm") as database:
        customers_event = "topic = 'crm.customer.v1' and tenant_id = $1"
        await database.execute(
            f"update outbox set parked_at = now() where {customers_event}",  # noqa: S608  (constants only)
            UUID(company.tenant),
        )
        stack.start("crm-worker")

        [waiting] = eventually(lambda: company.hub.deliveries("waiting"))
        assert (waiting["kind"], waiting["system"]) == ("contact", "erp")
        assert waiting["waiting_for"] == f"customer {customer['id']} of crm"

        def says_why() -> bool:
            told = company.crm.read("contact", contact["id"])["sync"]["systems"].get("erp")
            reason = f"customer {customer['id']} of crm"
            assert told == {"state": "waiting", "reason": reason, "fields": []}, told
            return True

        eventually(says_why)
        assert company.erp.records("contact") == []

        await database.execute(
            f"update outbox set parked_at = null where {customers_event}",  # noqa: S608  (constants only)
            UUID(company.tenant),
        )
    _, theirs = company.both("contact", contact)
    [there] = company.erp.records("customer")
    assert theirs["customer_id"] == there["id"]
    assert company.hub.deliveries("waiting") == []
    assert equal(company, "contact") == 1


def test_a_tax_id_that_the_erp_refuses_is_told_in_the_crm_and_goes_on_by_itself_when_corrected(
    company: Company,
) -> None:
    mine, theirs = company.customer_on_both()
    company.crm.change("customer", mine["id"], legal_entities=[WRONG], phone="030-2222222")
    told = refused(company, mine["id"])
    assert told["sync"]["state"] == "rejected"
    reason = told["sync"]["systems"]["erp"]["reason"]
    assert "DE123456789" in reason, reason
    [entity] = told["legal_entities"]
    [field] = told["sync"]["systems"]["erp"]["fields"]
    group = f"legal:{entity['id']}"
    assert (field["group"], field["field"]) == (group, f"{group}.tax_id")
    assert "DE123456789" in field["message"]
    [delivery] = company.hub.deliveries("rejected")
    assert (delivery["system"], delivery["canonical_id"]) == ("erp", mine["canonical_id"])
    assert "DE123456789" in str(delivery), delivery

    theirs = company.erp.read("customer", theirs["id"])
    assert (theirs["phone"], theirs["legal_entities"]) == ("030-2222222", [])
    company.crm.change("customer", mine["id"], email="info@alfreds.example")
    eventually(lambda: company.erp.read("customer", theirs["id"])["email"] == "info@alfreds.example")
    company.customer_on_both(name="Another one, not held up")

    with company.hub.paused("crm"):
        mended = company.crm.change("customer", mine["id"], legal_entities=[{**RIGHT, "id": entity["id"]}])
        assert (mended["sync"]["state"], mended["sync"]["systems"]["erp"]["fields"]) == ("on_its_way", [])
    _, theirs = company.both("customer", mine)
    assert [each["tax_id"] for each in theirs["legal_entities"]] == ["DE136695976"]
    assert company.hub.deliveries("rejected") == []
    assert equal(company) == 2


def test_a_new_customer_with_a_wrong_tax_id_still_reaches_the_erp_without_it(company: Company) -> None:
    made = company.crm.create("customer", name="Alfreds Futterkiste", legal_entities=[WRONG], tags=["retail"])
    told = refused(company, made["id"])
    theirs = company.erp.counterpart("customer", told["canonical_id"])
    assert (theirs["name"], theirs["tags"], theirs["legal_entities"]) == ("Alfreds Futterkiste", ["retail"], [])
    company.crm.change("customer", made["id"], legal_entities=[])
    company.both("customer", made)
    assert equal(company) == 1


def test_retrying_what_is_still_refused_is_refused_again_and_keeps_the_reason(company: Company) -> None:
    mine, _ = company.customer_on_both()
    company.crm.change("customer", mine["id"], legal_entities=[WRONG])
    refused(company, mine["id"])
    [before] = company.hub.deliveries("rejected")
    company.hub.post("/v1/deliveries:retry", {"canonical_ids": [mine["canonical_id"]], "system": "erp"})

    def tried_again() -> Body:
        found = company.hub.deliveries("rejected")
        assert found, "it is being tried"
        assert found[0]["refused"][0]["since"] > before["refused"][0]["since"], found
        return found[0]

    after = eventually(tried_again)
    assert after["refused"][0]["problem"] == before["refused"][0]["problem"]


async def test_retrying_takes_up_what_the_erp_accepts_now(stack: Stack, company: Company) -> None:
    """The ERP refuses for a while what nobody changes: only a person can know that it would take it now."""
    mine, theirs = company.customer_on_both()
    async with as_administrator(stack, "erp") as database:
        rule = f"check (id <> '{theirs['id']}' or website is null)"
        await database.execute(f"alter table customers add constraint no_website {rule}")
        try:
            company.crm.change("customer", mine["id"], website="https://alfreds.example")
            told = refused(company, mine["id"])
            assert told["sync"]["systems"]["erp"]["reason"]
        finally:
            await database.execute("alter table customers drop constraint no_website")
    company.hub.post("/v1/deliveries:retry", {"canonical_ids": [mine["canonical_id"]]})
    company.shown_on_both("customer", mine["canonical_id"], website="https://alfreds.example")
    assert company.hub.deliveries("rejected") == []
