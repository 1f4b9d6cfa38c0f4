"""The table of interactions; the shared part is in `activities`."""

from uuid import UUID

from activities import InteractionColumns, interaction_indexes
from chassis.db import unique
from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class AboutDeal:
    """The deal of an interaction or a task; the ERP has no deals."""

    deal_id: Mapped[UUID | None] = mapped_column(default=None)


def deal_indexes() -> tuple[ForeignKeyConstraint | Index, ...]:
    """The reference to the deal."""
    return (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deals.tenant_id", "deals.id"]),
        Index(None, "tenant_id", "deal_id"),
    )


class Interaction(AboutDeal, InteractionColumns, Base):
    """Something that people said to each other."""

    __tablename__ = "interactions"
    __table_args__ = (unique("id"), *interaction_indexes("interactions"), *deal_indexes())
