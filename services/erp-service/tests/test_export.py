"""`:export` of every declared record: what is exported is imported again without change."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT
from erp.wiring import IMPORTS
from importing import Import, spreadsheet

pytestmark = pytest.mark.servers
DECLARED = [name for name, target in IMPORTS.items() if target.record is not None]


async def entered(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def one_of_each(api: httpx.AsyncClient) -> None:
    """A record of each kind, with the parts and lists that it can have."""
    terms = {"days": 30, "discount_percent": "2", "discount_days": 10}
    credit = {"limit": "5000.50", "currency": "EUR", "blocked": True}
    customer = {"name": "@Alfreds", "phone": "+49 30 1", "payment_terms": terms, "credit": credit, "tags": ["tea"]}
    customer_id = await entered(api, "/v1/customers", customer)
    await entered(api, "/v1/contacts", {"name": "Maria", "customer_id": customer_id, "phone": "+49 30 2"})
    units = {"unit": "box", "conversions": [{"unit": "case", "factor": "12"}]}
    price = {"amount": "18.125", "currency": "EUR"}
    dimensions = {"weight_kg": "0.25"}
    chai = {"name": "Chai", "description": "-", "units": units, "list_price": price, "dimensions": dimensions}
    product_id = await entered(api, "/v1/products", {**chai, "sku": "0010"})
    kit = {"name": "Kit", "product_kind": "kit", "components": [{"product_id": product_id, "quantity": "2"}]}
    await entered(api, "/v1/products", kit)
    price_list = {"name": "Retail", "currency": "EUR", "customer_id": customer_id, "valid_from": "2026-01-01"}
    price_list_id = await entered(api, "/v1/price-lists", price_list)
    listed = {"price_list_id": price_list_id, "product_id": product_id, "min_quantity": "10", "amount": "16.5"}
    await entered(api, "/v1/prices", listed)
    await entered(api, "/v1/tax-rates", {"country": "DE", "tax_class": "standard", "rate": "0.19"})
    await entered(api, "/v1/warehouses", {"name": "=Bremen"})
    await entered(api, "/v1/bank-accounts", {"name": "Giro", "iban": "DE89 3704 0044 0532 0130 00"})
    anna = {"name": "Anna Berg", "email": "anna@example.com", "language": "de", "subject": "anna"}
    anna_id = await entered(api, "/v1/employees", anna)
    employed = {"entered_on": "2020-05-01", "working_time": {"monday": "7.5"}, "manager_id": anna_id}
    ben_id = await entered(api, "/v1/employees", {"name": "-Ben", "phone": "+49 30 3", **employed})
    await entered(api, "/v1/teams", {"name": "North", "lead_id": anna_id, "member_ids": [anna_id, ben_id]})
    call = {"channel": "call_out", "subject": "=Reminder", "minutes": 5, "employee_ids": [anna_id, ben_id]}
    await entered(api, "/v1/interactions", {**call, "started_at": "2026-11-27T09:30:00Z", "customer_id": customer_id})
    checks = [{"text": "Price", "done": True}, {"text": "Terms"}]
    await entered(api, "/v1/tasks", {"subject": "Call", "assignee_id": anna_id, "checks": checks, "notes": "a\nb"})


@pytest.mark.parametrize("target", DECLARED)
async def test_what_is_exported_is_imported_without_change(
    api: httpx.AsyncClient, sessions: Sessions, tmp_path: Path, target: str
) -> None:
    await one_of_each(api)
    record = IMPORTS[target].record
    assert record is not None
    before = (await api.get(record.path)).json()["items"]
    file = tmp_path / "export.csv"
    file.write_bytes((await api.get(f"{record.path}:export")).content)
    rows = spreadsheet.read(file, None, "id", IMPORTS[target].shape)
    results = await Import(target, IMPORTS[target], "export", TENANT, "import:export.csv").run(sessions, rows)
    assert [(result.outcome, result.reason) for result in results] == [("unchanged", "")] * len(before)
    assert (await api.get(record.path)).json()["items"] == before != []
