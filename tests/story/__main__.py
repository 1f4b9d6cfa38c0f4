"""`make story`: Northwind's orders from quote to cash through both services, and the figures that must agree.

`make story CASE=sales` begins before: each order is won as a deal of its employee. `python -m tests.story sales 60`
takes only the first 60 orders.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from stack.services import Stack

from ..e2e.clients import Company
from . import figures, sales_figures
from .figures import ALL_OF_NORTHWIND, Figure
from .northwind import Northwind, read
from .sales import SalesStory
from .steps import Story

BEST_SELLERS = {"4": Decimal("232890.8460"), "3": Decimal("202812.8430"), "1": Decimal("192107.6045")}
"""What others have computed for the three employees who sold most."""


class Case(StrEnum):
    """What is told: from quote to cash, or from the first word to the won deal."""

    CASH = "cash"
    SALES = "sales"


def tell(stack: Stack, company: Company, northwind: Northwind, folder: Path) -> list[Figure]:
    """Run every step from quote to cash, and read what the services say afterwards."""
    story = Story(stack, company, northwind, folder)
    _run(
        [
            *_ground(story),
            story.enter_orders,
            story.wait_for_confirmations,
            story.ship,
            story.invoice,
            story.pay,
            story.wait_until_everything_has_arrived,
        ]
    )
    return figures.figures(company, northwind)


def tell_sales(stack: Stack, company: Company, northwind: Northwind, folder: Path) -> list[Figure]:
    """Run every step from the first word to the won deal, and read what the services say afterwards."""
    story = SalesStory(stack, company, northwind, folder)
    _run(
        [
            *_ground(story),
            story.enter_employees,
            story.enter_contacts,
            story.sell_until_the_forecast,
            story.make_the_forecast,
            story.sell_the_rest,
            story.wait_for_confirmations,
            story.wait_until_everything_has_arrived,
        ]
    )
    return sales_figures.figures(story)


def _ground(story: Story) -> list[Callable[[], None]]:
    """The steps that every case begins with."""
    return [
        story.open_the_books,
        story.enter_customers,
        story.enter_products,
        story.enter_stock,
        story.wait_for_what_is_referred_to,
    ]


def _run(steps: Sequence[Callable[[], None]]) -> None:
    for step in steps:
        began = time.monotonic()
        step()
        print(f"  {step.__name__.replace('_', ' '):40} {time.monotonic() - began:7.1f} s", flush=True)


def _known(case: Case, northwind: Northwind) -> list[Figure]:
    """Figures of all of Northwind that others have computed."""
    found = [Figure("Northwind's known total", ALL_OF_NORTHWIND, {"files": northwind.exact})]
    if case == Case.SALES:
        found += [
            Figure(f"known sales of employee {number}", known, {"files": northwind.sold_by(number)})
            for number, known in BEST_SELLERS.items()
        ]
    return found


def main(
    case: Annotated[Case, typer.Argument(help="What is told.")] = Case.CASH,
    orders: Annotated[int | None, typer.Argument(help="Only the first orders; all of them without.")] = None,
) -> None:
    """Run the story on a fresh data folder; exit with 1 when a figure does not hold."""
    northwind, began = read(orders), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="story-") as name:
        folder = Path(name)
        print("Starting PostgreSQL, Kafka and the services on a fresh data folder", flush=True)
        with Stack(folder / "data") as stack:
            told = {Case.CASH: tell, Case.SALES: tell_sales}[case]
            found = told(stack, Company.in_stack(stack), northwind, folder)
    if orders is None:
        found += _known(case, northwind)
    print()
    for figure in found:
        print(f"{'ok ' if figure.holds else 'NOT'}  {figure}")
    print(f"\n{time.monotonic() - began:.0f} s in all.")
    if not all(figure.holds for figure in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
