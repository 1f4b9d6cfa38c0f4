"""The story over Northwind's first orders: every figure that `make story` prints must hold here too."""

from pathlib import Path

from stack.services import Stack

from ..story.__main__ import tell
from ..story.northwind import read
from .clients import Company

ORDERS = 45


def test_the_first_orders_of_northwind_go_from_quote_to_cash_and_every_figure_holds(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    found = tell(stack, company, read(ORDERS), tmp_path)
    assert len(found) > 15
    assert [str(figure) for figure in found if not figure.holds] == []
