"""The ledger's REST interface on a real database."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import ALFREDS, AROUND, invoiced, paid

pytestmark = pytest.mark.servers
COMPANY = {"name": "Northwind Traders GmbH", "country": "DE", "currency": "EUR", "language": "de"}


async def accounts(api: httpx.AsyncClient) -> dict[str, str]:
    """The ids of the accounts by number."""
    items = (await api.get("/v1/accounts", params={"limit": 200})).json()["items"]
    return {item["number"]: item["id"] for item in items}


async def entry(api: httpx.AsyncClient, debit: str = "100", credit: str = "100", **values: Any) -> httpx.Response:
    known = await accounts(api)
    lines = [{"account_id": known["1000"], "debit": debit}, {"account_id": known["3000"], "credit": credit}]
    body = {"posted_on": "2026-11-22", "text": "Paid in", "currency": "EUR", "lines": lines, **values}
    return await api.post("/v1/journal-entries", json=body)


async def test_a_chart_of_accounts_is_there_from_the_beginning_and_can_be_added_to(api: httpx.AsyncClient) -> None:
    items = (await api.get("/v1/accounts")).json()["items"]
    assert [item["number"] for item in items] == sorted(item["number"] for item in items)
    assert {item["role"] for item in items} >= {"bank", "receivables", "inventory", "tax", "revenue", "cost_of_sales"}
    rent = {"number": "6000", "name": "Rent", "kind": "expense"}
    made = await api.post("/v1/accounts", json=rent)
    assert (made.status_code, made.json()["role"]) == (201, None)
    assert (await api.get(made.headers["Location"])).json()["name"] == "Rent"
    taken = await api.post("/v1/accounts", json=rent)
    assert (taken.status_code, taken.json()["id"]) == (409, made.json()["id"])


async def test_a_manual_entry_is_written_and_found(api: httpx.AsyncClient) -> None:
    made = await entry(api)
    assert made.status_code == 201, made.text
    assert [(each["debit"], each["credit"]) for each in made.json()["lines"]] == [
        ("100.00", "0.00"),
        ("0.00", "100.00"),
    ]
    assert (await api.get(made.headers["Location"])).json() == made.json()
    bank = (await accounts(api))["1000"]
    for parameters in ({"rule": "manual"}, {"account_id": bank}, {"since": "2026-11-22", "until": "2026-11-22"}):
        items = (await api.get("/v1/journal-entries", params=parameters)).json()["items"]
        assert [item["id"] for item in items] == [made.json()["id"]]
    assert (await api.get("/v1/journal-entries", params={"until": "2026-11-21"})).json()["items"] == []


async def test_entries_are_found_by_a_line_that_has_both_the_account_and_the_party(api: httpx.AsyncClient) -> None:
    known, party = await accounts(api), str(ALFREDS)
    lines = [
        {"account_id": known["1000"], "debit": "1"},
        {"account_id": known["3000"], "credit": "1", "party_id": party},
    ]
    made = (await entry(api, lines=lines)).json()
    for asked, found in (
        ({"party_id": party}, [made]),
        ({"account_id": known["3000"], "party_id": party}, [made]),
        ({"account_id": known["1000"], "party_id": party}, []),
    ):
        assert (await api.get("/v1/journal-entries", params=asked)).json()["items"] == found, asked
        exported = await api.get("/v1/journal-entries:export", params={**asked, "format": "jsonl"})
        assert [json.loads(line) for line in exported.text.splitlines()] == found, asked


async def test_an_entry_that_is_not_balanced_is_refused(api: httpx.AsyncClient) -> None:
    refused = await entry(api, "100", "99.99")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/entry-not-balanced")
    assert "Debit is 100, credit 99.99" in refused.json()["detail"]


async def test_an_entry_to_an_account_of_nobody_is_refused(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    theirs = (await accounts(stranger))["1000"]
    lines = [{"account_id": theirs, "debit": "1"}, {"account_id": theirs, "credit": "1"}]
    refused = await entry(api, lines=lines)
    assert (refused.status_code, refused.json()["account_id"]) == (409, theirs)


async def test_a_key_writes_one_entry(api: httpx.AsyncClient) -> None:
    known = await accounts(api)
    lines = [{"account_id": known["1000"], "debit": "1"}, {"account_id": known["3000"], "credit": "1"}]
    body = {"posted_on": "2026-11-22", "text": "x", "currency": "EUR", "lines": lines}
    sent = [await api.post("/v1/journal-entries", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert sent[0].json()["id"] == sent[1].json()["id"]


async def test_the_trial_balance_comes_to_the_same_on_both_sides(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await invoiced(session, "100.00", "19.00")
    await paid(session, "30.00")
    await session.commit()
    shown = (await api.get("/v1/trial-balance")).json()
    assert shown["sums"] == [{"currency": "EUR", "debit": "149.00", "credit": "149.00"}]
    balances = {each["role"]: each["balance"] for each in shown["accounts"]}
    assert balances == {"bank": "30.00", "receivables": "89.00", "tax": "-19.00", "revenue": "-100.00"}
    assert (await api.get("/v1/trial-balance", params={"until": "1996-01-01"})).json()["accounts"] == []


async def test_a_statement_shows_the_balance_after_each_line(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await invoiced(session, "100.00", "0.00", on=date(1996, 8, 1))
    await invoiced(session, "50.00", "0.00", on=date(1996, 7, 4))
    await invoiced(session, "7.00", "0.00", on=date(1996, 7, 4), customer=AROUND)
    await paid(session, "20.00", on=date(1996, 8, 2))
    await session.commit()
    address = f"/v1/accounts/{(await accounts(api))['1200']}/statement"
    items = (await api.get(address)).json()["items"]
    assert [item["balance"] for item in items] == ["50.00", "57.00", "157.00", "137.00"]
    asked = {"party_id": str(ALFREDS), "since": "1996-08-01"}
    items = (await api.get(address, params=asked)).json()["items"]
    assert [(item["debit"], item["credit"], item["balance"]) for item in items] == [
        ("100.00", "0.00", "150.00"),
        ("0.00", "20.00", "130.00"),
    ]
    first = (await api.get(address, params={"limit": 3})).json()
    rest = (await api.get(first["next"])).json()["items"]
    assert [item["balance"] for item in [*first["items"], *rest]] == ["50.00", "57.00", "157.00", "137.00"]


async def test_a_month_is_closed_and_opened_again(api: httpx.AsyncClient) -> None:
    await entry(api, posted_on="1996-07-04")
    closed = await api.post("/v1/periods/1996-07/close")
    assert (closed.json()["state"], closed.json()["entries"], closed.json()["actor"]) == ("closed", 1, "anna")
    refused = await entry(api, posted_on="1996-07-31")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/period-closed")
    assert refused.json()["month"] == "1996-07"
    assert "1996-07/reopen" in refused.json()["hint"]
    again = await api.post("/v1/periods/1996-07/close")
    assert (again.status_code, again.json()["state"], again.json()["allowed"]) == (409, "closed", ["reopen"])
    listed = {each["month"]: each["state"] for each in (await api.get("/v1/periods")).json()["items"]}
    assert listed["1996-07"] == "closed"
    assert len(listed) == 2
    assert (await api.post("/v1/periods/1996-07/reopen")).json()["state"] == "open"
    assert (await entry(api, posted_on="1996-07-31")).status_code == 201


async def test_a_month_of_the_first_century_is_closed_and_listed_like_any_other(api: httpx.AsyncClient) -> None:
    closed = await api.post("/v1/periods/0001-01/close")
    assert (closed.status_code, closed.json()["month"]) == (200, "0001-01")
    assert "0001-01" in {each["month"] for each in (await api.get("/v1/periods")).json()["items"]}


@pytest.mark.parametrize("month", ["1996-13", "1996-7", "july", "0000-01"])
async def test_a_month_is_written_in_one_way(api: httpx.AsyncClient, month: str) -> None:
    assert (await api.post(f"/v1/periods/{month}/close")).status_code == 422


async def test_the_company_is_written_by_who_has_seen_it(api: httpx.AsyncClient) -> None:
    unwritten = await api.get("/v1/company")
    assert (unwritten.json()["currency"], unwritten.headers["ETag"][:3]) == ("EUR", '"0-')
    assert (await api.put("/v1/company", json=COMPANY)).status_code == 428
    written = await api.put("/v1/company", json=COMPANY, headers={"If-Match": '"0"'})
    assert (written.status_code, written.headers["ETag"]) == (200, '"1"')
    assert (await api.put("/v1/company", json=COMPANY, headers={"If-Match": '"0"'})).status_code == 412
    await entry(api)
    other = await api.put("/v1/company", json={**COMPANY, "currency": "USD"}, headers={"If-Match": '"1"'})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/currency-fixed")


async def test_another_tenant_sees_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    made = await entry(api)
    assert (await stranger.get(made.headers["Location"])).status_code == 404
    assert (await stranger.get("/v1/journal-entries")).json()["items"] == []
    assert (await stranger.get("/v1/trial-balance")).json()["accounts"] == []


async def test_who_may_only_read_writes_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("ledger:read") as reader:
        assert (await reader.post("/v1/periods/1996-07/close")).status_code == 403
        assert (await reader.put("/v1/company", json=COMPANY)).status_code == 403
        assert (await reader.post("/v1/journal-entries", json={})).status_code == 403


async def test_posting_and_closing_take_scopes_of_their_own(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("ledger:read ledger:write ledger:post") as bookkeeper:
        refused = await bookkeeper.post("/v1/periods/1996-07/close")
        assert (refused.status_code, refused.json()["missing"]) == (403, "ledger:close")
    async with with_scopes("ledger:read ledger:write ledger:close") as controller:
        assert (await controller.post("/v1/periods/1996-07/close")).status_code == 200
        assert (await controller.post("/v1/journal-entries", json={})).json()["missing"] == "ledger:post"
