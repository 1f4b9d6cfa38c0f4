"""The declarations of customers, contacts, employees and teams, for the tables of a service."""

from dataclasses import replace
from typing import Any, TypeVar

from chassis.replication import Kind
from contracts.normalise import email_key
from pydantic import BaseModel
from records import Record
from sqlalchemy.orm import selectinload

from party.duplicates import alike
from party.me import employee_id_of
from party.owners import owned_by
from party.people import EmployeeFilters, EmployeeOut, TeamFilters, TeamOut, employee_filters, team_filters
from party.schemas import ContactFilters, ContactOut, CustomerFilters
from party.stages import keep_order

AnyRecord = Record[Any, Any, Any]
Row = TypeVar("Row")


def entered(record: str, once: str | None = None) -> str:
    """The description of creating `a contact`, which waits until `its customer is linked there`."""
    return f"Enter {record}. It is synchronised to the other systems within moments{f', once {once}' if once else ''}."


def customer_record(
    row: type[Row], body: type[BaseModel], out: type[BaseModel], kind: Kind, employees: AnyRecord, **own: Any
) -> Record[Row, Any, Any]:
    """The declaration of a service's customers; `own` replaces parts of it."""
    table: Any = row
    record: Record[Row, Any, Any] = Record(
        "customer",
        row=row,
        body=body,
        out=out,
        filters=CustomerFilters,
        sort=("name", "created_at", "updated_at"),
        kind=kind,
        loads=(selectinload(table.entities),),
        where={
            "country": lambda code: table.billing_address["country"].astext == code,
            "email": lambda text: table.email_key == (email_key(text) or text),
            "owner_id": owned_by(table),
            "owner_name": lambda text: table.owner == text,
            "tag": lambda tag: table.tags.contains([tag]),
        },
        refers={"owner_id": employees},
        callers={"owner_id": employee_id_of(employees.row)},
        prepare=keep_order,
        personal=True,
        alike=alike(table),
    )
    return replace(record, **own)


def contact_record(
    row: type[Row], body: type[BaseModel], kind: Kind, customers: AnyRecord, **own: Any
) -> Record[Row, Any, Any]:
    """The declaration of a service's contacts; `own` replaces parts of it."""
    table: Any = row
    record: Record[Row, Any, Any] = Record(
        "contact",
        row=row,
        body=body,
        out=ContactOut,
        filters=ContactFilters,
        sort=("name", "created_at", "updated_at"),
        kind=kind,
        where={"email": lambda text: table.email_key == (email_key(text) or text)},
        refers={"customer_id": customers},
        personal=True,
        alike=alike(table),
    )
    return replace(record, **own)


def employee_record(row: type[Row], body: type[BaseModel], kind: Kind, **own: Any) -> Record[Row, Any, Any]:
    """The declaration of a service's employees; `own` replaces parts of it."""
    table: Any = row
    record: Record[Row, Any, Any] = Record(
        "employee",
        row=row,
        body=body,
        out=EmployeeOut,
        filters=EmployeeFilters,
        sort=("name", "entered_on", "left_on", "created_at", "updated_at"),
        kind=kind,
        where=employee_filters(table),
    )
    return replace(record, **own)


def team_record(row: type[Row], kind: Kind, employees: AnyRecord, **own: Any) -> Record[Row, Any, Any]:
    """The declaration of a service's teams; `own` replaces parts of it."""
    table: Any = row
    record: Record[Row, Any, Any] = Record(
        "team",
        scope=employees.scope,
        row=row,
        out=TeamOut,
        filters=TeamFilters,
        sort=("name", "created_at", "updated_at"),
        kind=kind,
        where=team_filters(table),
        refers={"lead_id": employees},
    )
    return replace(record, **own)
