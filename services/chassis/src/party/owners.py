"""The owner of a record: an employee; or, until one is matched, the text from before there were employees."""

from typing import Annotated, Any
from uuid import UUID

from chassis.replication import Group, checked, fields
from contracts.text import refuse
from localisation import Phrase
from pydantic import AfterValidator
from records import ME, Where
from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

GROUP = "owner_employee"
"""The group of the reference. The group `owner` stays a text: within `v1` no value changes its shape."""


class Owned:
    """Columns of a record that has an owner. While `owner` is a text, no employee of that name is known for certain."""

    owner: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[UUID | None]

    @property
    def owner_name(self) -> str | None:
        """The owner's name of a record that no employee is matched to yet."""
        return self.owner

    @property
    def owner_employee_id(self) -> UUID | None:
        """The announced value of `owner_employee`."""
        return self.owner_id

    def give_to(self, employee_id: UUID | None) -> None:
        """Set the owner to an employee, or to none."""
        self.owner_id, self.owner = employee_id, None


def owner_indexes(table: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    """The reference to the owner, and what finds the records of an owner and those that are to be matched."""
    return (
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        Index(None, "tenant_id", "owner_id"),
        Index(f"ix_{table}_unmatched", "tenant_id", "owner", postgresql_where=text("owner is not null")),
    )


def owner_group() -> Group:
    """The group of the reference. Delivered together with the group `owner`, it leaves that one alone."""

    def write(row: Any, value: Any) -> None:
        employee_id = checked(UUID | None, value or None, GROUP)
        row.owner_id = UUID(employee_id) if employee_id else None

    return fields(GROUP, lambda row: str(row.owner_id) if row.owner_id else None, write)


def _id_or_me(value: str) -> str:
    if value == ME:
        return value
    try:
        return str(UUID(value))
    except ValueError:
        raise refuse("owner", Phrase("{value!r} is neither the id of an employee nor `me`", value=value)) from None


OwnerId = Annotated[str, AfterValidator(_id_or_me)]
"""In a filter: the id of an employee, or `me` for the one who asks."""


def owned_by(row: Any) -> Where:
    """The condition of the filter `owner_id`."""
    return lambda employee_id: row.owner_id == UUID(employee_id)
