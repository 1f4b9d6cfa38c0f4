"""A third party's way through both services, by the generated clients alone. Prints what it has seen as JSON."""

import json
import os
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import concord_crm
import concord_erp
from concord_crm import models as crm
from concord_crm.api.customers import (
    customers_change_customer,
    customers_create_customer,
    customers_list_customers,
    customers_read_customer,
)
from concord_crm.api.events import events_list_events
from concord_crm.api.orders import orders_create_order, orders_read_order, orders_submit_order
from concord_crm.api.products import products_list_products
from concord_erp import models as erp
from concord_erp.api.customers import customers_list_customers as customers_of_the_erp
from concord_erp.api.inventory import inventory_receive_stock
from concord_erp.api.products import products_create_product

T = TypeVar("T")

sales = concord_crm.AuthenticatedClient(base_url=os.environ["CRM"], token=os.environ["TOKEN"])
office = concord_erp.AuthenticatedClient(base_url=os.environ["ERP"], token=os.environ["TOKEN"])


def sure(kind: type[T], answer: object) -> T:
    """The answer, if it is no problem."""
    if not isinstance(answer, kind):
        raise TypeError(f"{kind.__name__} was expected: {answer}")
    return answer


def eventually(what: str, look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come true in 30 s")


def a_product() -> crm.ProductRead:
    body = erp.ProductBody(name="Chai", list_price=erp.Price(amount="18.00", currency="EUR"))
    made = sure(erp.ProductRead, products_create_product.sync(client=office, body=body))
    goods = erp.ReceiptBody(product_id=made.id, quantity="100", unit_cost="10.00")
    inventory_receive_stock.sync(client=office, body=goods)

    def look() -> crm.ProductRead | None:
        page = sure(crm.ProductPage, products_list_products.sync(client=sales, q="Chai"))
        return page.items[0] if page.items else None

    return eventually("the product in the CRM", look)


def a_customer() -> tuple[crm.CustomerRead, erp.CustomerRead]:
    body = crm.CustomerBody(name="Alfreds Futterkiste", phone="030-0074321", currency="EUR", tags=["retail"])
    made = sure(crm.CustomerRead, customers_create_customer.sync(client=sales, body=body))

    def look() -> erp.CustomerRead | None:
        page = sure(erp.CustomerPage, customers_of_the_erp.sync(client=office, q="Alfreds"))
        return page.items[0] if page.items else None

    return made, eventually("the customer in the ERP", look)


def edit(customer_id: UUID) -> tuple[str | None, int]:
    read = customers_read_customer.sync_detailed(customer_id, client=sales)
    change = crm.CustomerPatch(phone="030-0074399")
    tag = read.headers["etag"]
    answer = customers_change_customer.sync(customer_id, client=sales, if_match=tag, body=change)
    changed = sure(crm.CustomerRead, answer)
    version = sure(crm.CustomerRead, read.parsed).version
    refused = customers_change_customer.sync(
        customer_id, client=sales, if_match=f'"{version}"', body=crm.CustomerPatch(phone="1")
    )
    return changed.phone, sure(crm.StaleVersionProblem, refused).status


def order(customer_id: UUID, product_id: UUID) -> crm.OrderViewRead:
    line = crm.OrderLineBody(product_id=product_id, quantity="10")
    body = crm.NewOrder(customer_id=customer_id, currency="EUR", lines=[line])
    draft = sure(crm.OrderViewRead, orders_create_order.sync(client=sales, body=body))
    orders_submit_order.sync(draft.id, client=sales)

    def look() -> crm.OrderViewRead | None:
        seen = sure(crm.OrderViewRead, orders_read_order.sync(draft.id, client=sales))
        return seen if seen.state == crm.OrderState.CONFIRMED else None

    return eventually("the confirmation", look)


def pages() -> list[str]:
    for name in ("Berliner Kaffee", "Kaffee & Mehr", "Wiener Kaffee"):
        body = crm.CustomerBody(name=name, tags=["coffee"])
        sure(crm.CustomerRead, customers_create_customer.sync(client=sales, body=body))
    names: list[str] = []
    cursor: str | None = None
    while True:
        answer = customers_list_customers.sync(client=sales, tag=["coffee"], sort="name", limit=2, cursor=cursor)
        page = sure(crm.CustomerPage, answer)
        names += [item.name for item in page.items]
        if not page.next_cursor:
            return names
        cursor = page.next_cursor


def feed(record: UUID) -> list[str]:
    answer = events_list_events.sync(client=sales, kinds="customer", record=record)
    return list(dict.fromkeys(event.type_ for event in sure(crm.Feed, answer).items))


def main() -> None:
    product = a_product()
    mine, theirs = a_customer()
    phone, stale = edit(mine.id)
    confirmed = order(mine.id, product.id)
    seen = {"number": theirs.number, "phone": phone, "stale": stale, "total": confirmed.total}
    print(json.dumps({**seen, "coffee": pages(), "events": feed(mine.id)}))


if __name__ == "__main__":
    main()
