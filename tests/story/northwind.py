"""The files of Northwind as the story reads them, and what they come to by plain arithmetic."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data/northwind"
CENT = Decimal("0.01")
UNPAID_DAYS = 30
"""Invoices of the last so many days are not paid yet when the story ends."""


@dataclass(frozen=True)
class Line:
    """A row of order_details.csv; `discount` is a fraction."""

    sku: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal

    @property
    def exact(self) -> Decimal:
        return self.unit_price * self.quantity * (1 - self.discount)


@dataclass(frozen=True)
class Order:
    """A row of orders.csv with its lines."""

    number: str
    customer: str
    employee: str
    ordered_on: date
    shipped_on: date | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Northwind:
    """All orders of a run, and what is expected of them."""

    orders: tuple[Order, ...]

    @property
    def lines(self) -> list[Line]:
        return [line for order in self.orders for line in order.lines]

    @property
    def shipped(self) -> list[Order]:
        return [order for order in self.orders if order.shipped_on]

    @property
    def last_day(self) -> date:
        """The day on which the story ends: the last one on which anything was ordered."""
        return max(order.ordered_on for order in self.orders)

    @property
    def unpaid_from(self) -> date:
        """Invoices issued on this day or later are still open."""
        return self.last_day - timedelta(days=UNPAID_DAYS)

    @property
    def exact(self) -> Decimal:
        return exact(self.lines)

    def sold_by(self, employee: str) -> Decimal:
        """What the orders of an employee come to before rounding."""
        return exact(line for order in self.orders if order.employee == employee for line in order.lines)

    def needed(self) -> Mapping[str, Decimal]:
        """SKU -> how much of it all orders want together."""
        wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            wanted[line.sku] += line.quantity
        return wanted


def exact(lines: Iterable[Line]) -> Decimal:
    """What lines come to when nothing is rounded."""
    return sum((line.exact for line in lines), Decimal(0))


def rounded(orders: Iterable[Order]) -> Decimal:
    """What orders come to when each line is rounded to the cent, half-even."""
    nets = (line.exact.quantize(CENT, ROUND_HALF_EVEN) for order in orders for line in order.lines)
    return sum(nets, Decimal(0))


def read(limit: int | None = None) -> Northwind:
    """The orders of the files, the first ones up to the limit."""
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for row in rows("order_details"):
        line = Line(row["product_id"], Decimal(row["quantity"]), Decimal(row["unit_price"]), Decimal(row["discount"]))
        lines[row["order_id"]].append(line)
    orders = [
        Order(
            row["order_id"],
            row["customer_id"],
            row["employee_id"],
            date.fromisoformat(row["order_date"]),
            date.fromisoformat(row["shipped_date"]) if row["shipped_date"] else None,
            tuple(lines[row["order_id"]]),
        )
        for row in rows("orders")[:limit]
    ]
    return Northwind(tuple(orders))


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
