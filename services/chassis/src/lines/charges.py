"""Charges as they are written, and the tax that is declared for them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.bounds import at_most
from chassis.db import uuid7
from chassis.errors import Malformed
from contracts.bounds import LARGEST_LINE
from contracts.charge import ListedCharge
from contracts.text import reason_of
from contracts.values import in_currency
from pydantic_core import PydanticCustomError

from lines.schemas import ChargeBody
from lines.terms import Rates


async def charges_of(
    bodies: Sequence[ChargeBody],
    present: Sequence[ListedCharge],
    currency: str,
    rates: Rates,
    *,
    anew: bool = False,
) -> list[ListedCharge]:
    """Complete charges for the written ones; an omitted rate is the declared one of the tax class.

    `anew`: the terms changed, so the stored rate of a tax class is looked up again.

    Raises `Malformed` for an unknown id, or an amount that is finer than the currency, and `OutOfBounds`.
    """
    known, charges = {each.id: each for each in present}, []
    for number, body in enumerate(bodies):
        _check(body, known, currency, f"charges[{number}]")
        rate = body.tax_rate
        if body.tax_class and (rate is None or (anew and _same_tax(known[body.id] if body.id else None, body))):
            rate = await rates.of(body.tax_class)
        charges.append(
            ListedCharge(
                id=body.id or uuid7(), text=body.text, amount=body.amount, tax_class=body.tax_class, tax_rate=rate
            )
        )
    return charges


def _same_tax(present: ListedCharge | None, body: ChargeBody) -> bool:
    return present is not None and (present.tax_class, present.tax_rate) == (body.tax_class, body.tax_rate)


def _check(body: ChargeBody, known: Collection[UUID], currency: str, field: str) -> None:
    if body.id is not None and body.id not in known:
        message = "there is no charge with this id: leave the id out to add one"
        raise Malformed(errors=[{"field": f"{field}.id", "message": message}])
    try:
        in_currency(body.amount, currency)
    except PydanticCustomError as error:
        raise Malformed(errors=[{"field": f"{field}.amount", "message": reason_of(error)}]) from None
    at_most(LARGEST_LINE, body.amount, f"{field}.amount")
