"""The tables of customers and their legal entities; the shared part is in `party`."""

import numbering
from chassis.db import unique
from party.columns import found_by
from party.customers import CustomerColumns
from party.legal_entities import LegalEntityColumns, found_by_tax_id
from party.owners import owner_indexes
from party.stages import stage_rules
from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base

NUMBERS = numbering.Series("customer", "C-", dated=False)


class LegalEntity(LegalEntityColumns, Base):
    """A counterparty of a customer; its tax id is valid in its country."""

    __tablename__ = "legal_entities"
    __table_args__ = found_by_tax_id()


class Customer(CustomerColumns, Base):
    """A customer. Its number is given before it is announced, also to those of other systems; a prospect has none."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("kind in ('company', 'person')", name="kind"),
        CheckConstraint("stage = 'prospect' or number is not null", name="numbered"),
        *stage_rules(),
        unique("id"),
        unique("number"),
        *owner_indexes("customers"),
        *found_by("customers"),
    )
    entity = LegalEntity

    number: Mapped[str | None] = mapped_column(Text)
    entities: Mapped[list[LegalEntity]] = relationship(lazy="raise", order_by=(LegalEntity.legal_name, LegalEntity.id))
