"""Outbound topics: the events of one tenant and one kind, `<tenant>.<kind>.v1`, for third parties.

A merged kind is published by the gateway, as golden records; a kind that only one system has by that system.
"""

from collections.abc import Collection
from functools import cache
from typing import Any

from contracts.events import EVENTS
from contracts.kinds.announced import ANNOUNCED

NEVER = frozenset({"conflict"})
OUTBOUND = {
    kind: topic
    for topic in EVENTS
    for system, kind, _ in [topic.split(".")]
    if kind not in NEVER and (system == "sync" or kind in ANNOUNCED)
}
"""Kind -> the topic whose events its outbound topics have."""


def outbound_topic(tenant: object, kind: str) -> str:
    """The name of a tenant's topic."""
    return f"{tenant}.{kind}.{OUTBOUND[kind].rpartition('.')[2]}"


@cache
def removable(kind: str) -> frozenset[str]:
    """The groups that may be left out: those that the schema does not require. A family stands for all its members."""
    schema = EVENTS[OUTBOUND[kind]].model_json_schema()
    properties = schema["properties"]
    values = properties.get("values") or properties["snapshot"]
    if "$ref" in values:
        values = schema["$defs"][values["$ref"].rpartition("/")[2]]
    families = {pattern.removeprefix("^").partition(":")[0] for pattern in values.get("patternProperties", {})}
    return frozenset(values["properties"].keys() - set(values.get("required", ())) | families)


def left_out(data: dict[str, Any], groups: Collection[str]) -> dict[str, Any]:
    """The data of an event without these groups: neither their values nor what else is said of them."""
    kept = dict(data)
    for name in ("values", "snapshot", "revisions", "policies", "sync"):
        if isinstance(kept.get(name), dict):
            kept[name] = {group: value for group, value in kept[name].items() if not _named(group, groups)}
    if "changes" in kept:
        kept["changes"] = [each for each in kept["changes"] if not _named(each["group"], groups)]
    if "parked" in kept:
        kept["parked"] = [group for group in kept["parked"] if not _named(group, groups)]
    return kept


def _named(group: str, groups: Collection[str]) -> bool:
    return group in groups or group.partition(":")[0] in groups
