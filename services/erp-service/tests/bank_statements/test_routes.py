"""Bank statements over HTTP: what is sure is booked, the rest waits for a person, and nothing happens twice."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from ..payments.factories import IBAN, a_customer, a_payment, an_invoice
from .factories import THEIR_IBAN, camt, csv, entry

pytestmark = pytest.mark.servers
PATH = "/v1/bank-statements"
XML = {"Content-Type": "application/xml"}


@pytest.fixture
async def bank(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/bank-accounts", json={"name": "House bank", "iban": IBAN, "currency": "EUR"})
    return str(answer.json()["id"])


async def imported(api: httpx.AsyncClient, content: bytes, status: int = 201) -> dict[str, Any]:
    answer = await api.post(PATH, content=content, headers=XML)
    assert answer.status_code == status, answer.text
    (statement,) = answer.json()["items"]
    found: dict[str, Any] = statement
    return found


async def decide(api: httpx.AsyncClient, line: dict[str, Any], how: str, body: dict[str, Any] | None = None) -> Any:
    address = f"{PATH}/{line['statement_id']}/lines/{line['id']}/{how}"
    return await api.post(address, json=body)


async def payment(api: httpx.AsyncClient, line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/payments/{line['payment_id']}")).json()
    return found


async def owing(session: AsyncSession, *totals: str, name: str = "Alfreds Futterkiste") -> tuple[UUID, list[str]]:
    """A customer, and the numbers of its open invoices."""
    customer_id = await a_customer(session, name)
    numbers = [(await an_invoice(session, customer_id, total)).number for total in totals]
    await session.commit()
    return customer_id, numbers


async def test_a_line_that_names_an_invoice_becomes_its_payment(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    customer_id, (number,) = await owing(session, "119")
    (line,) = (await imported(api, camt(entry(text=f"Invoice {number}", reference="E2E-1"))))["lines"]
    assert (line["state"], line["proposal"]["why"]) == ("matched", "number")
    shown = await payment(api, line)
    assert (shown["customer_id"], shown["bank_account_id"]) == (str(customer_id), bank)
    assert (shown["reference"], shown["received_on"], shown["allocated"]) == ("E2E-1", "2026-11-02", "119.00")


async def test_the_same_statement_again_changes_nothing(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    _, (number,) = await owing(session, "500")
    first = await imported(api, camt(entry(text=number), entry(text="rent"), entry(text="rent")))
    assert await imported(api, camt(entry(text=number), entry(text="rent"), entry(text="rent")), 200) == first
    assert len((await api.get("/v1/payments")).json()["items"]) == 1
    more = await imported(api, camt(entry(text="rent"), entry(text="late"), identifier="STMT-2"))
    assert [line["remittance"] for line in more["lines"]] == ["late"]


async def test_a_payment_that_is_known_is_recognised_and_not_doubled(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    customer_id, _ = await owing(session, "119")
    known = await a_payment(session, customer_id, reference="E2E-1")
    await session.commit()
    (line,) = (await imported(api, camt(entry(reference="e2e-1"))))["lines"]
    assert (line["state"], line["payment_id"]) == ("matched", str(known.id))


async def test_a_reference_that_a_payer_uses_again_makes_another_payment(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    _, numbers = await owing(session, "119", "119")
    entries = [entry(text=number, reference="RENT", bank=f"B-{number}") for number in numbers]
    lines = (await imported(api, camt(*entries)))["lines"]
    assert [line["state"] for line in lines] == ["matched", "matched"]
    assert [(await payment(api, line))["reference"] for line in lines] == ["RENT", f"B-{numbers[1]}"]


async def test_a_name_with_exactly_what_is_open_is_sure_and_then_its_account_is_known(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    await owing(session, "119", "50")
    lines = (await imported(api, camt(entry(), entry("50.00", name="A. Futterkiste", bank="B-2"))))["lines"]
    assert [(line["state"], line["proposal"]["why"]) for line in lines] == [
        ("matched", "name"),
        ("proposed", "nothing"),
    ]
    later = (await imported(api, camt(entry("50.00", name="A. F.", bank="B-3"), identifier="STMT-2")))["lines"]
    assert (later[0]["state"], later[0]["proposal"]["why"]) == ("matched", "iban")


async def test_what_is_unsure_waits_and_is_accepted_as_proposed(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    customer_id, _ = await owing(session, "119")
    statement = await imported(api, camt(entry("70.00"), entry("5.00", name="Somebody", iban="", bank="B-2")))
    known, unknown = statement["lines"]
    assert (known["state"], known["proposal"]["customer_id"]) == ("proposed", str(customer_id))
    assert [item["id"] for item in (await api.get(PATH, params={"undecided": "true"})).json()["items"]] == [
        statement["id"]
    ]
    accepted = (await decide(api, known, "accept")).json()
    assert (accepted["state"], accepted["decided_by"]) == ("accepted", "anna")
    assert (await payment(api, accepted))["unallocated"] == "70.00"
    nobodys = await payment(api, (await decide(api, unknown, "accept")).json())
    assert (nobodys["customer_id"], nobodys["reference"]) == (None, "B-2")
    again = await decide(api, known, "accept")
    assert (again.status_code, again.json()["state"], again.json()["allowed"]) == (409, "accepted", [])
    assert (await api.get(PATH, params={"undecided": "true"})).json()["items"] == []


async def test_a_line_is_assigned_to_a_customer_and_settles_by_hand_or_by_rule(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    customer_id, numbers = await owing(session, "100", "100")
    first, second = (await imported(api, camt(entry(name="B", iban=""), entry("30.00", name="C", iban=""))))["lines"]
    by_hand = {"customer_id": str(customer_id), "allocations": [{"invoice": numbers[1], "amount": "90"}]}
    shown = await payment(api, (await decide(api, first, "assign", by_hand)).json())
    assert (shown["allocated"], shown["unallocated"]) == ("90.00", "29.00")
    by_rule = {"customer_id": str(customer_id), "allocate": "oldest"}
    shown = await payment(api, (await decide(api, second, "assign", by_rule)).json())
    assert [each["invoice_number"] for each in shown["allocations"]] == [numbers[0]]


async def test_a_line_is_assigned_to_a_payment_that_says_the_same(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    customer_id, _ = await owing(session, "119")
    same, other = await a_payment(session, customer_id), await a_payment(session, customer_id, "1")
    await session.commit()
    first, second = (await imported(api, camt(entry(name="B", iban=""), entry(name="C", iban=""))))["lines"]
    refused = await decide(api, first, "assign", {"payment_id": str(other.id)})
    assert refused.json()["detail"] == "The line is 119 EUR in; the payment is 1 EUR in."
    assert (await decide(api, first, "assign", {"payment_id": str(same.id)})).json()["state"] == "accepted"
    taken = await decide(api, second, "assign", {"payment_id": str(same.id)})
    assert taken.json()["type"] == "/problems/statement-line-taken"


async def test_a_line_is_ignored_until_somebody_knows_better(api: httpx.AsyncClient, bank: str) -> None:
    (fee,) = (await imported(api, camt(entry("5.00", indicator="DBIT", name="House bank", iban=""))))["lines"]
    assert (fee["direction"], fee["state"]) == ("out", "proposed")
    ignored = (await decide(api, fee, "ignore", {"reason": "fee"})).json()
    assert (ignored["state"], ignored["reason"]) == ("ignored", "fee")
    assert (await decide(api, fee, "accept")).json()["state"] == "accepted"


async def test_a_line_that_a_rule_forbids_to_book_waits_with_the_reason(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    _, (number,) = await owing(session, "119")
    await api.post("/v1/periods/2026-11/close")
    statement = await imported(api, camt(entry(text=number), entry("5.00", text="later")))
    assert [line["state"] for line in statement["lines"]] == ["proposed", "proposed"]
    assert statement["lines"][0]["reason"].startswith("The month is closed")
    await api.post("/v1/periods/2026-11/reopen")
    assert (await decide(api, statement["lines"][0], "accept")).json()["state"] == "accepted"


async def test_a_statement_that_is_not_ours_or_cannot_be_read_is_refused(api: httpx.AsyncClient, bank: str) -> None:
    for content, status, code in (
        (camt(entry(), iban=THEIR_IBAN), 409, "not-our-account"),
        (camt(entry(currency="USD")), 409, "statement-currency"),
        (camt(entry(currency="XXX")), 422, "bank-statement-unreadable"),
        (b"<Document", 422, "bank-statement-unreadable"),
    ):
        answer = await api.post(PATH, content=content, headers=XML)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    unknown = await api.post(PATH, content=b"{}", headers={"Content-Type": "application/json"})
    assert unknown.json()["errors"][0]["field"] == "Content-Type"
    assert (await api.get(PATH)).json()["items"] == []


async def test_a_csv_is_read_by_its_columns_for_the_account_that_is_named(
    api: httpx.AsyncClient, session: AsyncSession, bank: str
) -> None:
    _, (number,) = await owing(session, "1190")
    header = "Tag;Betrag;Zweck"
    content = csv([f"02.11.2026;1.190,00;Rechnung {number}", "02.11.2026;-5,00;Fee"], header)
    layout = {
        "bank_account_id": bank,
        "columns": "Tag=booked_on,Betrag=amount,Zweck=remittance",
        "date_format": "%d.%m.%Y",
        "decimal": ",",
    }
    kind = {"Content-Type": "text/csv; charset=utf-8"}
    answer = await api.post(PATH, content=content, params=layout, headers=kind)
    (statement,) = answer.json()["items"]
    assert [(line["state"], line["amount"]) for line in statement["lines"]] == [
        ("matched", "1190.00"),
        ("proposed", "5.00"),
    ]
    again = await api.post(PATH, content=content, params=layout, headers=kind)
    assert (again.status_code, again.json()["new_lines"]) == (200, 0)
    unnamed = await api.post(PATH, content=content, headers=kind)
    assert unnamed.json()["errors"][0]["field"] == "bank_account_id"


async def test_another_tenant_sees_no_statement(api: httpx.AsyncClient, stranger: httpx.AsyncClient, bank: str) -> None:
    statement = await imported(api, camt(entry()))
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.get(f"{PATH}/{statement['id']}")).status_code == 404
    assert (await decide(stranger, statement["lines"][0], "accept")).status_code == 404
    assert (await stranger.post(PATH, content=camt(entry()), headers=XML)).status_code == 409


async def test_who_may_only_read_takes_nothing_in(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("payments:read") as reader:
        assert (await reader.get(PATH)).status_code == 200
        assert (await reader.post(PATH, content=camt(entry()), headers=XML)).status_code == 403
