"""How long it is remembered which record came from which row."""

import asyncio
from datetime import timedelta

import pytest
from chassis import clock
from chassis.db import Sessions, transaction
from chassis.testing import TENANT
from crm.wiring import IMPORTS, SERVICE
from importing import IMPORT_KEYS, Import
from importing.run import ImportKey
from importing.spreadsheet import Row
from sqlalchemy import update

pytestmark = pytest.mark.servers
FIRMS = [Row(2, "ALFKI", {"name": "Alfreds"}), Row(3, "ANATR", {"name": "Ana Trujillo"})]


async def imported(sessions: Sessions, source: str, *rows: Row) -> list[str]:
    run = Import("customers", IMPORTS["customers"], source, TENANT, "import:customers.csv")
    return [result.outcome for result in await run.run(sessions, rows)]


async def month_passes(sessions: Sessions) -> None:
    async with transaction(sessions, TENANT) as session:
        await session.execute(update(ImportKey).values(used_at=ImportKey.used_at - timedelta(days=31)))


async def expired(sessions: Sessions) -> int:
    return await IMPORT_KEYS.remove(sessions, clock.now() - timedelta(days=30), asyncio.Event(), batch=1)


async def test_rows_of_a_source_are_forgotten_when_it_was_not_used_for_long(sessions: Sessions) -> None:
    assert IMPORT_KEYS in SERVICE.expiring
    await imported(sessions, "once", *FIRMS)
    await month_passes(sessions)
    await imported(sessions, "shop", *FIRMS)
    assert await expired(sessions) == 2
    assert await imported(sessions, "shop", *FIRMS) == ["unchanged", "unchanged"]


@pytest.mark.parametrize("rows", [FIRMS[:1], [], [Row(2, "NEW", {"name": "Bolido"})]])
async def test_a_source_that_is_used_keeps_all_its_rows_though_a_file_says_nothing_new_of_them(
    sessions: Sessions, rows: list[Row]
) -> None:
    await imported(sessions, "shop", *FIRMS)
    await month_passes(sessions)
    await imported(sessions, "shop", *rows)
    assert await expired(sessions) == 0
    assert await imported(sessions, "shop", *FIRMS) == ["unchanged", "unchanged"]
