"""Groups of participants: each participation is a register of its own."""

from typing import Any
from uuid import UUID

from chassis.replication import Group, checked, family
from contracts.activity import ContactPresence
from contracts.employee import Membership


def presences() -> tuple[Group, ...]:
    """The groups of the contacts and of the employees who take part in an interaction."""
    return _presences("contact", ContactPresence), _presences("employee", Membership)


def _presences(name: str, shape: type[Any]) -> Group:
    """The value of a member is an object with the record's id in the field `name`."""

    def read(row: Any) -> dict[str, Any]:
        return {member: {name: row_id} for member, row_id in getattr(row, name).items()}

    def write(row: Any, member: str, value: Any) -> None:
        group = f"{name}:{member}"
        key = checked(UUID, member, group)
        others = {other: row_id for other, row_id in getattr(row, name).items() if other != key}
        if value is not None:
            others[key] = checked(UUID, checked(shape, value, group)[name], f"{group}.{name}")
        setattr(row, name, others)

    return family(name, read, write)
