"""Orders while things go wrong: the ERP away, cancelled here and shipped there, refused, edited at once."""

import time
from collections import defaultdict
from decimal import Decimal

from stack.services import Stack

from .clients import Body, Company, Refused
from .trade import a_product, an_order, in_state
from .waiting import eventually

ORDERS = 100
CUSTOMERS = 10
PATIENCE_SECONDS = 120.0
CANCEL = {"kind": "cancel", "reason": "Too late for us"}


def in_erp(company: Company, order: Body) -> Body:
    """The order as the ERP has it, as soon as it does."""
    canonical_id = eventually(lambda: company.crm.read("order", order["id"])["canonical_id"])
    [found] = eventually(lambda: company.erp.all("/v1/orders", canonical_id=canonical_id))
    return found


def test_orders_submitted_while_the_erp_is_away_are_all_confirmed_later_in_order_per_customer(
    stack: Stack, company: Company
) -> None:
    customers = [company.crm.create("customer", name=f"Customer {each}", currency="EUR") for each in range(CUSTOMERS)]
    product, _ = a_product(company, stock="10000")
    for customer in customers:
        company.crm.in_step("customer", customer["id"])
    for part in ("erp-api", "erp-worker"):
        stack.stop(part)
    for number in range(ORDERS):
        an_order(company.crm, customers[number % CUSTOMERS]["id"], product["id"], quantity="1", submit=True)
    eventually(lambda: company.hub.state_of("erp") == "away")
    assert {each["state"] for each in company.crm.all("/v1/orders")} == {"submitted"}

    for part in ("erp-api", "erp-worker"):
        stack.start(part)
    back = time.monotonic()

    def all_confirmed() -> list[Body]:
        orders = company.crm.all("/v1/orders", state="confirmed")
        assert len(orders) == ORDERS
        return orders

    confirmed = eventually(all_confirmed, PATIENCE_SECONDS)
    print(f"\n{ORDERS} orders while the ERP was away; all confirmed {time.monotonic() - back:.1f} s after it was back")
    numbers = defaultdict(list)
    for order in sorted(confirmed, key=lambda each: str(each["sales_number"])):
        numbers[order["customer_id"]].append(order["number"])
    assert all(given == sorted(given) for given in numbers.values()), numbers
    assert len({order["number"] for order in confirmed}) == ORDERS == len(company.erp.all("/v1/orders"))


def test_cancelled_here_and_shipped_there_waits_for_a_steward_and_is_shown(stack: Stack, company: Company) -> None:
    customer, _ = company.customer_on_both(currency="EUR")
    product, _ = a_product(company)
    stack.stop("erp-worker")
    mine = an_order(company.crm, customer["id"], product["id"], submit=True)
    theirs = in_erp(company, mine)
    with company.hub.paused("crm"):
        stack.start("erp-worker")
        in_state(company.erp, theirs["id"], "confirmed")
        company.erp.post(f"/v1/orders/{theirs['id']}/shipments", {})
        cancelled = company.crm.post(f"/v1/orders/{mine['id']}/cancel", {"reason": "The customer called"})
        assert cancelled["state"] == "cancelled"

    [conflict] = eventually(lambda: [each for each in company.hub.conflicts() if each["group"] == "state"])
    assert {(value["origin"], value["value"]) for value in conflict["values"]} == {
        ("crm", "cancelled"),
        ("erp", "shipped"),
    }
    assert company.crm.read("order", mine["id"])["state"] == "cancelled", "nobody is overruled in silence"
    assert company.erp.read("order", theirs["id"])["state"] == "shipped"
    company.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", {"origin": "erp"})
    in_state(company.crm, mine["id"], "shipped")
    assert company.hub.conflicts() == []


def test_a_draft_taken_back_in_the_crm_is_cancelled_in_the_erp(company: Company) -> None:
    customer, _ = company.customer_on_both(currency="EUR")
    product, stocked = a_product(company)
    mine = an_order(company.crm, customer["id"], product["id"])
    company.crm.in_step("order", mine["id"])
    company.crm.post(f"/v1/orders/{mine['id']}/cancel", {"reason": "A mistake"})
    theirs = in_erp(company, mine)
    cancelled = in_state(company.erp, theirs["id"], "cancelled")
    assert cancelled["reason"]["text"] == "A mistake"
    [stock] = company.erp.all("/v1/stock", product_id=stocked["id"])
    assert Decimal(stock["reserved"]) == 0


def test_a_request_to_cancel_is_accepted_before_and_refused_after_the_shipment(company: Company) -> None:
    customer, _ = company.customer_on_both(currency="EUR")
    product, stocked = a_product(company)
    first, second = (an_order(company.crm, customer["id"], product["id"], submit=True) for _ in range(2))
    for order in (first, second):
        in_state(company.crm, order["id"], "confirmed")
    company.erp.post(f"/v1/orders/{in_erp(company, second)['id']}/shipments", {})
    company.crm.post(f"/v1/orders/{first['id']}/requests", CANCEL)
    try:  # The shipment may stand in the CRM by now: then the request is refused there.
        company.crm.post(f"/v1/orders/{second['id']}/requests", CANCEL)
        asked = True
    except Refused as refused:
        assert "/problems/order-state-forbids" in str(refused)
        asked = False

    def answered(order_id: str, outcome: str) -> bool:
        order = company.crm.read("order", order_id)
        assert (order["answer"] or {}).get("outcome") == outcome, order["answer"]
        return True

    eventually(lambda: answered(first["id"], "accepted"))
    in_state(company.crm, first["id"], "cancelled")
    if asked:
        eventually(lambda: answered(second["id"], "refused"))
    in_state(company.crm, second["id"], "shipped")
    [stock] = company.erp.all("/v1/stock", product_id=stocked["id"])
    assert [Decimal(stock["on_hand"]), Decimal(stock["reserved"])] == [990, 0]


def test_lines_of_a_draft_are_edited_on_both_sides_at_once_and_both_stay(company: Company) -> None:
    customer, _ = company.customer_on_both(currency="EUR")
    product, _ = a_product(company)
    lines = [{"product_id": product["id"], "quantity": quantity} for quantity in ("1", "2")]
    mine = company.crm.create("order", customer_id=customer["id"], currency="EUR", lines=lines)
    theirs = in_erp(company, mine)
    company.crm.in_step("order", mine["id"])
    with company.hub.paused("crm", "erp"):
        company.crm.change("order", mine["id"], lines=_written(mine, "5", "2"))
        company.erp.change("order", theirs["id"], lines=_written(theirs, "1", "7"))

    def both_stay() -> bool:
        for office, order in ((company.crm, mine), (company.erp, theirs)):
            quantities = [Decimal(line["quantity"]) for line in office.read("order", order["id"])["lines"]]
            assert quantities == [5, 7], f"{office.name}: {quantities}"
        return True

    eventually(both_stay)


def test_an_order_waits_for_its_customer_and_its_product(company: Company) -> None:
    with company.hub.paused("erp"):
        customer = company.crm.create("customer", name="New", currency="EUR")
        product = company.crm.create("product", name="Ikura", sku=f"new-{customer['id'][-8:]}")
        lines = [{"product_id": product["id"], "quantity": "3", "unit_price": "31.00", "tax_rate": "0"}]
        order = company.crm.create("order", customer_id=customer["id"], currency="EUR", lines=lines, submit=True)
    confirmed = in_state(company.crm, order["id"], "confirmed")
    theirs = in_erp(company, confirmed)
    progress = company.erp.get(f"/v1/orders/{theirs['id']}/progress")["lines"][0]
    assert [Decimal(progress["ordered"]), Decimal(progress["back_ordered"])] == [3, 3]


def test_a_payment_registered_on_both_sides_is_one(company: Company) -> None:
    mine, theirs = company.customer_on_both(currency="EUR")
    payment = {"amount": "100.00", "currency": "EUR", "received_on": "2026-11-20", "reference": "E2E-4711"}
    with company.hub.paused("crm", "erp"):
        company.crm.post("/v1/payments", {**payment, "customer_id": mine["id"]})
        company.erp.post("/v1/payments", {**payment, "customer_id": theirs["id"]})

    def one() -> bool:
        [here], [there] = (office.all("/v1/payments") for office in company.offices)
        assert here["canonical_id"] is not None
        assert here["canonical_id"] == there["canonical_id"]
        assert (here["state"], there["state"]) == ("booked", "booked")
        return True

    eventually(one)
    accounts = {each["role"]: each for each in company.erp.get("/v1/trial-balance")["accounts"]}
    assert Decimal(accounts["bank"]["balance"]) == 100


def _written(order: Body, *quantities: str) -> list[Body]:
    """The lines of an order as its users write them, with these quantities."""
    names = ("id", "product_id", "unit_price", "discount", "tax_rate")
    pairs = zip(order["lines"], quantities, strict=True)
    return [{**{name: line[name] for name in names}, "quantity": quantity} for line, quantity in pairs]
