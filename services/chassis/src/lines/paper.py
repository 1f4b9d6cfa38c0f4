"""Lines and charges as they are printed: text, quantity, price, discount (if there is any), tax, amount."""

from decimal import Decimal
from typing import Any, Protocol

from contracts.charge import Charge
from documents import Writing

from lines.amounts import Priced


class Printed(Priced, Protocol):
    """A line of a document."""

    @property
    def description(self) -> str: ...


def columns(say: Writing, discounted: bool) -> list[dict[str, Any]]:
    """The heads of the columns; the text is wide."""
    names = ["description", "quantity", "price", *(["discount"] if discounted else []), "tax", "amount"]
    return [
        {"label": say(name), "align": "left" if name == "description" else "right", "wide": name == "description"}
        for name in names
    ]


def line_cells(line: Printed, net: Decimal, currency: str, say: Writing, discounted: bool) -> list[str]:
    """The cells of a line with this net amount."""
    write = say.formats
    discount = [write.percent(line.discount) if line.discount else ""] if discounted else []
    return [
        line.description,
        write.number(line.quantity),
        write.price(line.unit_price, currency),
        *discount,
        write.percent(line.tax_rate),
        write.money(net, currency),
    ]


def charge_cells(charge: Charge, currency: str, say: Writing, discounted: bool) -> list[str]:
    """The cells of a charge. One that is taxed as the lines are names no rate."""
    write = say.formats
    rate = "" if charge.tax_rate is None else write.percent(charge.tax_rate)
    discount = [""] if discounted else []
    return [charge.text, "", "", *discount, rate, write.money(charge.amount, currency)]
