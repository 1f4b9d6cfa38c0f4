"""The three services as a user of one tenant meets them: over HTTP, with a token."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import httpx
from stack.keys import FIRST_TENANT
from stack.services import Stack

from .waiting import eventually

Body = dict[str, Any]
STALE = 412


class Refused(Exception):
    """The service answered with a problem."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem: Body = response.json() if "json" in response.headers.get("content-type", "") else {}
        request = response.request
        super().__init__(f"{request.method} {request.url} answered {self.status}: {response.text[:600]}")


class Client:
    """A service's REST interface. Every call raises Refused when the answer is not a success."""

    def __init__(self, address: str, token: str) -> None:
        self.http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The body of the answer."""
        response = self.http.request(method, path, **options)
        if not response.is_success:
            raise Refused(response)
        return response.json() if response.content else None

    def get(self, path: str, **parameters: Any) -> Any:
        """The body of the answer."""
        return self.call("GET", path, params=parameters or None)  # An empty one would drop the query of `next`.

    def post(self, path: str, body: Body | None = None, **options: Any) -> Any:
        """The body of the answer."""
        return self.call("POST", path, json=body, **options) if body is not None else self.call("POST", path, **options)

    def all(self, path: str, **parameters: Any) -> list[Body]:
        """Every item of a list, page by page."""
        page = self.get(path, **{"limit": 200, **parameters})
        items: list[Body] = page["items"]
        while page.get("next"):
            page = self.get(page["next"])
            items += page["items"]
        return items


class Office(Client):
    """The CRM or the ERP."""

    def __init__(self, name: str, address: str, token: str) -> None:
        super().__init__(address, token)
        self.name = name

    def create(self, kind: str, /, **body: Any) -> Body:
        """Enter a record."""
        made: Body = self.post(f"/v1/{kind}s", body)
        return made

    def read(self, kind: str, local_id: str) -> Body:
        """One record as it stands."""
        found: Body = self.get(f"/v1/{kind}s/{local_id}")
        return found

    def change(self, kind: str, local_id: str, /, **patch: Any) -> Body:
        """Read, and change what was read; again when the record moved in between."""
        return self._on_what_was_read("PATCH", kind, local_id, patch)

    def archive(self, kind: str, local_id: str) -> Body:
        """Read, and archive what was read."""
        return self._on_what_was_read("DELETE", kind, local_id, None)

    def restore(self, kind: str, local_id: str) -> Body:
        """Take an archived record into use again."""
        restored: Body = self.post(f"/v1/{kind}s/{local_id}/restore")
        return restored

    def records(self, kind: str, /, **filters: Any) -> list[Body]:
        """Every record that the filters take, archived ones too."""
        return self.all(f"/v1/{kind}s", **{"archived": "any", **filters})

    def counterpart(self, kind: str, canonical_id: str) -> Body:
        """The record under its shared id, as soon as it stands here."""
        [found] = eventually(lambda: self.records(kind, canonical_id=canonical_id))
        return found

    def in_step(self, kind: str, local_id: str) -> Body:
        """The record as soon as it says that all systems are in step."""

        def look() -> Body:
            record = self.read(kind, local_id)
            assert record["sync"]["state"] == "in_step", record["sync"]
            return record

        return eventually(look)

    def batch(self, kind: str, items: list[Body]) -> list[Body]:
        """Create and change up to 200 records at once; an outcome for each."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        results: list[Body] = self.post(f"/v1/{kind}s:batch", {"items": items}, headers=headers)["items"]
        return results

    def _on_what_was_read(self, method: str, kind: str, local_id: str, body: Body | None) -> Body:
        path = f"/v1/{kind}s/{local_id}"

        def attempt() -> Body | None:
            version = self.read(kind, local_id)["version"]
            try:
                changed: Body = self.call(method, path, json=body, headers={"If-Match": f'"{version}"'})
            except Refused as refused:
                if refused.status != STALE:
                    raise
                return None
            return changed

        return eventually(attempt)


class Hub(Client):
    """The gateway."""

    def record(self, kind: str, canonical_id: str) -> Body:
        """A golden record with its heads, links and what each system has."""
        found: Body = self.get(f"/v1/records/{kind}/{canonical_id}")
        return found

    def records(self, kind: str) -> list[Body]:
        """All golden records in short: values, local ids, how far each system is."""
        return self.all(f"/v1/records/{kind}")

    def links(self, kind: str) -> list[Body]:
        """Which local record of which system is which canonical record."""
        return self.all("/v1/links", kind=kind)

    def decisions(self, canonical_id: str, group: str | None = None) -> list[Body]:
        """The decisions about a record, or one group of it, the newest first."""
        about = {"canonical_id": canonical_id, **({"group": group} if group else {})}
        return self.all("/v1/decisions", **about)

    def conflicts(self) -> list[Body]:
        """What waits for a person."""
        return self.all("/v1/conflicts")

    def state_of(self, system: str) -> str:
        """How a system fares: `in_step`, `away`, ..."""
        states: dict[str, str] = {each["name"]: each["state"] for each in self.get("/v1/status")["systems"]}
        return states[system]

    def deliveries(self, state: str) -> list[Body]:
        """What waits, or was refused."""
        return self.all("/v1/deliveries", state=state)

    def quarantine(self) -> list[Body]:
        """Messages that could not be read."""
        return self.all("/v1/quarantine")

    @contextmanager
    def paused(self, *systems: str) -> Iterator[None]:
        """Nothing is read from or delivered to these systems inside the block."""
        for system in systems:
            self.post(f"/v1/systems/{system}/pause")
        try:
            yield
        finally:
            for system in systems:
                self.post(f"/v1/systems/{system}/resume")


@dataclass(frozen=True)
class Company:
    """One tenant: its CRM, its ERP, and the gateway as it sees it."""

    tenant: str
    token: str
    crm: Office
    erp: Office
    hub: Hub

    @classmethod
    def in_stack(cls, stack: Stack, tenant: str = FIRST_TENANT, subject: str = "ann") -> Self:
        """The company of a tenant; a tenant needs no setting up."""
        token = stack.token(subject=subject, tenant=tenant)
        crm, erp = (Office(name, stack.urls[name], token) for name in ("crm", "erp"))
        return cls(tenant, token, crm, erp, Hub(stack.urls["gateway"], token))

    @property
    def offices(self) -> tuple[Office, Office]:
        """Both sides."""
        return (self.crm, self.erp)

    def both(self, kind: str, made: Body, by: Office | None = None) -> tuple[Body, Body]:
        """The record in the CRM and in the ERP, once both say that all are in step."""
        maker = by or self.crm
        mine = maker.in_step(kind, made["id"])
        found = {maker.name: mine}
        for other in self.offices:
            if other is not maker:
                there = other.counterpart(kind, mine["canonical_id"])
                found[other.name] = other.in_step(kind, there["id"])
        return found["crm"], found["erp"]

    def shown_on_both(self, kind: str, canonical_id: str, /, **expected: Any) -> tuple[Body, Body]:
        """The record on both sides, once both show these values and say that all are in step."""

        def look() -> tuple[Body, Body]:
            [mine], [theirs] = (office.records(kind, canonical_id=canonical_id) for office in self.offices)
            for system, record in (("crm", mine), ("erp", theirs)):
                shown = {field: record[field] for field in expected}
                assert shown == expected, f"the {system} shows {shown}, not {expected}"
                assert record["sync"]["state"] == "in_step", f"{system}: {record['sync']}"
            return mine, theirs

        return eventually(look)

    def employee_on_both(self, name: str) -> tuple[Body, Body]:
        """A new employee of the ERP, standing on both sides."""
        return self.both("employee", self.erp.create("employee", name=name), by=self.erp)

    def customer_on_both(self, **body: Any) -> tuple[Body, Body]:
        """A new customer of the CRM, standing on both sides."""
        made = self.crm.create("customer", **{"name": f"Customer {uuid.uuid4().hex[:8]}", **body})
        return self.both("customer", made)


def new_tenant() -> str:
    """A tenant that nothing is known of."""
    return str(UUID(int=uuid.uuid4().int))
