"""The tables of customers and their legal entities; the shared part is in `party`."""

from chassis.db import unique
from party.columns import found_by
from party.customers import CustomerColumns
from party.legal_entities import LegalEntityColumns, found_by_tax_id
from party.owners import owner_indexes
from party.stages import stage_rules
from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, relationship

from crm.tables import Base


class LegalEntity(LegalEntityColumns, Base):
    """A counterparty of a customer; its tax id may be invalid."""

    __tablename__ = "legal_entities"
    __table_args__ = found_by_tax_id()

    @property
    def tax_id_valid(self) -> bool | None:
        """Whether the tax id is valid in its country; None without a tax id."""
        return None if self.tax_id is None else self.tax_id_key is not None


class Customer(CustomerColumns, Base):
    """A customer in the CRM."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("kind in ('company', 'person')", name="kind"),
        *stage_rules(),
        unique("id"),
        *owner_indexes("customers"),
        *found_by("customers"),
    )
    entity = LegalEntity

    entities: Mapped[list[LegalEntity]] = relationship(lazy="raise", order_by=(LegalEntity.legal_name, LegalEntity.id))
