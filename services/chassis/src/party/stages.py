"""The stage of a customer: prospect, customer, former."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from chassis.replication import edit
from contracts.customer import NEXT_STAGES, CustomerStage
from records import Record, reads
from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.ext.asyncio import AsyncSession


class StageForbids(Conflict):
    code = "stage-forbids"
    title = "The customer cannot change to this stage"
    detail = "From {stage} the next stages are: {next}."
    hint = "A prospect becomes a customer, a customer a former one, and a former one a customer again."


def stage_rules() -> tuple[CheckConstraint | Index, ...]:
    """The stages that exist, and what finds the customers of one."""
    stages = ", ".join(f"'{stage}'" for stage in CustomerStage)
    return CheckConstraint(f"stage in ({stages})", name="stage"), Index(None, "tenant_id", "stage", "name", "id")


async def keep_order(_session: AsyncSession, row: Any, values: dict[str, Any]) -> None:
    """Refuse a user's transition that is not allowed. A new customer begins at any stage. Raises `StageForbids`."""
    known, wanted = CustomerStage(row.stage), CustomerStage(values["stage"])
    if row.id is not None and wanted not in (known, *NEXT_STAGES[known]):
        raise StageForbids(stage=known, next=list(NEXT_STAGES[known]), field="stage")


async def qualify(session: AsyncSession, customers: Record[Any, Any, Any], ids: Collection[UUID], actor: str) -> None:
    """Make customers of the prospects and former customers among these, which have ordered. Archived ones stay."""
    row: Any = customers.row
    kind: Any = customers.kind
    wanted = (row.id.in_(ids), row.stage != CustomerStage.CUSTOMER, row.archived_at.is_(None))
    found = (await session.scalars(select(row.id).where(*wanted))).all()
    for each in await reads.lock_all(session, customers, found) if found else ():
        if each.stage != CustomerStage.CUSTOMER and each.archived_at is None:
            with edit(session, kind, each, actor):
                each.stage = CustomerStage.CUSTOMER.value
                await kind.complete(session, [each])
