"""What each user of the broker may do. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

SCHEMAS = Path(__file__).parents[5] / "contracts" / "schemas"
"""The schemas of all events. They are read as files, because this package imports no code of the services."""

Resource = Literal["topic", "group"]
MAINTAIN = ("Describe", "DescribeConfigs", "AlterConfigs", "Create")
"""A service creates its missing topics and raises the message size of narrow ones."""

GROUP_OF_THE_GATEWAY = "sync-gateway"
PREFIXES = {"crm": "crm.", "erp": "erp.", "gateway": "sync."}
"""The topics that a service writes, by service."""


@dataclass(frozen=True, order=True)
class Permission:
    """One allowed operation on a resource of this name, or on all whose names begin with it."""

    resource: Resource
    name: str
    operation: str
    prefix: bool = True


def writes(prefix: str) -> set[Permission]:
    """Write the topics of a system, and create them."""
    return _topics(prefix, (*MAINTAIN, "Write"))


def reads(prefix: str, group: str) -> set[Permission]:
    """Read topics, as a member of consumer groups whose names begin with `group`."""
    return _topics(prefix, ("Describe", "Read")) | {
        Permission("group", group, operation) for operation in ("Describe", "Read")
    }


def of_service(service: str, systems: Iterable[str] = (), tenants: Iterable[str] = ()) -> set[Permission]:
    """A service writes its own topics, and the outbound topics of these tenants whose events it has; the gateway also
    reads those of our services and of further `systems`."""
    found = writes(PREFIXES[service])
    if service == "gateway":
        found |= reads("sync.", GROUP_OF_THE_GATEWAY)
        for prefix in ("crm.", "erp.", *(f"{system}." for system in systems)):
            found |= reads(prefix, GROUP_OF_THE_GATEWAY) | _topics(prefix, MAINTAIN)
    for tenant in tenants:
        for kind in outbound_kinds(service):
            topic = f"{tenant}.{kind}.v1"
            found |= {Permission("topic", topic, each, prefix=False) for each in (*MAINTAIN, "Write")}
    return found


def of_system(name: str) -> set[Permission]:
    """A system that joined over Kafka writes its own topics."""
    return writes(f"{name}.")


def of_third_party(name: str, tenants: Iterable[str]) -> set[Permission]:
    """A third party reads the outbound topics of its tenants, in consumer groups whose names begin with `<name>.`."""
    return {each for tenant in tenants for each in reads(f"{tenant}.", f"{name}.")}


@cache
def outbound_kinds(service: str) -> tuple[str, ...]:
    """The kinds that a service publishes outward: the gateway the merged ones, a spoke those that only it has."""
    published: dict[str, set[str]] = {}
    for file in SCHEMAS.glob("*.v1.json"):
        system, kind, _ = file.name.split(".", 2)
        published.setdefault(f"{system}.", set()).add(kind)
    merged = published["sync."]
    if service == "gateway":
        return tuple(sorted(merged - {"conflict"}))
    return tuple(sorted(published[PREFIXES[service]] - merged))


def _topics(prefix: str, operations: Iterable[str]) -> set[Permission]:
    return {Permission("topic", prefix, operation) for operation in operations}
