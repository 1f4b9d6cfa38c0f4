"""Shapes of requests and responses about employees and teams, and their filters."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.replication import Shown
from contracts.contact import PersonName
from contracts.custom import OwnValues
from contracts.employee import WorkingTime
from contracts.normalise import email_key
from contracts.text import NameText, Optional, OptionalNameText, OptionalShortText
from contracts.values import EmailText, Language, PhoneText
from localisation import Phrase
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from records import Meanings, SharedFilters
from sqlalchemy import ColumnElement, cast, func
from sqlalchemy.dialects.postgresql import JSONPATH

MOST_MEMBERS = 200


class EmployeeFields(BaseModel):
    """The writable fields of an employee."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Nancy Davolio",
                    "email": "nancy@northwind.example",
                    "position": "Sales Representative",
                    "department": "Sales",
                    "entered_on": "1992-05-01",
                    "working_time": {"monday": "8", "tuesday": "8", "wednesday": "8", "thursday": "8", "friday": "6"},
                }
            ]
        },
    )

    name: PersonName
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    position: OptionalShortText = None
    department: OptionalShortText = None
    language: Optional[Language] = None
    manager_id: UUID | None = Field(default=None, description="The manager of this employee.")
    working_time: WorkingTime | None = Field(default=None, description="Hours on each day of the week.")
    entered_on: date | None = None
    left_on: date | None = Field(default=None, description="The last day of employment.")
    subject: OptionalNameText = Field(default=None, description="The `sub` of the person's tokens; unique.")
    custom: OwnValues = Field(default={})

    @model_validator(mode="after")
    def _enters_before_leaving(self) -> Self:
        if self.entered_on and self.left_on and self.entered_on > self.left_on:
            raise ValueError(Phrase("`entered_on` is after `left_on`"))
        return self


class EmployeeOut(Shown):
    """An employee. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    name: str
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    position: str | None
    department: str | None
    language: str | None
    manager_id: UUID | None
    working_time: WorkingTime | None
    entered_on: date | None
    left_on: date | None
    subject: str | None
    custom: dict[str, Any]


class EmployeeFilters(SharedFilters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone.")
    email: str | None = None
    department: str | None = None
    position: str | None = None
    manager_id: UUID | None = None
    subject: str | None = None


def _each_once(ids: list[UUID]) -> list[UUID]:
    return sorted(set(ids))


class TeamFields(BaseModel):
    """The writable fields of a team."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Sales London"}]})

    name: NameText
    lead_id: UUID | None = Field(default=None, description="The employee who leads the team.")
    member_ids: Annotated[list[UUID], Field(max_length=MOST_MEMBERS), AfterValidator(_each_once)] = []


class TeamOut(Shown):
    """A team; `member_ids` are its employees."""

    name: str
    lead_id: UUID | None
    member_ids: list[UUID]


class TeamFilters(SharedFilters):
    """Filters of the list; all given filters must match."""

    name: str | None = None
    lead_id: UUID | None = None
    member_id: UUID | None = Field(default=None, description="An employee who is in the team.")


def employee_filters(employee: Any) -> Meanings:
    """The conditions of the filters of employees in a service's table."""
    return {"email": lambda text: employee.email_key == (email_key(text) or text)}


def team_filters(team: Any) -> Meanings:
    """The conditions of the filters of teams in a service's table."""

    def has_member(employee_id: UUID) -> ColumnElement[bool]:
        named = func.jsonb_build_object("id", str(employee_id))
        return func.jsonb_path_exists(team.members, cast("$.* ? (@ == $id)", JSONPATH), named)

    return {"member_id": has_member}
