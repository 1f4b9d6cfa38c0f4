"""`make story`: Northwind's orders from quote to cash through both services, and the figures that must agree.

`python -m tests.story 60` takes only the first 60 orders.
"""

import sys
import tempfile
import time
from pathlib import Path

from stack.services import Stack

from ..e2e.clients import Company
from .figures import ALL_OF_NORTHWIND, Figure, figures
from .northwind import Northwind, read
from .steps import Story


def tell(stack: Stack, company: Company, northwind: Northwind, folder: Path) -> list[Figure]:
    """Run every step of the story, and read what the services say afterwards."""
    story = Story(stack, company, northwind, folder)
    for step in (
        story.open_the_books,
        story.enter_customers,
        story.enter_products,
        story.enter_stock,
        story.wait_for_what_is_referred_to,
        story.enter_orders,
        story.wait_for_confirmations,
        story.ship,
        story.invoice,
        story.pay,
        story.wait_until_everything_has_arrived,
    ):
        began = time.monotonic()
        step()
        print(f"  {step.__name__.replace('_', ' '):40} {time.monotonic() - began:7.1f} s", flush=True)
    return figures(company, northwind)


def main(limit: int | None = None) -> int:
    """Run the story on a fresh data folder; 1 when a figure does not hold."""
    northwind = read(limit)
    with tempfile.TemporaryDirectory(prefix="story-") as name:
        folder = Path(name)
        print("Starting PostgreSQL, Kafka and the services on a fresh data folder", flush=True)
        with Stack(folder / "data") as stack:
            found = tell(stack, Company.in_stack(stack), northwind, folder)
    if limit is None:
        found.append(Figure("Northwind's known total", ALL_OF_NORTHWIND, {"files": northwind.exact}))
    print()
    for figure in found:
        print(f"{'ok ' if figure.holds else 'NOT'}  {figure}")
    return 0 if all(figure.holds for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
