"""What the services really say, from a request to the answer of the other system's port, against what is published."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from .wire import System, exchange, read

pytestmark = pytest.mark.servers

CUSTOMER: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "kind": "company",
    "email": "Info@Alfreds.example",
    "phone": "030-0074321",
    "website": "https://alfreds.example",
    "billing_address": {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
    "shipping_address": {"lines": ["Tor 3"], "city": "Potsdam", "country": "DE"},
    "language": "de",
    "currency": "EUR",
    "segment": "food",
    "source": "fair",
    "tags": ["retail", "north"],
    "notes": "Opens at nine.",
    "legal_entities": [{"legal_name": "Alfreds GmbH", "country": "DE", "tax_id": "DE136695976"}],
}
TERMS = {
    "payment_terms": {"days": 30, "discount_days": 10, "discount_percent": "2"},
    "credit": {"limit": "25000.00", "currency": "EUR", "blocked": False},
}


@pytest.mark.parametrize(("here", "there"), [("crm", "erp"), ("erp", "crm")])
async def test_every_message_on_the_way_of_a_record_is_as_published(
    systems: dict[str, System], here: str, there: str
) -> None:
    sender, receiver = systems[here], systems[there]
    body = CUSTOMER | (TERMS if here == "erp" else {})
    customer = f"/v1/customers/{(entered := await sender.post('/v1/customers', body))['id']}"
    contact = await sender.post(
        "/v1/contacts",
        {"name": "Maria Anders", "customer_id": entered["id"], "email": "maria@alfreds.example", "position": "Owner"},
    )
    outcomes = await exchange(systems)
    assert set(outcomes) <= {"applied", "already", "skipped"}
    await sender.patch(
        customer, {"phone": "030-1", "tags": ["south"], "notes": "Opens at ten.", "billing_address": None}
    )
    await sender.patch(f"/v1/contacts/{contact['id']}", {"position": "Chief"})
    await exchange(systems)
    await sender.archive(customer)
    await exchange(systems)
    await sender.post(f"{customer}/restore")
    await exchange(systems)
    await systems["gateway"].announced()
    (copy,) = read(await receiver.client.get("/v1/customers"))["items"]
    assert (copy["name"], copy["phone"], copy["tags"]) == ("Alfreds Futterkiste", "030-1", ["south"])
    assert copy["archived_at"] is None
    (person,) = read(await receiver.client.get("/v1/contacts"))["items"]
    assert (person["position"], person["customer_id"]) == ("Chief", copy["id"])


async def test_conflicts_and_golden_records_are_as_published(systems: dict[str, System]) -> None:
    entered = await systems["crm"].post("/v1/customers", CUSTOMER)
    await exchange(systems)
    (copy,) = read(await systems["erp"].client.get("/v1/customers"))["items"]
    await systems["crm"].patch(
        f"/v1/customers/{entered['id']}", {"email": "crm@alfreds.example", "notes": "From Anna."}
    )
    await systems["erp"].patch(f"/v1/customers/{copy['id']}", {"email": "erp@alfreds.example", "notes": "From Ben."})
    await exchange(systems)
    said = await systems["gateway"].announced()
    topics = {message.topic for message in said}
    decided = [orjson.loads(message.value or b"") for message in said if message.topic == "sync.conflict.v1"]
    assert topics == {"sync.customer.v1", "sync.conflict.v1"}
    assert {(each["group"], each["state"]) for each in decided} >= {("email", "decided"), ("notes", "open")}
    assert datetime.fromisoformat(decided[0]["decided_at"]) <= datetime.now(UTC)
