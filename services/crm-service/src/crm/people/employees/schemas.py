"""Shapes of requests and responses; the shared part is in `party`."""

from typing import Annotated

from party import people
from party.people import EmployeeFields
from pydantic import Field
from recurrence import ZoneName

LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
WORKS_FROM = "The local time at which a working day begins, `08:30`; 09:00, if there is none. Only the CRM has it."
ZONE = "The IANA name of the time zone in which the person works; the company's, if there is none. Only the CRM has it."


class EmployeeBody(EmployeeFields):
    """The fields of an employee that may be changed here: `email`, `phone`, `time_zone` and `works_from`. All others
    belong to the ERP."""

    time_zone: ZoneName | None = Field(default=None, description=ZONE)
    works_from: LocalTime | None = Field(default=None, description=WORKS_FROM)


class EmployeeOut(people.EmployeeOut):
    """An employee. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    time_zone: str | None
    works_from: str | None
