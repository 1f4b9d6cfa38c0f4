"""The tables of customers and their legal entities; `party` holds what they are in every service."""

from uuid import UUID

from chassis.db import TENANT, unique
from party.columns import found_by
from party.customers import CustomerColumns
from party.legal_entities import LegalEntityColumns, found_by_tax_id
from sqlalchemy import BigInteger, CheckConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base


class LegalEntity(LegalEntityColumns, Base):
    """A counterparty of a customer; its tax id is one of its country."""

    __tablename__ = "legal_entities"
    __table_args__ = found_by_tax_id()


class Counter(Base):
    """The last number given out, per tenant and kind of number."""

    __tablename__ = "counters"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Customer(CustomerColumns, Base):
    """A customer. The database gives the number as the row is written, also to customers of other systems."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint("kind in ('company', 'person')", name="kind"),
        unique("id"),
        unique("number"),
        *found_by("customers"),
    )
    entity = LegalEntity

    number: Mapped[str] = mapped_column(Text, server_default=text("next_number('customer', 'C-')"))
    entities: Mapped[list[LegalEntity]] = relationship(lazy="raise", order_by=(LegalEntity.legal_name, LegalEntity.id))
