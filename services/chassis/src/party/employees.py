"""Employees and teams, as every service holds them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject
from chassis.replication import Group, Replicated, checked, family, fields
from contracts.employee import Employment, Membership
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from records import column_value
from sqlalchemy import Text, text
from sqlalchemy.orm import Mapped, mapped_column

from party.columns import JsonValue, Reachable


class EmployeeColumns(OwnFields, Reachable, Replicated):
    """An employee. `subject` is the `sub` of the person's tokens; `name_key` is derived from the name."""

    name_key: Mapped[str] = mapped_column(Text)
    position: Mapped[str | None] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    entered_on: Mapped[date | None]
    left_on: Mapped[date | None]
    working_time: Mapped[JsonObject | None] = mapped_column(JsonValue)
    manager_id: Mapped[UUID | None]

    @classmethod
    def blank(cls) -> Self:
        """A new employee with the defaults."""
        table: Any = cls
        row: Self = table(
            name="",
            search="",
            name_key="",
            email=None,
            phone=None,
            position=None,
            department=None,
            language=None,
            subject=None,
            entered_on=None,
            left_on=None,
            working_time=None,
            manager_id=None,
        )
        return row

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, column_value(type(self), field, value))
        self.name_key = name_key(self.name)
        self.derive(None)


class TeamColumns(Replicated):
    """A group of employees. `members` are their local ids, by the id that a membership has in every system."""

    name: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[UUID | None]
    members: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))

    @classmethod
    def blank(cls) -> Self:
        """A new team with the defaults."""
        table: Any = cls
        row: Self = table(name="", lead_id=None, members={})
        return row

    @property
    def member_ids(self) -> list[UUID]:
        """The employees of the team, each once."""
        return sorted({UUID(each) for each in self.members.values()})

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged. A new membership gets its id as
        its name."""
        for field, value in values.items():
            if field == "member_ids":
                self.members = {each: each for each in value}
            else:
                setattr(self, field, column_value(type(self), field, value))


def employment() -> Group:
    """The group of the first and the last day of employment."""

    def read(row: Any) -> Any:
        said = Employment(entered_on=row.entered_on, left_on=row.left_on)
        return said.model_dump(mode="json") if said.entered_on or said.left_on else None

    def write(row: Any, value: Any) -> None:
        row.change(checked(Employment, value or {}, "employment"))

    return fields("employment", read, write)


def team_members() -> Group:
    """The group of each membership of a team."""

    def read(row: Any) -> dict[str, Any]:
        return {member: {"employee": employee_id} for member, employee_id in row.members.items()}

    def write(row: Any, member: str, value: Any) -> None:
        group = f"member:{member}"
        key = checked(UUID, member, group)
        others = {name: employee_id for name, employee_id in row.members.items() if name != key}
        if value is None:
            row.members = others
            return
        employee = checked(Membership, value, group)["employee"]
        row.members = {**others, key: checked(UUID, employee, f"{group}.employee")}

    return family("member", read, write)
