"""Payments that sales brings in from files."""

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT
from crm.wiring import IMPORTS
from importing import Import
from importing.run import RowResult
from importing.spreadsheet import Row

pytestmark = pytest.mark.servers
CELLS = {"amount": "119.00", "currency": "EUR", "received_on": "2026-11-02", "reference": "BANK-1"}


async def imported(sessions: Sessions, **cells: str) -> RowResult:
    run = Import("payments", IMPORTS["payments"], "shop", TENANT, "import:payments.csv")
    (result,) = await run.run(sessions, [Row(2, "1", {**CELLS, **cells})])
    return result


async def test_a_payment_from_a_file_is_registered_once_for_the_customer_of_another_file(
    sessions: Sessions, api: httpx.AsyncClient
) -> None:
    firms = Import("customers", IMPORTS["customers"], "shop", TENANT, "import:customers.csv")
    (made,) = await firms.run(sessions, [Row(2, "ALFKI", {"name": "Alfreds"})])
    assert [(await imported(sessions, customer_id="ALFKI")).outcome for _ in range(2)] == ["created", "unchanged"]
    [shown] = (await api.get("/v1/payments")).json()["items"]
    assert (shown["customer_id"], shown["amount"], shown["state"]) == (str(made.id), "119.00", "entered")


async def test_a_payment_may_be_nobodys_and_be_corrected_until_the_erp_has_it(
    sessions: Sessions, api: httpx.AsyncClient
) -> None:
    assert (await imported(sessions, customer_id="")).outcome == "created"
    assert (await imported(sessions, customer_id="", amount="120")).outcome == "updated"
    [shown] = (await api.get("/v1/payments")).json()["items"]
    assert (shown["customer_id"], shown["amount"]) == (None, "120.00")


async def test_a_payment_of_a_customer_that_is_not_there_is_rejected(sessions: Sessions) -> None:
    result = await imported(sessions, customer_id="NOONE")
    assert result.outcome == "rejected"
    assert "Nothing with the key NOONE was imported into customers from shop" in result.reason
