"""Shapes of requests and responses; the shared part is in `party`."""

from party import people
from party.people import EmployeeFields
from pydantic import Field
from recurrence import ZoneName

ZONE = "The IANA name of the time zone in which the person works; the company's, if there is none. Only the CRM has it."


class EmployeeBody(EmployeeFields):
    """The fields of an employee that may be changed here: `email`, `phone` and `time_zone`. All others belong to the
    ERP."""

    time_zone: ZoneName | None = Field(default=None, description=ZONE)


class EmployeeOut(people.EmployeeOut):
    """An employee. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    time_zone: str | None
