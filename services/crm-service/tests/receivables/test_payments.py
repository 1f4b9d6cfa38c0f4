"""Payments that sales registers, and what comes back of them, on a real database."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.testing import brought, delivered

from .factories import CANONICAL, customer, delivery, numbered, paid, payment

pytestmark = pytest.mark.servers
PATH = "/v1/payments"
ANY = {"If-Match": "*"}


async def registered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json=payment(None, **values))
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def linked(api: httpx.AsyncClient, shown: dict[str, Any], **groups: Any) -> None:
    """The ERP has heard of the payment, and says these values of it."""
    item = delivery(seen_seq=shown["version"], **{"state": "booked", **groups})
    (outcome,) = await delivered(api, "payment", {**item, "local_id": shown["id"]})
    assert outcome["outcome"] == "applied", outcome


async def test_a_payment_is_registered_and_waits_to_be_booked(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=payment(await customer(api), note="2026-000001"))
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    found = (await api.get(answer.headers["Location"])).json()
    assert found == answer.json()
    assert (found["state"], found["amount"], found["direction"], found["allocation"]) == (
        "entered",
        "119.00",
        "in",
        None,
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "1.5", "currency": "JPY"}, "amount"),
        ({"direction": "sideways"}, "direction"),
        ({"state": "booked"}, "state"),
    ],
)
async def test_a_payment_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, wrong: dict[str, str], field: str
) -> None:
    refused = await api.post(PATH, json=payment(None, **wrong))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


async def test_a_payment_of_a_customer_that_is_not_here_is_refused(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json=payment(str(CANONICAL)))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")


async def test_the_same_reference_is_the_same_payment(api: httpx.AsyncClient) -> None:
    shown = await registered(api)
    refused = await api.post(PATH, json=payment(None, reference="bank4711", amount="5"))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/payment-registered-already")
    assert (refused.json()["id"], refused.json()["state"]) == (shown["id"], "entered")
    await registered(api, currency="USD")
    await registered(api, direction="out")
    assert (await registered(api, reference=None))["id"] != (await registered(api, reference=None))["id"]


async def test_the_same_key_registers_one_payment(api: httpx.AsyncClient) -> None:
    body = payment(None, reference=None)
    first, again = [await api.post(PATH, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert first.json() == again.json()
    assert len((await api.get(PATH)).json()["items"]) == 1


async def test_a_payment_may_become_nobodys_again(api: httpx.AsyncClient) -> None:
    made = await api.post(PATH, json=payment(await customer(api)))
    changed = await api.patch(made.headers["Location"], json={"customer_id": None}, headers=ANY)
    assert (changed.status_code, changed.json()["customer_id"]) == (200, None), changed.text


async def test_a_payment_is_corrected_until_the_erp_knows_it(api: httpx.AsyncClient) -> None:
    shown = await registered(api)
    address = f"{PATH}/{shown['id']}"
    assert (await api.patch(address, json={"amount": "120.00"})).status_code == 428
    corrected = await api.patch(address, json={"amount": "120.00"}, headers=ANY)
    assert (corrected.status_code, corrected.json()["amount"], corrected.json()["version"]) == (200, "120.00", 2)
    await linked(api, corrected.json(), state="entered", note="noted")
    refused = await api.patch(address, json={"amount": "121"}, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/owned-elsewhere")
    assert refused.json()["fields"] == ["amount"]


async def test_a_correction_may_not_take_the_reference_of_another(api: httpx.AsyncClient) -> None:
    await registered(api)
    shown = await registered(api, reference="BANK 4712")
    refused = await api.patch(f"{PATH}/{shown['id']}", json={"reference": "BANK 4711"}, headers=ANY)
    assert refused.json()["type"] == "/problems/payment-registered-already"


async def test_what_is_only_entered_can_be_taken_back(api: httpx.AsyncClient) -> None:
    shown = await registered(api)
    answer = await api.post(f"{PATH}/{shown['id']}/reverse", json={"reason": "typed twice"})
    assert (answer.json()["state"], answer.json()["reason"]) == ("reversed", "typed twice")
    again = await api.post(f"{PATH}/{shown['id']}/reverse", json={"reason": "typed twice"})
    assert (again.status_code, again.json()["state"], again.json()["allowed"]) == (409, "reversed", [])
    changed = await api.patch(f"{PATH}/{shown['id']}", json={"note": "x"}, headers=ANY)
    assert (changed.status_code, changed.json()["type"]) == (409, "/problems/payment-settled")


async def test_a_booked_payment_shows_what_it_settles_and_is_reversed_elsewhere(api: httpx.AsyncClient) -> None:
    shown = await registered(api)
    settles = {
        "allocated": "119.00",
        "unallocated": "0.00",
        "invoices": [{"invoice": "2026-000001", "amount": "119.00"}],
    }
    await linked(api, shown, allocation=settles)
    found = (await api.get(f"{PATH}/{shown['id']}")).json()
    assert (found["state"], found["allocation"]) == ("booked", settles)
    refused = await api.post(f"{PATH}/{shown['id']}/reverse", json={"reason": "bounced"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/payment-not-reversible")


async def test_a_payment_that_the_bank_told_the_erp_is_here_too(api: httpx.AsyncClient) -> None:
    local_id = await brought(api, "payment", delivery(state="booked", payment=paid(), reference="BANK 4711"))
    refused = await api.post(PATH, json=payment(None))
    assert (refused.json()["id"], refused.json()["state"]) == (local_id, "booked")


async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient) -> None:
    await registered(api)
    same = delivery(state="booked", payment=paid(), reference="bank 4711")
    other = delivery(numbered(1), state="booked", payment=paid(currency="USD"), reference="BANK 4711")
    first, second = await delivered(api, "payment", same, other)
    assert (first["outcome"], second["outcome"]) == ("skipped", "applied")


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["BANK 4712", "BANK 4711"]),
        ({"reference": "bank4711"}, ["BANK 4711"]),
        ({"state": "booked"}, ["BANK 4712"]),
        ({"direction": "out"}, ["BANK 4712"]),
        ({"currency": "USD"}, []),
        ({"received_from": "2026-06-02"}, ["BANK 4712"]),
        ({"received_until": "2026-06-01"}, ["BANK 4711"]),
        ({"sort": "amount"}, ["BANK 4712", "BANK 4711"]),
    ],
)
async def test_a_list_is_narrowed(api: httpx.AsyncClient, parameters: dict[str, str], found: list[str]) -> None:
    await registered(api)
    groups: dict[str, Any] = {
        "payment": paid(amount="5", direction="out", received_on="2026-06-02"),
        "reference": "BANK 4712",
    }
    await brought(api, "payment", delivery(state="booked", **groups))
    answer = await api.get(PATH, params=parameters)
    assert [item["reference"] for item in answer.json()["items"]] == found


async def test_another_tenant_has_references_of_its_own(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    shown = await registered(api)
    assert (await stranger.get(f"{PATH}/{shown['id']}")).status_code == 404
    assert (await stranger.post(PATH, json=payment(None))).status_code == 201


async def test_who_may_only_read_registers_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("payments:read") as reader:
        assert (await reader.get(PATH)).status_code == 200
        assert (await reader.post(PATH, json=payment(None))).json()["missing"] == "payments:write"
