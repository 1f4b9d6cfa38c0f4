"""What customers announce, and the groups in which they are merged with those of other systems."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.replication import Kind, checked, family, fields, single
from contracts.groups import GROUPS
from records import rows_of
from sqlalchemy.orm import selectinload

from crm.parties.customers import queries
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import LegalEntityBody

SHAPES = GROUPS["customer"]
SINGLE = (
    "email", "phone", "website", "billing_address", "shipping_address", "language", "currency", "owner", "segment",
    "source", "payment_terms", "credit",
)  # fmt: skip


def _read_name(row: Customer) -> dict[str, Any]:
    return {"name": row.name, "kind": row.kind}


def _write_name(row: Customer, value: Any) -> None:
    row.change(checked(SHAPES["name"].value, value, "name"))


def _write_notes(row: Customer, value: Any) -> None:
    row.change({"notes": checked(SHAPES["notes"].value, value, "notes") or ""})


def _read_legal(row: Customer) -> dict[str, Any]:
    return {str(entity.id): entity.value() for entity in row.legal_entities}


def _write_legal(row: Customer, member: str, value: Any) -> None:
    group = f"legal:{member}"
    entity_id = UUID(checked(SHAPES["legal"].member, member, group))
    row.set_legal_entity(entity_id, checked(LegalEntityBody, value, group) if value else None)


def _write_tag(row: Customer, member: str, value: Any) -> None:
    tag = checked(SHAPES["tag"].member, member, "tag")
    row.change({"tags": {*row.tags, tag} if value else {*row.tags} - {tag}})


def _write_custom(row: Customer, member: str, value: Any) -> None:
    """A value of a field that is not declared here is kept all the same: it was declared where it was entered."""
    key = checked(SHAPES["custom"].member, member, "custom")
    row.change({"custom": {**row.custom, key: checked(SHAPES["custom"].value, value, f"custom:{key}")}})


def _create(values: Mapping[str, Any]) -> Customer:
    """A row for what is delivered; without a name that is one there is no customer."""
    checked(SHAPES["name"].value, values.get("name"), "name")
    return Customer.blank()


CUSTOMER = Kind(
    "customer",
    system="crm",
    create=_create,
    rows=rows_of(Customer, selectinload(Customer.entities)),
    twin=queries.twin,
    required=("name",),
    groups=(
        fields("name", _read_name, _write_name),
        family("legal", _read_legal, _write_legal),
        *(single(name, SHAPES[name].value) for name in SINGLE),
        fields("notes", lambda row: row.notes, _write_notes),
        family("tag", lambda row: dict.fromkeys(row.tags, True), _write_tag),
        family("custom", lambda row: row.custom, _write_custom),
    ),
)
