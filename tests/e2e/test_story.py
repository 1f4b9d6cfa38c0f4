"""The stories over Northwind's first orders: every figure that `make story` prints must hold here too."""

from pathlib import Path

import pytest
from stack.services import Stack

from ..story.__main__ import tell, tell_sales
from ..story.northwind import read
from .clients import Company

ORDERS = 45
SALES = 12


def test_the_first_orders_of_northwind_go_from_quote_to_cash_and_every_figure_holds(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    found = tell(stack, company, read(ORDERS), tmp_path)
    assert len(found) > 15
    assert [str(figure) for figure in found if not figure.holds] == []


@pytest.mark.long
def test_the_first_orders_of_northwind_are_won_as_deals_of_their_employees_and_every_figure_holds(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    found = tell_sales(stack, company, read(SALES), tmp_path)
    figures = {figure.name: figure.expected for figure in found}
    assert figures["deals won"] == SALES
    assert figures["forecast of 1996-06-30 for July 1996: open"] > 0
    assert [str(figure) for figure in found if not figure.holds] == []
