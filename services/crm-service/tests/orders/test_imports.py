"""Northwind's two files become orders, once."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.db import Sessions, transaction
from chassis.testing import TENANT, delivered
from crm.sales.orders.models import Order, OrderLine
from crm.sales.orders.schemas import OrderLineBody
from crm.wiring import IMPORTS
from importing import Import, RowResult, spreadsheet
from importing.spreadsheet import FileRefused
from lines.amounts import exact_net
from sqlalchemy import func, select

from .factories import delivery

pytestmark = pytest.mark.servers
NORTHWIND = Path(__file__).parents[4] / "tests" / "data" / "northwind"
COLUMNS = (
    "customer_id=customer_id,order_id=reference,order_date=ordered_on,required_date=required_on,"
    "ship_name=shipping_address.lines,ship_address=shipping_address.lines,ship_city=shipping_address.city,"
    "ship_region=shipping_address.region,ship_postal_code=shipping_address.postal_code,"
    "ship_country=shipping_address.country"
)
SET = {"currency": "USD", "submit": "true"}
HEADER = "order_id,customer_id,order_date\n"
LINES = "order_id,product_id,unit_price,quantity,discount\n"


async def customers(sessions: Sessions) -> None:
    rows = spreadsheet.read(NORTHWIND / "customers.csv", "company_name=name", "customer_id", IMPORTS["customers"].shape)
    await Import("customers", IMPORTS["customers"], "northwind", TENANT, "import").run(sessions, rows)


async def products(api: httpx.AsyncClient, count: int) -> None:
    """Products as the ERP brings them: known by their SKU."""
    items = [delivery(uuid4(), name=f"Product {n}", sku=str(n)) for n in range(1, count + 1)]
    await delivered(api, "product", *items)


def read(orders: Path, lines: Path, columns: str, fixed: dict[str, str]) -> list[spreadsheet.Row]:
    return spreadsheet.joined(
        spreadsheet.read(orders, columns, "order_id", IMPORTS["orders"].shape, fixed),
        spreadsheet.read(lines, None, "order_id", OrderLineBody),
    )


async def imported(sessions: Sessions, rows: list[spreadsheet.Row]) -> list[RowResult]:
    return await Import("orders", IMPORTS["orders"], "northwind", TENANT, "import:orders.csv").run(sessions, rows)


def written(folder: Path, orders: str, lines: str, **fixed: str) -> list[spreadsheet.Row]:
    (folder / "orders.csv").write_text(HEADER + orders, encoding="utf-8")
    (folder / "lines.csv").write_text(LINES + lines, encoding="utf-8")
    columns = "customer_id=customer_id,order_date=ordered_on"
    return read(folder / "orders.csv", folder / "lines.csv", columns, {"currency": "USD", **fixed})


async def shown(api: httpx.AsyncClient, result: RowResult) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/orders/{result.id}")).json()
    return found


async def test_all_of_northwind_goes_in_once(sessions: Sessions, api: httpx.AsyncClient) -> None:
    await customers(sessions)
    await products(api, 77)
    rows = read(NORTHWIND / "orders.csv", NORTHWIND / "order_details.csv", COLUMNS, SET)
    for outcome in ("created", "unchanged"):
        results = await imported(sessions, rows)
        assert Counter(result.outcome for result in results) == {outcome: 830}
    async with transaction(sessions, TENANT) as session:
        lines = (await session.scalars(select(OrderLine))).all()
        net, orders = (await session.execute(select(func.sum(Order.net), func.count()))).one()
    assert (len(lines), orders, net) == (2155, 830, Decimal("1265793.02"))
    assert exact_net(lines) == Decimal("1265793.0395")
    first = await shown(api, results[0])
    assert (first["ordered_on"], first["required_on"], first["state"]) == ("1996-07-04", "1996-08-01", "submitted")
    assert first["shipping_address"] == {
        "lines": ["Vins et alcools Chevalier", "59 rue de l'Abbaye"],
        "postal_code": "51100",
        "city": "Reims",
        "region": None,
        "country": "FR",
    }
    assert [(each["unit_price"], each["quantity"], each["net"]) for each in first["lines"]] == [
        ("14.00", "12", "168.00"),
        ("9.80", "10", "98.00"),
        ("34.80", "5", "174.00"),
    ]


async def test_each_row_has_its_outcome(sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path) -> None:
    await customers(sessions)
    await products(api, 2)
    orders = "1,ALFKI,1996-07-04\n2,NOONE,1996-07-04\n3,ALFKI,1996-07-04\n4,ALFKI,4.7.96\n"
    lines = "1,1,14,12,0\n2,1,14,12,0\n3,99,14,12,0\n4,1,14,12,0\n"
    results = await imported(sessions, written(tmp_path, orders, lines))
    assert [result.outcome for result in results] == ["created", "rejected", "rejected", "rejected"]
    assert "Nothing with the key NOONE was imported into customers from northwind" in results[1].reason
    assert "Nothing with the key 99 was imported into products" in results[2].reason
    assert results[3].reason.startswith("ordered_on: ")


async def test_a_changed_row_changes_its_draft_and_submits_it(
    sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path
) -> None:
    await customers(sessions)
    await products(api, 2)
    (made,) = await imported(sessions, written(tmp_path, "1,ALFKI,1996-07-04\n", "1,1,14,12,0\n1,2,10,1,0\n"))
    draft = await shown(api, made)
    changed = written(tmp_path, "1,ALFKI,1996-07-04\n", "1,1,14,6,0.05\n1,2,10,1,0\n", submit="true")
    (result,) = await imported(sessions, changed)
    order = await shown(api, result)
    assert (result.outcome, result.id, order["state"], order["net"]) == ("updated", made.id, "submitted", "89.80")
    assert [line["id"] for line in order["lines"]] == [line["id"] for line in draft["lines"]]
    (late,) = await imported(sessions, written(tmp_path, "1,ALFKI,1996-07-05\n", "1,1,14,6,0.05\n"))
    assert late.outcome == "rejected"
    assert late.reason.startswith("The order's state does not allow this.")


async def test_an_order_may_have_no_lines_yet(sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path) -> None:
    await customers(sessions)
    (result,) = await imported(sessions, written(tmp_path, "1,ALFKI,1996-07-04\n", ""))
    assert (await shown(api, result))["lines"] == []


def test_lines_of_an_order_that_is_not_there_refuse_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="do not exist, 1 in all: '2'"):
        written(tmp_path, "1,ALFKI,1996-07-04\n", "1,1,14,12,0\n2,1,14,12,0\n")


def test_the_files_are_whole() -> None:
    with (NORTHWIND / "orders.csv").open(encoding="utf-8") as stream:
        assert sum(1 for _ in csv.DictReader(stream)) == 830
