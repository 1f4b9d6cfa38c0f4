"""One tenant that writes whatever the services take, and keeps what it was told."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from ..e2e.clients import Body, Company, Office
from ..e2e.trade import a_product, an_order, in_state
from .absurd import Bodies, Known, nested, singular
from .operations import PARAMETER, Document, Operation

LEARN_EVERY = 150
SHOWN = 2_000
COMPANY = {
    "name": "Northwind Traders GmbH",
    "address": {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
    "country": "DE",
    "tax_id": "DE136695976",
}
CHANGES = {
    **dict.fromkeys(("notes", "note", "description", "reference", "name", "subject"), "Mended"),
    "valid_to": "9999-12-31",
}
"""Field -> a value that anybody may give it later; every record has one of these fields."""


@dataclass(frozen=True)
class Accepted:
    """A record that a service has made."""

    service: str
    collection: str
    id: str


@dataclass
class Side:
    """One service as the intruder knows it."""

    office: Office
    document: Document
    known: Known = field(default_factory=Known)


class Intruder:
    """Sends one request after another, and remembers failures of the service and records that were accepted."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.sides = {
            office.name: Side(office, Document(office.name, office.get("/openapi.json"))) for office in company.offices
        }
        self.operations = [each for side in self.sides.values() for each in side.document.operations()]
        self.accepted: dict[Accepted, None] = {}
        self.failures: list[str] = []
        self.outcomes: Counter[int] = Counter()
        self.refused = {str(each) for each in self.operations}
        """Operations that have accepted nothing yet."""

    def settle_in(self, random: Random) -> None:
        """Make some records of every kind, with nothing absurd about them, and trade in some of them."""
        self._trade()
        for operation in [each for each in self.operations if each.path == each.collection] * 4:
            self._send(operation, random, percent=0)

    def _trade(self) -> None:
        """Orders in every state, and what they lead to: without them most steps would be refused for their state."""
        erp = self.company.erp
        product, stocked = a_product(self.company)
        customer, there = self.company.customer_on_both(currency="EUR")
        erp.call("PUT", "/v1/company", json=COMPANY, headers={"If-Match": "*"})
        for step in range(3):
            an_order(self.company.crm, customer["id"], product["id"])
            order = an_order(erp, there["id"], stocked["id"])
            erp.post(f"/v1/orders/{order['id']}/submit")
            in_state(erp, order["id"], "confirmed")
            if step > 0:
                erp.post(f"/v1/orders/{order['id']}/shipments", {})
            if step > 1:
                erp.post("/v1/invoices", {"order_id": order["id"]})
            erp.post("/v1/payments", {"customer_id": there["id"], "amount": "10", "currency": "EUR"})
        self.read_lists()

    def request(self, random: Random) -> None:
        """One request; now and then, lists are read as well. In most requests no value, or few, are absurd."""
        self._send(random.choice(self.operations), random, random.choice([0, 0, 3, 10, 40]))
        if sum(self.outcomes.values()) % LEARN_EVERY == 0:
            self.read_lists()

    def _send(self, operation: Operation, random: Random, percent: int) -> None:
        side = self.sides[operation.service]
        bodies = Bodies(side.document, side.known, random)
        path, query = _address(operation, bodies)
        content = _content(operation, bodies, percent) if operation.body is not None else None
        headers = {"If-Match": "*", **({"Content-Type": operation.media_type} if content else {})}
        answer = side.office.http.request(operation.method, path, params=query, content=content, headers=headers)
        self._take(operation, answer, content)

    def read_lists(self) -> None:
        """Every list can be read; what stands there is known from then on."""
        for side in self.sides.values():
            for collection in _collections(side.document):
                answer = side.office.http.get(collection, params={"limit": 200})
                if self._fits(answer.status_code == httpx.codes.OK, answer, None):
                    side.known.learn(answer.json(), singular(collection.rpartition("/")[2]))

    def check_records(self) -> None:
        """Every record that was accepted can be read, changed and archived."""
        for record in self.accepted:
            side = self.sides[record.service]
            for method, allowed in (("get", {200}), ("patch", {200, 409}), ("delete", {200, 204, 409})):
                if side.document.address_of(record.collection, method) is None:
                    continue
                body = self._change(side, record.collection) if method == "patch" else None
                path = f"{record.collection}/{record.id}"
                answer = side.office.http.request(method, path, json=body, headers={"If-Match": "*"})
                self._fits(answer.status_code in allowed, answer, json.dumps(body).encode() if body else None)

    def unsettled(self) -> Iterator[str]:
        """Records that are neither in step nor say why they are not."""
        for side in self.sides.values():
            for collection in _collections(side.document):
                for record in side.office.all(collection, **_archived_too(side.document, collection)):
                    sync = record.get("sync")
                    if sync and sync["state"] != "in_step" and not _says_why(sync):
                        yield f"{side.office.name} {collection}/{record['id']}: {sync}"

    def _take(self, operation: Operation, answer: httpx.Response, content: bytes | None) -> None:
        self.outcomes[answer.status_code] += 1
        if not self._fits(not answer.is_server_error, answer, content) or not answer.is_success or not answer.content:
            return
        told = answer.json()
        self.refused.discard(str(operation))
        side = self.sides[operation.service]
        side.known.learn(told, singular(operation.collection.rpartition("/")[2]))
        made = [each for each in told["items"] if each.get("outcome") == "created"] if operation.is_batch else [told]
        if operation.is_batch or operation.path == operation.collection:
            records = (Accepted(operation.service, operation.collection, each["id"]) for each in made if "id" in each)
            self.accepted.update(dict.fromkeys(records))

    def _fits(self, as_expected: bool, answer: httpx.Response, content: bytes | None) -> bool:
        if not as_expected:
            request = f"{answer.request.method} {answer.request.url} {(content or b'')[:SHOWN]!r}"
            self.failures.append(f"{request} answered {answer.status_code}: {answer.text[:SHOWN]}")
        return as_expected

    def _change(self, side: Side, collection: str) -> Body:
        properties: dict[str, Any] = dict((side.document.creation(collection) or {}).get("properties", {}))
        name = next(name for name in CHANGES if name in properties)
        return {name: CHANGES[name]}


def _address(operation: Operation, bodies: Bodies) -> tuple[str, dict[str, str]]:
    """Path and query; ids are those of records that there are."""
    values = {
        name: bodies.parameter(name, {"format": "uuid", **schema} if name.endswith("_id") else schema)
        for name, schema in operation.parameters.items()
    }
    path = PARAMETER.sub(lambda found: values[found[1]], operation.path)
    return path, {name: value for name, value in values.items() if name not in operation.required}


def _content(operation: Operation, bodies: Bodies, percent: int) -> bytes:
    if "json" not in operation.media_type:
        return bodies.random.randbytes(200)
    if percent and bodies.random.randrange(200) == 0:
        return nested().encode()
    return json.dumps(bodies.body(operation, percent)).encode()


def _collections(document: Document) -> list[str]:
    """The lists that need no parameter of their own."""
    return [
        path
        for path, item in document.document["paths"].items()
        if path.startswith("/v1/") and "{" not in path and _pages(item.get("get", {}))
    ]


def _pages(declared: Any) -> bool:
    return any(each["name"] == "cursor" for each in declared.get("parameters", ())) and not any(
        each.get("required") for each in declared["parameters"]
    )


def _archived_too(document: Document, collection: str) -> dict[str, str]:
    declared = document.document["paths"][collection]["get"]["parameters"]
    return {"archived": "any"} if any(each["name"] == "archived" for each in declared) else {}


def _says_why(sync: Body) -> bool:
    """Whether every system that is not in step is there with a reason."""
    behind = [each for each in sync["systems"].values() if each["state"] != "in_step"]
    return bool(behind) and all(each["reason"] for each in behind)
