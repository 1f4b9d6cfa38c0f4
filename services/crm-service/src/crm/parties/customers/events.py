"""Customers as the CRM holds them; `contracts.kinds.customer` says what they are made of."""

from typing import Any
from uuid import UUID

from chassis.replication import checked, family, fields, kind_from
from contracts.customer import PartyName
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from crm.parties.customers import queries
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import LegalEntityBody


def _read_legal(row: Customer) -> dict[str, Any]:
    return {str(entity.id): entity.value() for entity in row.legal_entities}


def _write_legal(row: Customer, member: str, value: Any) -> None:
    group = f"legal:{member}"
    entity_id = UUID(checked(UUID, member, group))
    row.set_legal_entity(entity_id, checked(LegalEntityBody, value, group) if value else None)


def _write_name(row: Customer, value: Any) -> None:
    row.change(checked(PartyName, value, "name"))


CUSTOMER = kind_from(
    kinds.CUSTOMER,
    fields("name", lambda row: {"name": row.name, "kind": row.kind}, _write_name),
    family("legal", _read_legal, _write_legal),
    system="crm",
    row=Customer,
    rows=rows_of(Customer, selectinload(Customer.entities)),
    twin=queries.twin,
)
