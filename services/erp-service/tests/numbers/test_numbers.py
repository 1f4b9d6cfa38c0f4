"""Series of numbers: declared over HTTP, without gaps at once and after rollbacks, and the same before and after."""

import asyncio
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import httpx
import numbering
import pytest
from alembic import command
from chassis import clock
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.migrations import migrate
from chassis.migrations.version import script_config
from chassis.testing import caller
from erp.finance.invoicing.rules import INVOICE_NUMBERS
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders.rules import NUMBERS as ORDER_NUMBERS
from erp.wiring import SERVICE
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession
from stack.provision import provision

pytestmark = pytest.mark.servers
DAY = date(2026, 11, 28)
PATH = "/v1/number-series"


@pytest.fixture
async def numbers(sessions: Sessions) -> httpx.AsyncClient:
    return caller(SERVICE, sessions, "numbers:read numbers:write")


async def test_every_series_is_listed_with_its_next_number(numbers: httpx.AsyncClient) -> None:
    found = (await numbers.get(PATH)).json()["items"]
    assert [each["name"] for each in found] == [
        "customer", "product", "order", "shipment", "return", "invoice", "credit_note",
    ]  # fmt: skip
    first = {each["name"]: each["next_number"] for each in found}
    assert (first["customer"], first["order"]) == ("C-000001", "O-000001")
    assert first["invoice"] == f"INV-{clock.today().year}-000001"


async def test_numbers_follow_the_format_that_is_declared(numbers: httpx.AsyncClient, session: AsyncSession) -> None:
    assert await numbering.take(session, INVOICE_NUMBERS, DAY) == "INV-2026-000001"
    await session.commit()
    wanted = {"prefix": "RE-", "digits": 4, "per_year": True}
    declared = await numbers.put(f"{PATH}/invoice", json=wanted)
    assert (declared.status_code, declared.headers["ETag"], declared.json()["version"]) == (200, '"1"', 1)
    assert [await numbering.take(session, INVOICE_NUMBERS, DAY) for _ in range(2)] == ["RE-2026-0001", "RE-2026-0002"]
    assert await numbering.take(session, INVOICE_NUMBERS, date(2027, 1, 1)) == "RE-2027-0001"
    await session.commit()
    assert (await numbers.put(f"{PATH}/invoice", json=wanted)).status_code == 428
    back = {"prefix": "INV-", "digits": 6, "per_year": True}
    assert (await numbers.put(f"{PATH}/invoice", json=back, headers={"If-Match": '"1"'})).status_code == 200
    assert await numbering.take(session, INVOICE_NUMBERS, DAY) == "INV-2026-000002", "no number is given twice"


async def test_numbers_that_the_database_gives_follow_the_format_too(
    numbers: httpx.AsyncClient, session: AsyncSession
) -> None:
    body = {"prefix": "K", "digits": 5, "per_year": False, "next_value": 10_001}
    assert (await numbers.put(f"{PATH}/customer", json=body)).json()["next_number"] == "K10001"
    made = await writes.create(session, CUSTOMERS, CustomerBody(name="Ana Trujillo"), "anna")
    assert made.number == "K10001"
    yearly = await numbers.put(f"{PATH}/customer", json={**body, "per_year": True}, headers={"If-Match": "*"})
    assert (yearly.status_code, yearly.json()["type"]) == (409, "/problems/numbers-without-years")


async def test_a_series_without_gaps_begins_anywhere_and_jumps_nowhere(
    numbers: httpx.AsyncClient, session: AsyncSession
) -> None:
    body = {"prefix": "F", "digits": 5, "per_year": False, "next_value": 124}
    assert (await numbers.put(f"{PATH}/invoice", json=body)).status_code == 200
    assert await numbering.take(session, INVOICE_NUMBERS, DAY) == "F00124"
    await session.commit()
    jump = await numbers.put(f"{PATH}/invoice", json={**body, "next_value": 200}, headers={"If-Match": '"1"'})
    assert (jump.status_code, jump.json()["type"]) == (409, "/problems/numbers-given")
    assert "F00124" in jump.json()["detail"]


async def test_a_plain_series_jumps_up_and_never_down(numbers: httpx.AsyncClient, session: AsyncSession) -> None:
    await numbering.take(session, ORDER_NUMBERS, DAY)
    await session.commit()
    body = {"prefix": "O-", "digits": 6, "per_year": False}
    assert (await numbers.put(f"{PATH}/order", json={**body, "next_value": 4711})).status_code == 200
    assert await numbering.take(session, ORDER_NUMBERS, DAY) == "O-004711"
    await session.commit()
    down = await numbers.put(f"{PATH}/order", json={**body, "next_value": 4711}, headers={"If-Match": '"1"'})
    assert down.status_code == 409


@pytest.mark.parametrize(("prefix", "per_year"), [("S-", False), ("INV-2026-", False), ("CN-", True)])
async def test_two_series_never_look_alike(numbers: httpx.AsyncClient, prefix: str, per_year: bool) -> None:
    refused = await numbers.put(f"{PATH}/order", json={"prefix": prefix, "digits": 6, "per_year": per_year})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/prefix-taken")


@pytest.mark.parametrize("prefix", ["A1", "A/B", "ABCDEFGHIJKLM", "Ä-"])
async def test_a_prefix_that_makes_numbers_ambiguous_is_refused(numbers: httpx.AsyncClient, prefix: str) -> None:
    refused = await numbers.put(f"{PATH}/order", json={"prefix": prefix, "digits": 6, "per_year": False})
    assert refused.status_code == 422


async def test_a_series_that_is_not_there_is_not_found(numbers: httpx.AsyncClient) -> None:
    assert (await numbers.get(f"{PATH}/dream")).status_code == 404


async def test_no_number_is_lost_or_given_twice_at_once_and_by_rollbacks(address: str) -> None:
    engine = create_engine(address, SERVICE.name, "app", pool_size=8)
    sessions, tenant = session_factory(engine), uuid4()

    async def attempt(lost: bool) -> str | None:
        async with transaction(sessions, tenant) as session:
            number = await numbering.take(session, INVOICE_NUMBERS, DAY)
            if lost:
                await session.rollback()
                return None
            return number

    given = await asyncio.gather(*(attempt(lost=each % 3 == 0) for each in range(30)))
    await engine.dispose()
    assert sorted(number for number in given if number) == [f"INV-2026-{n:06}" for n in range(1, 21)]


async def test_numbers_go_on_where_the_version_before_left_them(postgres: str) -> None:
    url = await asyncio.to_thread(provision, postgres, "erp", database="erp_numbers")
    await asyncio.to_thread(migrate, url, "erp", SERVICE.metadata, SERVICE.versions)
    config = script_config(SERVICE.versions)
    config.attributes.update(url=url, service="erp", metadata=SERVICE.metadata)
    await asyncio.to_thread(command.downgrade, config, "imports")
    tenant = uuid4()
    admin = await asyncpg.connect(postgres.replace("/postgres?", "/erp_numbers?", 1))
    for name, value in {"INV-2026": 830, "CN-2025": 7, "order": 829, "customer": 91}.items():
        await admin.execute("insert into counters values ($1, $2, $3)", tenant, name, value)
    await asyncio.to_thread(migrate, url, "erp", SERVICE.metadata, SERVICE.versions)
    await admin.execute("select set_config('app.tenant', $1, false)", str(tenant))
    before = await admin.fetchval("select next_number('INV-2026', 'INV-2026-')")
    await admin.close()
    assert before == "INV-2026-000831", "the version that still runs takes the same numbers"
    assert await taken(url, tenant) == ["INV-2026-000832", "O-000830", "C-000092"]


async def taken(url: str, tenant: UUID) -> list[str]:
    engine = create_engine(url, "erp", "app")
    async with transaction(session_factory(engine), tenant) as session:
        found = [await numbering.take(session, each, DAY) for each in (INVOICE_NUMBERS, ORDER_NUMBERS)]
        made = await writes.create(session, CUSTOMERS, CustomerBody(name="Chop-suey"), "anna")
        found.append(str(made.number))
    await engine.dispose()
    return found
