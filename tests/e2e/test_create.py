"""A record entered on one side stands on the other a moment later, in full."""

import re
from typing import Any

import pytest

from .clients import Company, Refused
from .equality import equal, ids_of, values_of
from .waiting import eventually

ADDRESS = {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "region": None, "country": "DE"}
CUSTOMER: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "kind": "company",
    "email": "Info@Alfreds.example",
    "phone": "030-0074321",
    "website": "https://alfreds.example",
    "billing_address": ADDRESS,
    "shipping_address": {**ADDRESS, "lines": ["Hof 2", "Tor B"]},
    "language": "de",
    "currency": "EUR",
    "segment": "food",
    "source": "fair",
    "tags": ["retail", "vip"],
    "notes": "Rings twice.\nLikes tea.",
    "legal_entities": [
        {"legal_name": "Alfreds Futterkiste GmbH", "country": "DE", "tax_id": "DE136695976", "registration": "HRB 1"}
    ],
}
OWNED_BY_ERP: dict[str, Any] = {
    "payment_terms": {"days": 30, "discount_days": 10, "discount_percent": "2.5"},
    "credit": {"limit": "5000.00", "currency": "EUR", "blocked": False},
}


def test_a_customer_of_the_crm_stands_in_the_erp_with_every_group_and_a_number(company: Company) -> None:
    maria = company.employee_on_both("Maria Keller")
    made = company.crm.create("customer", **CUSTOMER, owner_id=maria[0]["id"])
    assert made["sync"]["state"] == "on_its_way"
    mine, theirs = company.both("customer", made)
    assert re.fullmatch(r"C-\d{6}", theirs["number"])
    assert (theirs["owner_id"], theirs["owner_name"]) == (maria[1]["id"], None)
    ids = ids_of(company)
    assert values_of("customer", theirs, ids) == values_of("customer", mine, ids)
    assert len(values_of("customer", theirs, ids)) == 17
    assert mine["sync"] == {
        "canonical_id": mine["canonical_id"],
        "state": "in_step",
        "systems": {"erp": {"state": "in_step", "reason": None, "fields": []}},
        "conflicts": [],
        "decisions": [],
    }
    assert theirs["sync"]["systems"] == {"crm": {"state": "in_step", "reason": None, "fields": []}}
    assert equal(company) == 1


def test_a_customer_of_the_erp_stands_in_the_crm_with_terms_and_credit(company: Company) -> None:
    made = company.erp.create("customer", **{**CUSTOMER, **OWNED_BY_ERP})
    mine, theirs = company.both("customer", made, by=company.erp)
    assert mine["payment_terms"] == OWNED_BY_ERP["payment_terms"]
    assert mine["credit"] == OWNED_BY_ERP["credit"]
    assert values_of("customer", mine) == values_of("customer", theirs)
    assert equal(company) == 1


def test_the_counterpart_is_found_by_the_shared_id(company: Company) -> None:
    mine, theirs = company.customer_on_both()
    company.customer_on_both()
    assert [each["id"] for each in company.erp.records("customer", canonical_id=mine["canonical_id"])] == [theirs["id"]]
    assert [each["id"] for each in company.crm.records("customer", canonical_id=mine["canonical_id"])] == [mine["id"]]
    record = company.hub.record("customer", mine["canonical_id"])
    assert {link["system"]: link["local_id"] for link in record["links"]} == {"crm": mine["id"], "erp": theirs["id"]}


def test_a_contact_and_its_customer_arrive_together(company: Company) -> None:
    customer = company.crm.create("customer", name="Berglunds snabbköp")
    made = company.crm.create(
        "contact",
        customer_id=customer["id"],
        name="Christina Berglund",
        email="christina@berglunds.example",
        phone="+46 921 12 34 65",
        position="Order Administrator",
        consent={"email": True, "sms": False},
    )
    _, theirs = company.both("contact", made)
    there = company.erp.counterpart("customer", company.crm.in_step("customer", customer["id"])["canonical_id"])
    assert theirs["customer_id"] == there["id"]
    assert theirs["consent"] == {"email": True, "sms": False}
    assert equal(company) == 1
    assert equal(company, "contact") == 1


def test_consent_is_kept_by_the_crm_and_read_only_in_the_erp(company: Company) -> None:
    made = company.crm.create("contact", name="Ann", consent={"email": True, "sms": False})
    _, theirs = company.both("contact", made)
    with pytest.raises(Refused) as refusal:
        company.erp.change("contact", theirs["id"], consent={"email": True, "sms": True})
    assert refusal.value.status == 409
    assert refusal.value.problem["owner"] == "crm"
    company.crm.change("contact", made["id"], consent={"email": False, "sms": True})
    company.shown_on_both("contact", theirs["canonical_id"], consent={"email": False, "sms": True})


def test_a_legal_entity_added_on_one_side_is_changed_on_the_other(company: Company) -> None:
    mine, theirs = company.customer_on_both()
    entity = {"legal_name": "Franchi S.p.A.", "country": "IT", "tax_id": "IT00743110157"}
    company.crm.change("customer", mine["id"], legal_entities=[entity])
    mine, theirs = company.both("customer", mine)
    [there] = theirs["legal_entities"]
    assert there["id"] == mine["legal_entities"][0]["id"]
    changed = {
        **entity,
        "id": there["id"],
        "registration": "TO-1",
        "valid_from": "2026-01-01",
        "valid_to": "2027-12-31",
    }
    second = {"legal_name": "Franchi Holding", "country": "IT"}
    company.erp.change("customer", theirs["id"], legal_entities=[changed, second])
    mine, theirs = company.both("customer", theirs, by=company.erp)
    assert {each["legal_name"]: each["registration"] for each in mine["legal_entities"]} == {
        "Franchi S.p.A.": "TO-1",
        "Franchi Holding": None,
    }
    [kept] = [each for each in mine["legal_entities"] if each["legal_name"] == "Franchi S.p.A."]
    company.crm.change("customer", mine["id"], legal_entities=[{**entity, "id": kept["id"]}])
    mine, theirs = company.both("customer", mine)
    assert [each["legal_name"] for each in theirs["legal_entities"]] == ["Franchi S.p.A."]
    assert equal(company) == 1


def test_own_fields_travel_with_their_types(company: Company) -> None:
    for office in company.offices:
        office.call("PUT", "/v1/custom-fields/loading_ramp", json={"label": "Loading ramp", "type": "boolean"})
        office.call("PUT", "/v1/custom-fields/doors", json={"label": "Doors", "type": "integer"})
    mine, theirs = company.customer_on_both(custom={"loading_ramp": True, "doors": 2})
    assert theirs["custom"] == {"loading_ramp": True, "doors": 2}
    company.erp.change("customer", theirs["id"], custom={"doors": 3})
    company.crm.change("customer", mine["id"], custom={"loading_ramp": False})
    company.shown_on_both("customer", mine["canonical_id"], custom={"loading_ramp": False, "doors": 3})
    assert equal(company) == 1


def test_a_field_that_the_crm_declares_for_contacts_stands_in_the_erp_with_its_values(company: Company) -> None:
    of_contacts = "/v1/custom-fields/shoe_size?record=contact"
    company.crm.call("PUT", of_contacts, json={"label": "Shoe size", "type": "integer"})
    contact = company.crm.create("contact", name="Maria Anders", email="maria@alfki.example", custom={"shoe_size": 38})
    mine, theirs = company.both("contact", contact)
    assert theirs["custom"] == {"shoe_size": 38}
    [declared] = eventually(lambda: company.erp.call("GET", "/v1/custom-fields?record=contact")["items"])
    assert (declared["record"], declared["label"], declared["type"]) == ("contact", "Shoe size", "integer")
    company.erp.change("contact", theirs["id"], custom={"shoe_size": 39})
    company.shown_on_both("contact", mine["canonical_id"], custom={"shoe_size": 39})


def test_two_tenants_never_see_each_others_records(company: Company, other_company: Company) -> None:
    same: dict[str, Any] = {"name": "Alfreds Futterkiste", "email": "info@alfreds.example", "phone": "+49 30 0074321"}
    mine, theirs = company.customer_on_both(**same)
    assert [office.records("customer") for office in other_company.offices] == [[], []]
    assert other_company.hub.records("customer") == other_company.hub.links("customer") == []
    for office, local_id in ((other_company.crm, mine["id"]), (other_company.erp, theirs["id"])):
        with pytest.raises(Refused) as refusal:
            office.read("customer", local_id)
        assert refusal.value.status == 404
    with pytest.raises(Refused) as refusal:
        other_company.hub.record("customer", mine["canonical_id"])
    assert refusal.value.status == 404
    with pytest.raises(Refused) as refusal:
        other_company.crm.create("contact", name="Eve", customer_id=mine["id"])
    assert refusal.value.status == 409

    twin, _ = other_company.customer_on_both(**same)
    assert twin["canonical_id"] != mine["canonical_id"]
    other_company.crm.change("customer", twin["id"], notes="ours only")
    other_company.shown_on_both("customer", twin["canonical_id"], notes="ours only")
    company.shown_on_both("customer", mine["canonical_id"], notes="")
    assert [company.hub.decisions(mine["canonical_id"]), len(company.hub.records("customer"))] == [[], 1]
