"""What contacts announce, and the groups in which they are merged with those of other systems."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.replication import Kind, checked, fields, single
from contracts.groups import GROUPS
from records import rows_of

from erp.parties.contacts import queries
from erp.parties.contacts.models import Contact

SHAPES = GROUPS["contact"]
SINGLE = ("email", "phone", "position", "consent")


def _write_name(row: Contact, value: Any) -> None:
    row.change({"name": checked(SHAPES["name"].value, value, "name")})


def _create(values: Mapping[str, Any]) -> Contact:
    """A row for what is delivered; without a name that is one there is no contact."""
    checked(SHAPES["name"].value, values.get("name"), "name")
    return Contact.blank()


CONTACT = Kind(
    "contact",
    system="erp",
    create=_create,
    rows=rows_of(Contact),
    twin=queries.twin,
    required=("name",),
    groups=(
        single("customer", UUID, field="customer_id", reference="customer"),
        fields("name", lambda row: row.name, _write_name),
        *(single(name, SHAPES[name].value) for name in SINGLE),
    ),
)
