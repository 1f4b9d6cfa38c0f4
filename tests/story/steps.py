"""The steps of the story, each through the interfaces that people use: imports by file, and REST."""

import csv
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from stack.services import Stack

from ..e2e.clients import Body, Company, Office
from ..e2e.waiting import eventually
from .northwind import FOLDER, Northwind, rows

PATIENCE_SECONDS = 600.0
QUIET_SECONDS = 2.0
BATCH = 200
OPENED_ON = "1996-07-01"
CUSTOMERS = (
    "company_name=name,phone=phone,address=billing_address.lines,postal_code=billing_address.postal_code,"
    "city=billing_address.city,region=billing_address.region,country=billing_address.country"
)
PRODUCTS = "product_id=sku,product_name=name,quantity_per_unit=description,unit_price=list_price.amount"
ORDERS = (
    "order_id=reference,customer_id=customer_id,order_date=ordered_on,required_date=required_on,"
    "ship_name=shipping_address.lines,ship_address=shipping_address.lines,ship_city=shipping_address.city,"
    "ship_region=shipping_address.region,ship_postal_code=shipping_address.postal_code,"
    "ship_country=shipping_address.country"
)
ORDER_LINES = "product_id=product_id,quantity=quantity,unit_price=unit_price,discount=discount"
EVERY_NTH_PAYMENT_IN_THE_CRM = 10


class StepFailed(AssertionError):
    """A step did not do what it was to do; the text says what it did instead."""


class Story:
    """One run over one tenant. Files that are made for it go into `folder`."""

    def __init__(self, stack: Stack, company: Company, northwind: Northwind, folder: Path) -> None:
        self.stack, self.company, self.northwind, self.folder = stack, company, northwind, folder
        self.references = {order.number for order in northwind.orders}

    def open_the_books(self) -> None:
        """Northwind counts in dollars."""
        address = {"lines": ["908 W. Capital Way"], "city": "Tacoma", "postal_code": "98401", "country": "US"}
        names = {"name": "Northwind Traders", "address": address, "tax_id": "91-1144442"}
        body = {**names, "currency": "USD", "country": "US", "language": "en"}
        self.company.erp.call("PUT", "/v1/company", json=body, headers={"If-Match": "*"})

    def enter_customers(self) -> None:
        """91 customers, in the CRM."""
        self._import("crm", "customers", FOLDER / "customers.csv", CUSTOMERS, "customer_id", "--set", "currency=USD")

    def enter_products(self) -> None:
        """77 products with their list prices, in the ERP."""
        self._import("erp", "products", self._products(), f"{PRODUCTS},category=category", "product_id")

    def enter_stock(self) -> None:
        """What lay in the warehouse when the story began: all that was sold since, and what is left."""
        file = self.folder / "stock.csv"
        needed = self.northwind.needed()
        stock = [
            (row["product_id"], needed.get(row["product_id"], 0) + int(row["units_in_stock"]) or 1, row["unit_price"])
            for row in rows("products")
        ]
        self._write(file, ("product", "quantity", "unit_cost"), stock)
        self._import("erp", "stock", file, None, "product", "--set", f"day={OPENED_ON}")

    def wait_for_what_is_referred_to(self) -> None:
        """Customers stand in the ERP, products with their stock in the CRM."""
        crm, erp = self.company.crm, self.company.erp
        self._until(lambda: len(erp.records("customer")) == len(crm.records("customer")) == len(rows("customers")))
        self._until(lambda: len(crm.all("/v1/products", available="true")) == len(rows("products")))

    def enter_orders(self) -> None:
        """All orders with their lines, in the CRM, handed to the ERP."""
        orders = self._only("orders", "order_id")
        lines = ("--lines", str(self._only("order_details", "order_id")), "--line-columns", ORDER_LINES)
        fixed = ("--set", "currency=USD", "--set", "submit=true")
        self._import("crm", "orders", orders, ORDERS, "order_id", *lines, *fixed, source="customers")

    def wait_for_confirmations(self) -> None:
        """The ERP has confirmed every order by itself."""
        self._until(lambda: len(self.company.erp.all("/v1/orders", state="confirmed")) == len(self.references))

    def ship(self) -> None:
        """What Northwind shipped, on the day on which it did."""
        ids = {order["reference"]: order["id"] for order in self.company.erp.all("/v1/orders")}
        items = [
            {"order_id": ids[order.number], "shipped_on": str(order.shipped_on)} for order in self.northwind.shipped
        ]
        for result in self._in_batches(self.company.erp, "/v1/shipments:batch", items):
            self._expect(result, "shipped")

    def invoice(self) -> None:
        """Each shipped order, on the day of its shipment."""
        ids = {order["reference"]: order["id"] for order in self.company.erp.all("/v1/orders")}
        shipped = sorted(self.northwind.shipped, key=lambda order: (order.shipped_on, order.number))
        items = [{"body": {"order_id": ids[each.number], "issued_on": str(each.shipped_on)}} for each in shipped]
        for result in self._in_batches(self.company.erp, "/v1/invoices:batch", items):
            self._expect(result, "created")

    def pay(self) -> None:
        """Every invoice on its due day, but those of the last 30 days; every tenth payment is entered in the CRM."""
        until = str(self.northwind.unpaid_from)
        invoices = sorted(self.company.erp.all("/v1/invoices"), key=lambda each: str(each["number"]))
        due = [each for each in invoices if each["issued_on"] < until]
        in_crm, in_erp = (
            due[::EVERY_NTH_PAYMENT_IN_THE_CRM],
            [each for number, each in enumerate(due) if number % EVERY_NTH_PAYMENT_IN_THE_CRM],
        )
        local = {each["canonical_id"]: each["id"] for each in self.company.crm.records("customer")}
        shared = {each["id"]: each["canonical_id"] for each in self.company.erp.records("customer")}
        items = [{"body": _payment(each, each["customer_id"])} for each in in_erp]
        for result in self._in_batches(self.company.erp, "/v1/payments:batch", items):
            self._expect(result, "created")
        for each in in_crm:
            self.company.crm.post("/v1/payments", _payment(each, local[shared[each["customer_id"]]]))

    def wait_until_everything_has_arrived(self) -> None:
        """Nothing is on its way, waits or was refused, in any direction, and the hub has heard of nothing new."""
        positions = None

        def look() -> bool:
            nonlocal positions
            time.sleep(QUIET_SECONDS)
            before, status = positions, self.company.hub.get("/v1/status")
            positions = status["positions"]
            held = {
                each["name"]: {state: each[state] for state in ("pending", "waiting", "rejected") if each[state]}
                for each in status["systems"]
            }
            assert not any(held.values()), held
            return bool(positions == before)

        eventually(look, PATIENCE_SECONDS)

    def _import(
        self,
        service: str,
        target: str,
        file: Path,
        columns: str | None,
        key: str,
        *more: str,
        source: str | None = None,
    ) -> None:
        copy = self.folder / f"{service}-{target}.csv"
        copy.write_bytes(file.read_bytes())
        options = ["--key", key, "--source", source or target, "--tenant", self.company.tenant, *more]
        done = subprocess.run(
            [sys.executable, "-m", service, "import", target, str(copy), *options]
            + (["--columns", columns] if columns else []),
            env={**os.environ, "DATA_DIR": str(self.stack.folder)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        counts = dict(reversed(pair) for pair in re.findall(r"(\d+) (created|updated|unchanged|rejected)", done.stdout))
        with copy.open(encoding="utf-8", newline="") as stream:
            expected = str(sum(1 for _ in csv.DictReader(stream)))
        if done.returncode or counts.get("created") != expected:
            raise StepFailed(f"{service} import {target}: {done.stdout}{done.stderr}")

    def _products(self) -> Path:
        """products.csv with the names of the categories in the place of their numbers."""
        names = {row["category_id"]: row["category_name"] for row in rows("categories")}
        products = rows("products")
        file = self.folder / "products.csv"
        header = ("product_id", "product_name", "quantity_per_unit", "unit_price", "category")
        self._write(
            file, header, [(*[row[name] for name in header[:4]], names[row["category_id"]]) for row in products]
        )
        return file

    def _only(self, name: str, column: str) -> Path:
        """A file with the rows of the orders of this run."""
        file = self.folder / f"{name}.csv"
        kept = [row for row in rows(name) if row[column] in self.references]
        self._write(file, tuple(kept[0]), [tuple(row.values()) for row in kept])
        return file

    @staticmethod
    def _write(file: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(header)
            writer.writerows(lines)

    @staticmethod
    def _in_batches(office: Office, path: str, items: Sequence[Body]) -> Iterator[Body]:
        for start in range(0, len(items), BATCH):
            headers = {"Idempotency-Key": str(uuid.uuid4())}
            batch = list(items[start : start + BATCH])
            yield from office.post(path, {"items": batch}, headers=headers)["items"]

    @staticmethod
    def _expect(result: Body, outcome: str) -> None:
        if result["outcome"] != outcome:
            raise StepFailed(str(result))

    @staticmethod
    def _until(look: Callable[[], bool]) -> None:
        eventually(look, PATIENCE_SECONDS)


def _payment(invoice: Body, customer_id: str) -> Body:
    return {
        "customer_id": customer_id,
        "amount": invoice["total"],
        "currency": invoice["currency"],
        "received_on": invoice["due_on"],
        "reference": f"Transfer {invoice['number']}",
        "note": invoice["number"],
    }
