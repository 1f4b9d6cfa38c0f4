"""The table of contacts; the shared part is in `party`."""

from chassis.db import unique
from party.columns import found_by
from party.contacts import ContactColumns
from sqlalchemy import ForeignKeyConstraint, Index

from crm.tables import Base


class Contact(ContactColumns, Base):
    """A person, at a customer of this service or without one."""

    __tablename__ = "contacts"
    __table_args__ = (
        # The tenant is part of the foreign key: a contact cannot refer to a record of another tenant.
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("id"),
        Index(None, "tenant_id", "customer_id"),
        *found_by("contacts"),
    )
