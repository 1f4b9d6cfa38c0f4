"""`kill -9` of each process, one after another, while sales submits orders and the ERP ships them."""

import itertools
import os
import threading
import uuid
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
from stack.services import Stack

from ..e2e.clients import Body, Client, Company, new_tenant
from ..e2e.trade import a_product
from ..e2e.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.servers]

ORDERS = int(os.environ.get("CONCORD_FAULT_ORDERS", "120"))
CUSTOMERS = 5
SELLERS = 2
PATIENCE_SECONDS = 180.0
CONFLICT = 409


class Persistent:
    """One who sends the same request again, under the same key, until a service answers."""

    def __init__(self, client: Client) -> None:
        self.http = httpx.Client(base_url=client.http.base_url, headers=client.http.headers, timeout=20)

    def post(self, path: str, body: Body) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        def attempt() -> httpx.Response | None:
            try:
                answer = self.http.post(path, json=body, headers=headers)
            except httpx.TransportError:
                return None
            in_use = answer.status_code == CONFLICT and "idempotency-key-in-use" in answer.text
            return None if answer.is_server_error or in_use else answer

        found = eventually(attempt, PATIENCE_SECONDS)
        assert found is not None
        return found


class Seller(threading.Thread):
    """Submits orders in the CRM, one after the other."""

    def __init__(self, company: Company, customers: list[Body], product_id: str, numbers: Iterator[int]) -> None:
        super().__init__(daemon=True)
        self.crm = Persistent(company.crm)
        self.customers, self.product_id, self.numbers = customers, product_id, numbers
        self.submitted = 0

    def run(self) -> None:
        while (number := next(self.numbers)) < ORDERS:
            customer = self.customers[number % CUSTOMERS]
            lines = [{"product_id": self.product_id, "quantity": "2"}]
            body = {"customer_id": customer["id"], "currency": "EUR", "reference": f"PO {number}", "lines": lines}
            answer = self.crm.post("/v1/orders", {**body, "submit": True})
            assert answer.is_success, answer.text
            self.submitted += 1


class Shipper(threading.Thread):
    """Ships in the ERP whatever is confirmed there."""

    def __init__(self, company: Company) -> None:
        super().__init__(daemon=True)
        self.erp = Persistent(company.erp)
        self.shipped = 0

    def run(self) -> None:
        while self.shipped < ORDERS:
            for order_id in self._confirmed():
                answer = self.erp.post(f"/v1/orders/{order_id}/shipments", {})
                assert answer.is_success, answer.text
                self.shipped += 1

    def _confirmed(self) -> list[str]:
        try:
            answer = self.erp.http.get("/v1/orders", params={"state": "confirmed", "limit": 50})
        except httpx.TransportError:
            return []
        return [each["id"] for each in answer.json()["items"]] if answer.is_success else []


def test_no_order_is_lost_or_doubled_when_each_process_is_killed(stack: Stack) -> None:
    company = Company.in_stack(stack, new_tenant())
    customers = [company.crm.create("customer", name=f"Customer {each}", currency="EUR") for each in range(CUSTOMERS)]
    product, stocked = a_product(company, stock=str(3 * ORDERS))
    numbers = itertools.count()
    sellers = [Seller(company, customers, product["id"], numbers) for _ in range(SELLERS)]
    shipper = Shipper(company)
    for person in (*sellers, shipper):
        person.start()

    killed: list[str] = []
    for name in list(stack.parts):
        share = (len(killed) + 0.5) * ORDERS / len(stack.parts)
        while sum(seller.submitted for seller in sellers) < share and any(seller.is_alive() for seller in sellers):
            sellers[0].join(0.05)
        stack.kill(name)
        stack.start(name)
        killed.append(name)
    for person in (*sellers, shipper):
        person.join(PATIENCE_SECONDS)
        assert not person.is_alive(), f"it hangs; {shipper.shipped} orders are shipped"
    assert sum(seller.submitted for seller in sellers) == shipper.shipped == ORDERS

    def all_is_seen() -> list[Body]:
        orders = company.crm.all("/v1/orders", state="shipped")
        assert len(orders) == ORDERS, f"{len(orders)} of {ORDERS}"
        return orders

    seen = eventually(all_is_seen, PATIENCE_SECONDS)
    there = company.erp.all("/v1/orders")
    assert sorted(each["canonical_id"] for each in seen) == sorted(each["canonical_id"] for each in there)
    assert len({each["reference"] for each in there}) == len({each["number"] for each in there}) == len(there)
    assert len(company.erp.all("/v1/shipments")) == len(there)
    [stock] = company.erp.all("/v1/stock", product_id=stocked["id"])
    assert [Decimal(stock[name]) for name in ("on_hand", "reserved")] == [3 * ORDERS - 2 * len(there), 0]
    print(f"\n{len(there)} orders submitted and shipped under {len(killed)} kills: none lost, none double")
