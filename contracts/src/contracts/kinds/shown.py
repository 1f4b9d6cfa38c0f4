"""The tables of kinds as Markdown: the holders of a kind, and the policy of each group."""

from collections.abc import Iterator

from contracts.kinds import TABLES
from contracts.kinds.policies import Policy
from contracts.kinds.table import READS, WRITES, KindTable

_WORDS = {
    "newest": "the newest value",
    "prefer": "the {system}'s value, if it has one; else the newest",
    "strict": "only the {system} writes",
    "strict_once_linked": "the creating system writes; once linked only the {system}",
    "member": "each member is merged alone; adding wins over removing",
    "manual": "a person decides",
    "machine": "the later state; states that cannot be joined wait for a person",
    "update_wins": "an update wins over a delete",
}


def policies_table() -> str:
    """A Markdown table with a row for each policy of each kind."""
    rows = (f"| {' | '.join(row)} |" for table in TABLES.values() for row in _rows(table))
    return "\n".join(["| kind | groups | policy |", "|---|---|---|", *rows])


def _rows(table: KindTable) -> Iterator[tuple[str, str, str]]:
    groups: dict[str, list[str]] = {}
    for group in table.groups:
        groups.setdefault(_sentence(group.policy), []).append(group.name)
    shown = f"**{table.name.replace('_', ' ')}** ({_holders(table)})"
    for policy, names in groups.items():
        yield shown, "all" if len(groups) == 1 else ", ".join(f"`{name}`" for name in names), policy
        shown = ""


def _holders(table: KindTable) -> str:
    writers = [system.upper() for system, access in table.holders.items() if access is WRITES]
    readers = [system.upper() for system, access in table.holders.items() if access is READS]
    said = ((writers, "written"), (readers, "read"))
    return ", ".join(f"{verb} by {' and '.join(each)}" for each, verb in said if each)


def _sentence(policy: Policy) -> str:
    said = _WORDS[policy.rule].format(system=(policy.system or "").upper())
    if policy.then is None:
        return said
    then = _WORDS[policy.then.policy.rule].format(system=(policy.then.policy.system or "").upper())
    return f"{said} until `{policy.then.group}` advances, then {then}"
