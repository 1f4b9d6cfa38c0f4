"""Lines and charges as they are printed."""

from contracts.charge import Charge
from documents import Writing


def charge_cells(charge: Charge, currency: str, say: Writing, discounted: bool) -> list[str]:
    """The cells of a charge in the columns of the lines: text, quantity, price, discount (if any), tax, amount.

    One that is taxed as the lines are names no rate.
    """
    write = say.formats
    rate = "" if charge.tax_rate is None else write.percent(charge.tax_rate)
    discount = [""] if discounted else []
    return [charge.text, "", "", *discount, rate, write.money(charge.amount, currency)]
