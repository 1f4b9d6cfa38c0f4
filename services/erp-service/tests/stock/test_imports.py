"""Opening stock from files."""

from pathlib import Path

import pytest
from chassis.db import Sessions
from chassis.testing import TENANT, act_for
from erp.ledger import queries as books
from erp.warehouse.stock import queries
from erp.warehouse.stock.imports import STOCK
from erp.warehouse.stock.models import StockLevel, StockMove
from importing import Import, spreadsheet
from importing.run import RowResult
from importing.spreadsheet import Row
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import product
from .invariants import broken

pytestmark = pytest.mark.servers
NORTHWIND = Path(__file__).parents[4] / "tests" / "data" / "northwind"
COLUMNS = "product_id=product,units_in_stock=quantity,unit_price=unit_cost"


async def imported(sessions: Sessions, rows: list[Row]) -> list[RowResult]:
    return await Import("stock", STOCK, "products", TENANT, "import:products.csv").run(sessions, rows)


def row(line: int, **cells: str) -> Row:
    return Row(line, str(line), cells)


async def test_northwinds_stock_is_imported_once(sessions: Sessions, session: AsyncSession) -> None:
    rows = spreadsheet.read(NORTHWIND / "products.csv", COLUMNS, "product_id", STOCK.shape)
    for each in rows:
        await product(session, each.values["product"])
    await session.commit()
    for outcome in ("created", "unchanged"):
        results = await imported(sessions, rows)
        assert [each.outcome for each in results] == [outcome] * 77
    await act_for(session)
    wanted = sum(int(each.values["quantity"]) for each in rows)
    assert await session.scalar(select(func.sum(StockLevel.on_hand))) == wanted
    assert await books.balance(session, "opening_balance", "EUR") == -await books.balance(session, "inventory", "EUR")
    assert await broken(session) == []


async def test_a_row_may_name_its_warehouse_and_its_day(sessions: Sessions, session: AsyncSession) -> None:
    await product(session, "TEA")
    await session.commit()
    cells = {"product": "tea", "quantity": "5", "unit_cost": "2"}
    rows = [row(2, **cells, warehouse="Bremen", day="1996-07-01"), row(3, **cells, warehouse="Bremen")]
    assert [each.outcome for each in await imported(sessions, rows)] == ["created"] * 2
    await act_for(session)
    (bremen,) = await queries.warehouses(session)
    assert (bremen.name, bremen.is_default) == ("Bremen", True)
    moves = (await session.scalars(select(StockMove).where(StockMove.kind == "opening"))).all()
    assert "1996-07-01" in {str(each.moved_on) for each in moves}


async def test_a_row_that_says_something_else_later_is_refused(sessions: Sessions, session: AsyncSession) -> None:
    await product(session, "TEA")
    await session.commit()
    await imported(sessions, [row(2, product="TEA", quantity="5")])
    (refused,) = await imported(sessions, [row(2, product="TEA", quantity="6")])
    assert refused.outcome == "rejected"
    assert "by a count" in refused.reason


async def test_a_row_of_an_unknown_product_is_refused_alone(sessions: Sessions, session: AsyncSession) -> None:
    await product(session, "TEA")
    await session.commit()
    rows = [row(2, product="COFFEE", quantity="5"), row(3, product="TEA", quantity="5")]
    refused, created = await imported(sessions, rows)
    assert (refused.outcome, created.outcome) == ("rejected", "created")
