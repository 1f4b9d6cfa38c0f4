"""The example shop joins CRM and ERP while they run: over HTTP alone, for one tenant, with records of its own."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from shop.app import Gateway, create
from shop.store import Store
from stack.services import Stack

from ..serving import served
from .clients import Body, Company
from .waiting import eventually

CUSTOMER = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}}


class Shop:
    """The shop as its front end meets it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=20)

    def enter(self, kind: str, values: Body) -> Body:
        made: Body = self.http.post(f"/{kind}s", json=values).raise_for_status().json()
        return made

    def change(self, kind: str, local_id: str, values: Body) -> Body:
        changed: Body = self.http.patch(f"/{kind}s/{local_id}", json=values).raise_for_status().json()
        return changed

    def records(self, kind: str) -> list[Body]:
        found: list[Body] = self.http.get(f"/{kind}s").raise_for_status().json()
        return found

    def counterpart(self, kind: str, canonical_id: str) -> Body | None:
        """The record under its shared id."""
        return next((each for each in self.records(kind) if each["canonical_id"] == canonical_id), None)

    def linked(self, kind: str, local_id: str) -> Body:
        """The record as soon as it has a shared id."""

        def look() -> Body | None:
            (record,) = (each for each in self.records(kind) if each["id"] == local_id)
            return record if record["canonical_id"] else None

        return eventually(look)


@contextmanager
def opened(stack: Stack, company: Company, folder: Path) -> Iterator[Shop]:
    """The shop of a company, which sends its events to the gateway from now on."""
    token = stack.issuer.token(["events:write"], "shop", company.tenant)
    issuer = stack.gateway_issuer
    gateway = Gateway(stack.urls["gateway"], issuer.public_file, issuer.name, lambda: token)
    app = create(Store(folder / "shop.sqlite", company.tenant), gateway)
    with served(app) as address:
        yield Shop(address)


@pytest.fixture
def shop(stack: Stack, company: Company, tmp_path: Path) -> Iterator[Shop]:
    with opened(stack, company, tmp_path) as shop:
        yield shop
    company.hub.call("DELETE", "/v1/systems/shop")


def register(shop: Shop, company: Company) -> None:
    """Join: the gateway runs on meanwhile."""
    kinds = dict.fromkeys(("customer", "product", "order"), "writes")
    registration: dict[str, Any] = {"address": shop.address, "audience": "shop", "kinds": kinds, "events": "http"}
    more = {"tenants": [company.tenant], "senders": ["shop"]}
    company.hub.call("PUT", "/v1/systems/shop", json={**registration, **more})


def test_a_third_system_joins_and_its_records_are_edited_everywhere(
    shop: Shop, company: Company, other_company: Company
) -> None:
    # Before it joins: one customer in the shop, one in the CRM, and one of another company.
    mine = shop.enter("customer", CUSTOMER)
    theirs = company.crm.create("customer", name="Blauer See Delikatessen", phone="0621-08460")
    strangers = other_company.crm.create("customer", name="Comércio Mineiro")
    register(shop, company)

    canonical_id = shop.linked("customer", mine["id"])["canonical_id"]
    for office in company.offices:
        office.counterpart("customer", canonical_id)
    in_crm, in_erp = company.shown_on_both("customer", canonical_id, name="Alfreds Futterkiste")
    shared_id = company.crm.in_step("customer", theirs["id"])["canonical_id"]
    backfilled = eventually(lambda: shop.counterpart("customer", shared_id))
    assert (backfilled["name"]["name"], backfilled["phone"]) == ("Blauer See Delikatessen", "0621-08460")

    shop.change("customer", mine["id"], {"phone": "030-0074321"})
    company.crm.change("customer", in_crm["id"], website="https://alfreds.example.com")
    company.erp.change("customer", in_erp["id"], email="info@alfreds.example.com")
    wanted = {"phone": "030-0074321", "website": "https://alfreds.example.com", "email": "info@alfreds.example.com"}
    company.shown_on_both("customer", canonical_id, **wanted)

    def equal() -> Body | None:
        record = shop.counterpart("customer", canonical_id)
        return record if record and {name: record.get(name) for name in wanted} == wanted else None

    assert eventually(equal)["id"] == mine["id"]
    order(shop, company, mine)
    company.erp.archive("customer", company.erp.create("customer", name="Drachenblut Delikatessen")["id"])
    eventually(lambda: [each for each in shop.records("customer") if each["life"] == "dead"])

    other_company.crm.in_step("customer", strangers["id"])
    assert "Comércio Mineiro" not in {each["name"]["name"] for each in shop.records("customer")}
    shown = company.hub.get("/v1/systems/shop")
    assert (shown["rejected"], shown["kinds_refused"], company.hub.quarantine()) == (0, [], [])


async def test_a_system_that_registers_with_topics_is_read_without_a_restart(
    stack: Stack, company: Company, other_company: Company
) -> None:
    registration = {"address": "http://127.0.0.1:9", "kinds": {"customer": "writes"}, "tenants": [company.tenant]}
    company.hub.call("PUT", "/v1/systems/webshop", json=registration)
    try:
        await publish(stack, company.tenant, "Ernst Handel")
        await publish(stack, other_company.tenant, "Folies gourmandes")
        (found,) = eventually(lambda: company.crm.records("customer", q="ernst"))
        assert found["name"] == "Ernst Handel"
        assert company.hub.get("/v1/systems/webshop")["away_since"] is not None
        (held,) = eventually(other_company.hub.quarantine)
        assert held["error"] == "webshop is not registered for this tenant"
    finally:
        company.hub.call("DELETE", "/v1/systems/webshop")


async def publish(stack: Stack, tenant: str, name: str) -> None:
    """An event of the web shop on its own topic, as soon as the gateway has made it."""
    local_id, now = uuid.uuid4().hex, time.time_ns() // 1000
    content = {"name": {"name": name, "kind": "company"}, "life": "live"}
    changes = [{"group": group, "old": None, "new": value, "ctx": 0} for group, value in content.items()]
    marks = {group: {"seq": 1, "rev": 0, "hlc": now} for group in content}
    numbers = {"kind": "customer", "local_id": local_id, "canonical_id": None, "seq": 1, "hlc": now}
    data = {**numbers, "origin": "user", "actor": "maria", "changes": changes, "snapshot": content, "sync": marks}
    attributes = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/webshop",
        "type": "webshop.customer.changed.v1",
        "subject": local_id,
        "time": datetime.now(UTC).isoformat(),
        "tenant": tenant,
    }
    headers = [("content-type", b"application/json"), *((f"ce_{k}", v.encode()) for k, v in attributes.items())]
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap, request_timeout_ms=20_000)
    await producer.start()
    try:
        await producer.send_and_wait("webshop.customer.v1", orjson.dumps(data), local_id.encode(), headers=headers)
    finally:
        await producer.stop()


def order(shop: Shop, company: Company, customer: Body) -> None:
    """A product and an order of the shop stand in CRM and ERP."""
    product = shop.enter("product", {"name": "Chai", "sku": f"tea-{uuid.uuid4().hex[:8]}"})
    line = {
        "position": 1,
        "product": product["id"],
        "quantity": "2",
        "unit_price": "18.00",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.19",
    }
    head = {"state": "draft", "customer": customer["id"], "currency": "EUR", "dates": {"ordered_on": "2026-11-28"}}
    entered = shop.enter("order", {**head, f"line:{uuid.uuid4()}": line, "reference": "S-1"})
    canonical_id = shop.linked("order", entered["id"])["canonical_id"]
    product_id = shop.linked("product", product["id"])["canonical_id"]
    for office in company.offices:
        there = office.counterpart("order", canonical_id)
        (shown,) = office.read("order", there["id"])["lines"]
        assert shown["product_id"] == office.counterpart("product", product_id)["id"]
        assert there["reference"] == "S-1"
