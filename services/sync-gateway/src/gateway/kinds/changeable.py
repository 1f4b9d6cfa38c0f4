"""Which policies a tenant may choose for a group. Pure."""

from contracts.groups import GOLDEN_GROUPS
from contracts.kinds.table import WRITES
from pydantic import TypeAdapter

from gateway.kinds.holders import Holdings
from gateway.kinds.spec import GroupSpec
from gateway.merge.policy import Policy

FREE = frozenset({"newest", "prefer", "manual", "max", "min"})
"""Rules that only select among the values. All others are known to the systems too, or are about states and sets."""

OF_ARCHIVING = frozenset({"update_wins", "delete_wins"})
ORDERED = frozenset({"integer", "number"})
TIMES = frozenset({"date", "date-time"})


def refusal(kind: str, group: GroupSpec, policy: Policy, holdings: Holdings) -> str | None:
    """The reason why a group may not have a policy; None when it may."""
    if group.policy.rule in OF_ARCHIVING:
        allowed = OF_ARCHIVING
    elif group.policy.rule in FREE and not group.pattern.endswith(":*"):
        allowed = FREE if _is_ordered(kind, group) else FREE - {"max", "min"}
    else:
        return f"{group.pattern} of a {kind} stays {group.policy.name}: the systems rely on it"
    if policy.rule not in allowed:
        return f"{group.pattern} of a {kind} may have {', '.join(sorted(allowed))}"
    if policy.system is not None and holdings.get(policy.system, {}).get(kind) is not WRITES:
        writers = [name for name, kinds in holdings.items() if kinds.get(kind) is WRITES]
        return f"{policy.system!r} does not write a {kind}; those that do are {', '.join(sorted(writers))}"
    return None


def _is_ordered(kind: str, group: GroupSpec) -> bool:
    """Whether the values of a group are numbers or times."""
    schema = TypeAdapter(GOLDEN_GROUPS[kind][group.pattern].value).json_schema()
    variants = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    types, formats = ({each.get(key) for each in variants} for key in ("type", "format"))
    return formats <= TIMES or bool(types & ORDERED)
