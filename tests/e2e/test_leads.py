"""Leads become customers once, and customers reach the ERP."""

from concurrent.futures import ThreadPoolExecutor

from .clients import Company, Refused
from .waiting import eventually


def test_a_lead_is_converted_once_under_concurrent_calls_and_its_customer_reaches_the_erp(company: Company) -> None:
    lead = company.crm.create("lead", name="Ana Trujillo", company="Emparedados", email="ana@trujillo.example")

    def convert(_number: int) -> int:
        try:
            company.crm.post(f"/v1/leads/{lead['id']}/convert", {})
        except Refused as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(4) as callers:
        assert sorted(callers.map(convert, range(4))) == [200, 409, 409, 409]
    [customer] = company.crm.all("/v1/customers")
    [deal] = company.crm.all("/v1/deals")
    assert (deal["customer_id"], company.crm.read("lead", lead["id"])["customer_id"]) == (
        customer["id"],
        customer["id"],
    )
    _, theirs = company.both("customer", customer)
    assert theirs["name"] == "Emparedados"


def test_a_prospect_has_no_number_in_the_erp_until_its_deal_is_won(company: Company) -> None:
    lead = company.crm.create("lead", name="Christina Berglund", company="Berglunds snabbköp")
    converted = company.crm.post(f"/v1/leads/{lead['id']}/convert", {})
    mine, theirs = company.both("customer", company.crm.read("customer", converted["customer_id"]))
    assert (mine["stage"], theirs["stage"], theirs["number"]) == ("prospect", "prospect", "")
    company.crm.post(f"/v1/deals/{converted['deal_id']}/win", {})
    assert eventually(lambda: company.erp.read("customer", theirs["id"])["number"] or None)
    assert company.erp.read("customer", theirs["id"])["stage"] == "customer"
