"""Invoices, credit notes and what is owed over HTTP, on a real database."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.testing import brought, delivered
from crm.receivables import queries
from sqlalchemy.ext.asyncio import AsyncSession

from ..people.factories import employee
from .factories import (
    ON,
    ORDER_LINE,
    balance,
    customer,
    delivery,
    document,
    invoice,
    line,
    numbered,
    paid,
    payment,
    settlement,
)

pytestmark = pytest.mark.servers


async def numbers(api: httpx.AsyncClient, path: str, **parameters: Any) -> list[int]:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return [int(item["number"].rpartition("-")[2]) for item in answer.json()["items"]]


async def test_an_invoice_is_shown_with_its_lines(api: httpx.AsyncClient) -> None:
    invoice_id = await invoice(api, 1, await customer(api))
    shown = (await api.get(f"/v1/invoices/{invoice_id}")).json()
    assert (shown["number"], shown["total"], shown["open"], shown["state"]) == (
        "2026-000001",
        "100.00",
        "100.00",
        "open",
    )
    assert shown["lines"] == [line("100")]
    assert shown["taxes"] == document(1, "100")["taxes"]
    assert shown["overdue_days"] > 0


async def test_a_settlement_changes_and_the_rest_stays(api: httpx.AsyncClient) -> None:
    invoice_id = await invoice(api, 1, await customer(api))
    await delivered(api, "invoice", delivery(numbered(1), rev=2, settlement=settlement("100", "100")))
    shown = (await api.get(f"/v1/invoices/{invoice_id}")).json()
    assert (shown["state"], shown["open"], shown["overdue_days"], len(shown["lines"])) == ("paid", "0.00", 0, 1)


async def test_corrected_lines_replace_those_that_were_there(api: httpx.AsyncClient) -> None:
    invoice_id = await invoice(api, 1, await customer(api))
    await delivered(api, "invoice", delivery(numbered(1), rev=2, lines=[line("60"), line("40", None)]))
    shown = (await api.get(f"/v1/invoices/{invoice_id}")).json()
    assert [each["net"] for each in shown["lines"]] == ["60.00", "40.00"]


async def test_a_repeated_delivery_changes_nothing(api: httpx.AsyncClient) -> None:
    first = await invoice(api, 1, await customer(api))
    (again,) = await delivered(api, "invoice", delivery(numbered(1), settlement=settlement("100")))
    assert (again["outcome"], again["local_id"]) == ("already", first)


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/credit-notes", "/v1/receivables"])
async def test_documents_are_read_only_here(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.post(path, json={})).status_code == 405


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, [3, 2, 1]),
        ({"number": "2026-000002"}, [2]),
        ({"state": "paid"}, [2]),
        ({"overdue": "true", "on": ON}, [1]),
        ({"overdue": "false", "on": ON}, [3, 2]),
        ({"overdue": "true", "on": "2026-01-31"}, []),
        ({"order_line_id": str(ORDER_LINE), "sort": "number"}, [1, 2, 3]),
        ({"order_line_id": str(numbered(9))}, []),
        ({"currency": "USD"}, []),
        ({"issued_from": "2026-02-01", "issued_until": "2026-02-28"}, [2]),
        ({"sort": "-open,number"}, [1, 3, 2]),
        ({"updated_since": "2999-01-01T00:00:00Z"}, []),
    ],
)
async def test_invoices_are_narrowed(api: httpx.AsyncClient, parameters: dict[str, str], found: list[int]) -> None:
    alfreds = await customer(api)
    await invoice(api, 1, alfreds)
    await invoice(api, 2, alfreds, "100", "100", issued_on="2026-02-01", due_on="2026-03-01")
    await invoice(api, 3, alfreds, issued_on="2026-06-15", due_on="2026-07-15")
    assert await numbers(api, "/v1/invoices", **parameters) == found
    assert await numbers(api, "/v1/invoices", **parameters, customer_id=str(numbered(9))) == []


async def test_invoices_are_exported_with_the_filters_of_the_list(api: httpx.AsyncClient) -> None:
    alfreds = await customer(api)
    await invoice(api, 1, alfreds)
    await invoice(api, 2, alfreds, issued_on="2026-06-15", due_on="2026-07-15")
    answer = await api.get("/v1/invoices:export", params={"format": "jsonl", "overdue": "true", "on": ON})
    (exported,) = [json.loads(each) for each in answer.text.splitlines()]
    assert (exported["number"], exported["lines"]) == ("2026-000001", [line("100")])


async def test_a_credit_note_names_its_invoice(api: httpx.AsyncClient) -> None:
    alfreds = await customer(api)
    invoice_id = await invoice(api, 1, alfreds)
    groups: dict[str, Any] = {"customer": alfreds, "invoice": invoice_id, "document": document(7, "50", due_on=None)}
    note = await brought(api, "credit_note", delivery(numbered(7), **groups, lines=[line("50", quantity="1")]))
    shown = (await api.get(f"/v1/credit-notes/{note}")).json()
    assert (shown["invoice_id"], shown["total"], len(shown["lines"])) == (invoice_id, "50.00", 1)
    assert await numbers(api, "/v1/credit-notes", invoice_id=invoice_id) == [7]
    assert await numbers(api, "/v1/credit-notes", invoice_id=str(numbered(9))) == []


async def test_what_was_billed_and_credited_of_an_order_line_is_found(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    alfreds = await customer(api)
    first, second = await invoice(api, 1, alfreds), await invoice(api, 2, alfreds, issued_on="2026-02-01")
    groups: dict[str, Any] = {"customer": alfreds, "invoice": first, "document": document(7, "50")}
    await brought(api, "credit_note", delivery(numbered(7), **groups, lines=[line("50", quantity="1")]))
    billed = await queries.billed(session, [ORDER_LINE, numbered(99)])
    assert [(each.order_line_id, each.quantity, each.invoice.id) for each in billed] == [
        (ORDER_LINE, Decimal(2), UUID(first)),
        (ORDER_LINE, Decimal(2), UUID(second)),
    ]
    assert [each.quantity for each in await queries.credited(session, [ORDER_LINE])] == [1]
    assert await queries.billed(session, []) == []


async def test_an_account_shows_what_is_owed_by_age_and_what_is_left_of_the_credit(api: httpx.AsyncClient) -> None:
    alfreds = await customer(api)
    for number, due_on in enumerate(("2026-07-01", "2026-06-30", "2026-06-29", "2026-05-31", "2026-05-01"), 1):
        await invoice(api, number, alfreds, due_on=due_on)
    await invoice(api, 6, alfreds, "100", "60", due_on="2026-03-31")
    await invoice(api, 7, alfreds, "100", "100", due_on="2026-03-31")
    await balance(api, 8, alfreds, open="540", on_order="60", credit_limit="1000", credit_left="400")
    answer = await api.get(f"/v1/customers/{alfreds}/receivables", params={"on": ON})
    (owed,) = answer.json()["currencies"]
    assert owed["ages"] == {
        "not_due": "200.00",
        "days_1_30": "200.00",
        "days_31_60": "100.00",
        "days_61_90": "0.00",
        "over_90_days": "40.00",
    }
    assert (owed["open"], owed["overdue"], owed["oldest_due_on"]) == ("540.00", "340.00", "2026-03-31")
    said = owed["balance"]
    assert (said["open"], said["on_order"], said["credit_limit"], said["credit_left"]) == (
        "540.00", "60.00", "1000.00", "400.00",
    )  # fmt: skip
    due = [(item["number"][-1], item["overdue_days"]) for item in answer.json()["open_invoices"]]
    assert due == [("6", 91), ("5", 60), ("4", 30), ("3", 1), ("2", 0), ("1", 0)]


async def test_an_account_tells_currencies_apart_and_counts_payments_that_settle_nothing(
    api: httpx.AsyncClient,
) -> None:
    alfreds = await customer(api)
    await invoice(api, 1, alfreds, currency="USD")
    await api.post("/v1/payments", json=payment(alfreds, amount="40", reference=None))
    await api.post("/v1/payments", json=payment(alfreds, amount="15", reference=None, direction="out"))
    waits = {"allocated": "100", "unallocated": "19", "invoices": []}
    booked: dict[str, Any] = {"state": "booked", "payment": paid(), "customer": alfreds, "allocation": waits}
    await brought(api, "payment", delivery(numbered(2), **booked))
    await brought(api, "payment", delivery(numbered(3), **{**booked, "state": "reversed"}))
    shown = (await api.get(f"/v1/customers/{alfreds}/receivables")).json()
    sums = {each["currency"]: (each["open"], each["entered"], each["unallocated"]) for each in shown["currencies"]}
    assert sums == {"EUR": ("0.00", "25.00", "19.00"), "USD": ("100.00", "0.00", "0.00")}
    assert len(shown["payments"]) == 4


async def test_the_account_of_nobody_is_not_found(api: httpx.AsyncClient) -> None:
    assert (await api.get(f"/v1/customers/{numbered(9)}/receivables")).status_code == 404


async def accounts(api: httpx.AsyncClient, **parameters: str) -> list[tuple[str, str, str]]:
    found, address = [], f"/v1/receivables?{httpx.QueryParams({'on': ON, **parameters})}"
    while address:
        page = (await api.get(address)).json()
        found += [(item["customer"], item["currency"], item["overdue"]) for item in page["items"]]
        address = page["next"]
    return found


ALFREDS, HORN, HORN_USD, CREDITOR = (
    ("Alfreds", "EUR", "100.00"),
    ("Horn", "EUR", "0.00"),
    ("Horn", "USD", "300.00"),
    ("Creditor", "EUR", "0.00"),
)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"sort": "-overdue,-customer"}, [HORN_USD, ALFREDS, HORN, CREDITOR]),
        ({"sort": "-overdue,-customer", "limit": "1"}, [HORN_USD, ALFREDS, HORN, CREDITOR]),
        ({"limit": "1", "sort": "customer,currency"}, [ALFREDS, CREDITOR, HORN, HORN_USD]),
        ({"limit": "2", "sort": "balance,-overdue"}, [CREDITOR, ALFREDS, HORN_USD, HORN]),
        ({"currency": "USD"}, [HORN_USD]),
        ({"overdue": "true", "sort": "oldest_due_on"}, [ALFREDS, HORN_USD]),
        ({"owner_id": "me"}, [HORN_USD, HORN]),
        ({"segment": "vip"}, []),
    ],
)
async def test_all_accounts_are_listed_by_age(
    api: httpx.AsyncClient, parameters: dict[str, str], found: list[tuple[str, str, str]]
) -> None:
    alfreds = await customer(api)
    await employee(api, "Anna", subject="anna")  # Who calls owns what follows, unless it says otherwise.
    horn = await customer(api, "Horn")
    creditor, even = await customer(api, "Creditor", owner_id=None), await customer(api, "Even")
    await invoice(api, 1, alfreds)
    await invoice(api, 2, horn, due_on="2026-12-31")
    await invoice(api, 3, horn, "300", currency="USD", due_on="2026-05-31")
    await balance(api, 4, alfreds)
    await balance(api, 5, creditor, open="-30", credit_left="530")
    await balance(api, 6, even, open="0")
    assert await accounts(api, **parameters) == found


async def test_accounts_are_those_of_the_tenant(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    alfreds = await customer(api)
    invoice_id = await invoice(api, 1, alfreds)
    assert (await stranger.get("/v1/receivables")).json()["items"] == []
    assert (await stranger.get(f"/v1/invoices/{invoice_id}")).status_code == 404
    assert (await stranger.get(f"/v1/customers/{alfreds}/receivables")).status_code == 404


async def test_an_account_is_open_to_those_who_may_see_invoices_and_payments(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    address = f"/v1/customers/{await customer(api)}/receivables"
    async with with_scopes("invoices:read") as reader:
        assert (await reader.get(address)).json()["missing"] == "payments:read"
