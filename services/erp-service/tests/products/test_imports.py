"""Products from files."""

from pathlib import Path

import pytest
from chassis.db import Sessions
from chassis.testing import TENANT, act_for
from erp.catalogue.products.imports import IMPORTS
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductFilters
from erp.ledger import commands as ledger
from erp.ledger.schemas import CompanyBody
from importing import Import, spreadsheet
from importing.spreadsheet import Row
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers
NORTHWIND = Path(__file__).parents[4] / "tests" / "data" / "northwind"
COLUMNS = (
    "product_id=sku,product_name=name,unit_price=list_price.amount,quantity_per_unit=description,category_id=category"
)
RUN = Import("products", IMPORTS, "products", TENANT, "import:products.csv")


async def test_northwinds_products_are_imported_once(sessions: Sessions, session: AsyncSession) -> None:
    rows = spreadsheet.read(NORTHWIND / "products.csv", COLUMNS, "product_id", IMPORTS.shape)
    for outcome in ("created", "unchanged"):
        results = await RUN.run(sessions, rows)
        assert [each.outcome for each in results] == [outcome] * 77
    await act_for(session)
    (chai,) = await session.scalars(await reads.search(session, PRODUCTS, ProductFilters(sku="1")))
    assert (chai.name, chai.description, chai.category) == ("Chai", "10 boxes x 30 bags", "1")
    assert chai.list_price == {"amount": "18.00", "currency": "EUR"}


def _row(line: int, **cells: str) -> Row:
    return Row(line, str(line), {path.replace("__", "."): cell for path, cell in cells.items()})


async def test_an_imported_price_is_in_the_companys_currency_unless_the_file_says_another(
    sessions: Sessions, session: AsyncSession
) -> None:
    await ledger.write_company(session, CompanyBody(name="Northwind Traders", currency="USD"), lambda _: None)
    await session.commit()
    rows = [
        _row(2, sku="1", name="Chai", list_price__amount="18"),
        _row(3, sku="2", name="Chang", list_price__amount="19.00", list_price__currency="EUR"),
        _row(4, sku="3", name="Unpriced", list_price__amount=""),
    ]
    assert [each.outcome for each in await RUN.run(sessions, rows)] == ["created"] * 3
    await act_for(session)
    found = {
        row.sku: row.list_price
        for row in await session.scalars(await reads.search(session, PRODUCTS, ProductFilters()))
    }
    dollars, euros = {"amount": "18.00", "currency": "USD"}, {"amount": "19.00", "currency": "EUR"}
    assert found == {"1": dollars, "2": euros, "3": None}
    changed = [_row(2, sku="1", name="Chai", list_price__amount="20"), *rows[1:]]
    assert [each.outcome for each in await RUN.run(sessions, changed)] == ["updated", "unchanged", "unchanged"]
