"""Rules of deals that need their pipeline or the catalogue, and the history of their stages."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.errors import Malformed
from chassis.history import actor_of
from lines.amounts import bounded
from lines.pricing import priced
from lines.schemas import LineBody
from lines.terms import Rates, Terms
from party.stages import qualify
from records import ReferenceUnknown, reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.records import CATALOGUE
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals import queries
from crm.sales.deals.models import AmountOfLines, Deal, DealStage
from crm.sales.deals.rules import DealLine, Pipeline, amount_of
from crm.sales.deals.schemas import DealLineBody


async def may_change(session: AsyncSession, row: Deal, values: dict[str, Any]) -> None:
    """Complete the stage of a new deal, which is the first of its pipeline by default, and the lines with their amount.

    Raises `DealClosed`, `NotFound` for the pipeline, `AmountOfLines`, and the errors of `priced`.
    """
    row.must_be_open()
    if "pipeline" in values:
        pipeline, _ = await queries.pipeline(session, values["pipeline"])
        values["stage"] = values["stage"] or pipeline.stages[0].key
    if values["lines"]:
        await _price(session, row, values)
    await _know_contacts(session, row, values["contacts"])


async def may_leave(session: AsyncSession, row: Deal, pipeline: Pipeline) -> None:
    """Check the rules for leaving the deal's stage forward. Raises `DealClosed`, `StageNotDone`."""
    row.must_be_open()
    stage = pipeline.stage(row.stage)
    asks = stage is not None and stage.tasks_done
    row.must_be_done(pipeline, await queries.open_tasks(session, row.id) if asks else ())


async def _know_contacts(session: AsyncSession, row: Deal, contacts: Sequence[dict[str, Any]]) -> None:
    known = {each["contact_id"] for each in row.contacts}
    wanted = {UUID(each["contact_id"]) for each in contacts if each["contact_id"] not in known}
    found = await reads.by_ids(session, CONTACTS, wanted) if wanted else {}
    for number, each in enumerate(contacts):
        contact_id = UUID(each["contact_id"])
        if contact_id in wanted and contact_id not in found:
            raise ReferenceUnknown(kind="contact", id=contact_id, field=f"contacts[{number}].contact_id")


async def _price(session: AsyncSession, row: Deal, values: dict[str, Any]) -> None:
    """Unchanged lines are not priced again, so that a product which is no longer sold stops no other change."""
    bodies, present = [DealLineBody.model_validate(each) for each in values["lines"]], row.written()
    same = bodies == [DealLineBody.model_validate(dict(line)) for line in present]
    if same and values["currency"] == row.currency:
        lines, currency = present, values["currency"]
    else:
        currency, lines = await _priced(session, present, bodies, values)
    amount, wanted = amount_of(lines, currency), values["amount"]
    if wanted is not None and Decimal(wanted) not in (amount, row.amount):
        raise AmountOfLines(amount=str(amount), currency=currency, field="amount")
    values |= {"amount": str(amount), "currency": currency}
    values["lines"] = [line.model_dump(mode="json") for line in lines]


async def _priced(
    session: AsyncSession, present: Sequence[DealLine], bodies: Sequence[DealLineBody], values: dict[str, Any]
) -> tuple[str, Sequence[DealLine]]:
    customer = await reads.referred(session, CUSTOMERS, UUID(values["customer_id"]), "customer_id")
    currency: str | None = values["currency"] or customer.currency
    if currency is None:
        message = "the customer has no default currency: send `currency`"
        raise Malformed(errors=[{"field": "currency", "message": message}])
    terms = Terms.of(customer, None, currency, clock.today())
    untaxed = [LineBody(**dict(body), tax_rate=Decimal(0)) for body in bodies]
    found = await priced(session, CATALOGUE, untaxed, present, terms, Rates(session, CATALOGUE, terms), anew=True)
    for number, line in enumerate(found):
        bounded(line.body.quantity, line.unit_price, line.body.discount, f"lines[{number}]")
    names = DealLine.model_fields.keys()
    lines = [
        {name: value for name, value in line.values.items() if name in names}
        | {"description": line.body.description or line.product.name}
        for line in found
    ]
    return currency, [DealLine.model_validate(each) for each in lines]


async def fits_stage(session: AsyncSession, row: Deal) -> None:
    """Raises `NoSuchStage`, or `FieldsRequired` when its stage requires more fields."""
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    row.must_fit(pipeline)
    await keep_stage(session, row)


async def keep_stage(session: AsyncSession, row: Deal) -> None:
    """Write the stage history of a deal that was entered, moved, closed or reopened; otherwise nothing is written."""
    now = clock.now()
    current = await queries.current_stage(session, row.id) if row.version else None
    if current is not None and row.state == "open" and current.stage == row.stage:
        return
    if current is not None:
        current.leave(row.stage if row.state == "open" else row.state, now)
        await session.flush()  # The unique index allows the next stay only after the end of this one.
    if row.state == "open":
        stay = DealStage(deal=row, pipeline=row.pipeline, stage=row.stage, entered_at=now, entered_by=actor_of(session))
        session.add(stay)


async def qualify_customer(session: AsyncSession, row: Deal) -> None:
    """A won deal makes a customer of a prospect."""
    await qualify(session, CUSTOMERS, [row.customer_id], actor_of(session))
