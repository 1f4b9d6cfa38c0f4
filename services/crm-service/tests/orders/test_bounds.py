"""Numbers at the edge of what a column holds: refused at every door of sales, and never a failure of the service."""

from typing import Any

import httpx
import pytest
from chassis.testing import delivered

from .factories import PATH, Shop, delivery

pytestmark = pytest.mark.servers
GREATEST = "999999999999999"
LINE = "01900000-0000-7000-8000-000000000001"


@pytest.fixture
async def shop(api: httpx.AsyncClient) -> Shop:
    return await Shop.opened(api)


def great(shop: Shop) -> list[dict[str, Any]]:
    """Two lines, of which the second comes to more than can be stored."""
    product = {"product_id": shop.products["Chai"]}
    return [{**product, "quantity": "1"}, {**product, "quantity": GREATEST, "unit_price": GREATEST}]


@pytest.mark.parametrize("path", [PATH, "/v1/quotes"])
async def test_a_line_that_comes_to_more_than_can_be_stored_is_refused_by_its_name(shop: Shop, path: str) -> None:
    refused = await shop.api.post(path, json={"customer_id": shop.customer, "lines": great(shop)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/out-of-bounds")
    assert refused.json()["field"] == "lines[1]"
    assert (await shop.api.get(path)).json()["items"] == []


async def test_a_delivered_line_that_comes_to_too_much_is_rejected_and_its_order_stays_readable(shop: Shop) -> None:
    line = {"position": 1, "product": shop.products["Tofu"], "quantity": GREATEST, "unit_price": GREATEST}
    taxed = {**line, "discount": "0", "tax_class": "standard", "tax_rate": "0.19"}
    head: dict[str, Any] = {
        "state": "confirmed",
        "customer": shop.customer,
        "currency": "EUR",
        "dates": {"ordered_on": "2026-03-01"},
    }
    head[f"line__{LINE}"] = taxed
    (outcome,) = await delivered(shop.api, "order", delivery(**head))
    assert (outcome["groups"]["state"], outcome["groups"][f"line:{LINE}"]) == ("applied", "rejected")
    assert (outcome["problem"]["type"], outcome["problem"]["field"]) == ("/problems/out-of-bounds", f"line:{LINE}")
    assert (await shop.shown(outcome["local_id"]))["total"] == "0.00"


async def test_the_greatest_lines_fit_into_an_order_with_all_its_taxes(shop: Shop) -> None:
    line = {"product_id": shop.products["Chai"], "quantity": "55555555555", "tax_rate": "1"}
    order = await shop.entered(lines=[line] * 200)
    assert order["total"] == "399999999996000.00"
    assert (await shop.api.get(PATH)).json()["items"][0]["total"] == "399999999996000.00"


async def test_what_can_be_promised_may_have_more_digits_than_one_receipt(shop: Shop) -> None:
    amounts = {"on_hand": f"9{GREATEST}", "reserved": "0", "available": f"9{GREATEST}.5"}
    item = delivery(product=shop.products["Chai"], availability=amounts)
    (outcome,) = await delivered(shop.api, "availability", item)
    assert outcome["outcome"] == "applied", outcome
    shown = await shop.api.get(f"/v1/products/{shop.products['Chai']}")
    assert (shown.status_code, shown.json()["availability"]["available"]) == (200, f"9{GREATEST}.5")
