"""From quote to cash across both: sales sees what the ERP does, and the ERP decides."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from .clients import Body, Company, Office, Refused
from .trade import a_product, an_order, in_state
from .waiting import eventually

MOVES = 200

COMPANY: Body = {"name": "Northwind", "address": {"city": "Berlin"}, "country": "DE", "tax_id": "DE136695976"}


def shows_payment(company: Company, order_id: str, status: str) -> None:
    """Wait until sales sees how far the order is paid."""
    eventually(lambda: company.crm.read("order", order_id)["payment"]["status"] == status)


def test_a_quote_becomes_an_order_that_sales_can_follow_to_the_last_payment(company: Company) -> None:
    crm, erp = company.crm, company.erp
    erp.call("PUT", "/v1/company", json=COMPANY, headers={"If-Match": "*"})
    mine, theirs = company.customer_on_both(currency="EUR")
    product, there = a_product(company)

    quote = crm.post(
        "/v1/quotes", {"customer_id": mine["id"], "lines": [{"product_id": product["id"], "quantity": "10"}]}
    )
    crm.post(f"/v1/quotes/{quote['id']}/send")
    accepted = crm.post(f"/v1/quotes/{quote['id']}/accept", {})
    order = in_state(crm, accepted["order_id"], "confirmed")
    assert (order["total"], order["number"] is None) == ("180.00", False)

    [ordered] = erp.all("/v1/orders", canonical_id=order["canonical_id"])
    line = ordered["lines"][0]["id"]
    part = {"lines": [{"line_id": line, "quantity": "4"}], "carrier": "Speedy Express"}
    erp.post(f"/v1/orders/{ordered['id']}/shipments", part)
    in_state(crm, order["id"], "partly_shipped")
    erp.post(f"/v1/orders/{ordered['id']}/shipments", {})
    in_state(crm, order["id"], "shipped")
    invoice = erp.post("/v1/invoices", {"order_id": ordered["id"]})
    in_state(crm, order["id"], "invoiced")

    def bill_is_seen() -> bool:
        view = crm.read("order", order["id"])
        assert [each["carrier"] for each in view["shipments"]] == ["Speedy Express", None]
        assert view["lines"][0]["shipped"] in ("10", "10.0000")
        assert [each["number"] for each in view["payment"]["invoices"]] == [invoice["number"]]
        assert (view["payment"]["status"], view["payment"]["open"]) == ("unpaid", "180.00")
        return True

    eventually(bill_is_seen)
    for amount, status in (("100.00", "partly_paid"), ("80.00", "paid")):
        body = {"customer_id": theirs["id"], "amount": amount, "currency": "EUR", "reference": f"T {uuid.uuid4()}"}
        erp.post("/v1/payments", body)
        shows_payment(company, order["id"], status)
    in_state(crm, order["id"], "closed")
    assert there["sku"] == product["sku"]


def test_an_order_for_a_blocked_customer_comes_back_on_hold_with_the_reason(company: Company) -> None:
    mine, theirs = company.customer_on_both(currency="EUR")
    product, _ = a_product(company)
    company.erp.change("customer", theirs["id"], credit={"limit": "100.00", "currency": "EUR", "blocked": True})
    order = an_order(company.crm, mine["id"], product["id"], submit=True)
    held = in_state(company.crm, order["id"], "on_hold")
    assert held["reason"]["code"] == "customer-blocked"
    company.erp.change("customer", theirs["id"], credit={"limit": "100.00", "currency": "EUR", "blocked": False})
    [there] = company.erp.all("/v1/orders", canonical_id=held["canonical_id"])
    try:
        company.erp.post(f"/v1/orders/{there['id']}/resume")
    except Refused as refused:
        assert (refused.status, refused.problem["type"]) == (409, "/problems/credit-exceeded")
    else:
        raise AssertionError("180.00 is beyond the limit of 100.00")
    company.erp.change("customer", theirs["id"], credit={"limit": "500.00", "currency": "EUR", "blocked": False})
    company.erp.post(f"/v1/orders/{there['id']}/resume")
    in_state(company.crm, order["id"], "confirmed")

    def credit_is_seen() -> bool:
        owed = company.crm.get(f"/v1/customers/{mine['id']}/receivables")["currencies"]
        assert [Decimal(each["balance"]["credit_left"]) for each in owed if each["balance"]] == [320], owed
        return True

    eventually(credit_is_seen)


def test_the_same_order_submitted_twice_is_one(company: Company) -> None:
    mine, _ = company.customer_on_both(currency="EUR")
    product, there = a_product(company)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    lines = [{"product_id": product["id"], "quantity": "10"}]
    body = {"customer_id": mine["id"], "currency": "EUR", "lines": lines}
    first, again = (company.crm.post("/v1/orders", body, headers=key) for _ in range(2))
    assert first["id"] == again["id"]
    address, key = f"/v1/orders/{first['id']}/submit", {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        assert company.crm.post(address, headers=key)["state"] == "submitted"
    try:
        company.crm.post(address)
    except Refused as refused:
        assert refused.status == 409
        assert refused.problem["state"] in ("submitted", "confirmed")
    else:
        raise AssertionError("it was submitted already")
    in_state(company.crm, first["id"], "confirmed")
    assert len(company.erp.all("/v1/orders")) == 1
    [stock] = company.erp.all("/v1/stock", product_id=there["id"])
    assert Decimal(stock["reserved"]) == 10


def test_a_product_entered_in_the_crm_is_sold_once_the_erp_has_priced_it(company: Company) -> None:
    made = company.crm.create("product", name="Ikura", sku=f"ik-{uuid.uuid4().hex[:6]}", category="Seafood")
    mine, theirs = company.both("product", made)
    assert theirs["sku"] == made["sku"]
    company.erp.change("product", theirs["id"], list_price={"amount": "31.00", "currency": "EUR"})
    company.shown_on_both("product", mine["canonical_id"], list_price={"amount": "31.00", "currency": "EUR"})
    customer, _ = company.customer_on_both(currency="EUR")
    order = an_order(company.crm, customer["id"], mine["id"], quantity="2")
    assert order["net"] == "62.00"


def test_what_a_customer_pays_is_answered_by_the_crm_alone(company: Company) -> None:
    mine, _ = company.customer_on_both(currency="EUR", segment="wholesale")
    product, there = a_product(company)
    terms = {"name": "Wholesale", "currency": "EUR", "customer_group": "wholesale"}
    prices = company.erp.create("price-list", **terms)
    company.erp.create("price", price_list_id=prices["id"], product_id=there["id"], min_quantity="10", amount="15.50")

    def answered(quantity: str, expected: str) -> bool:
        question = {"customer_id": mine["id"], "quantity": quantity, "currency": "EUR"}
        answer = company.crm.get(f"/v1/products/{product['id']}/price", **question)
        assert Decimal(answer["amount"]) == Decimal(expected), answer
        return True

    eventually(lambda: answered("10", "15.50"))
    with company.hub.paused("erp"):
        answered("9", "18")
        answered("25", "15.50")


def test_many_moves_cost_a_few_deliveries_a_second(company: Company) -> None:
    _, there = a_product(company, stock=None)
    body = {"product_id": there["id"], "quantity": "1", "unit_cost": "10.00"}
    offices = [Office("erp", str(company.erp.http.base_url), company.token) for _ in range(4)]
    began = time.monotonic()
    with ThreadPoolExecutor(len(offices)) as people:
        list(people.map(lambda number: offices[number % 4].post("/v1/stock/receipts", body), range(MOVES)))
    seconds = time.monotonic() - began

    def seen() -> Body:
        [product] = company.crm.all("/v1/products", sku=there["sku"])
        assert Decimal(product["availability"]["available"]) == MOVES
        return product

    eventually(seen)
    [record] = company.hub.records("availability")
    links = company.hub.record("availability", record["canonical_id"])["links"]
    events = next(link["seen_seq"] for link in links if link["system"] == "erp")
    print(f"\n{MOVES} moves in {seconds:.1f} s made {events} events")
    assert events <= 5 * seconds + 5, "moves of the same moment are told together"
