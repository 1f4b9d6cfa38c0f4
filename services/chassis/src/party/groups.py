"""Groups of customers that are more than one column: the name with the kind, the owner, and each legal entity."""

from typing import Any
from uuid import UUID

from chassis.replication import Group, checked, family, fields
from contracts.customer import PartyName

from party.owners import owner_group


def customer_groups(entity_shape: type[Any]) -> tuple[Group, ...]:
    """The groups of a customer with this shape of legal entities."""

    def write_legal(row: Any, member: str, value: Any) -> None:
        group = f"legal:{member}"
        entity_id = UUID(checked(UUID, member, group))
        row.set_legal_entity(entity_id, checked(entity_shape, value, group) if value else None)

    return (
        fields("name", lambda row: {"name": row.name, "kind": row.kind}, _write_name),
        owner_group(),
        family("legal", _read_legal, write_legal),
    )


def _write_name(row: Any, value: Any) -> None:
    row.change(checked(PartyName, value, "name"))


def _read_legal(row: Any) -> dict[str, Any]:
    return {str(entity.id): entity.value() for entity in row.legal_entities}
