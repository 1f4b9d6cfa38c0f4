"""Fields that another system keeps: shown here, and read-only."""

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.errors import Conflict


class OwnedElsewhere(Conflict):
    """Only the owner changes these fields; what is written here all the same would be reverted."""

    code = "owned-elsewhere"
    title = "Another system keeps these fields"
    hint = "Change them there; the new values arrive here by themselves."


def refuse_kept_by(owner: str, fields: Iterable[str], present: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise `OwnedElsewhere` when a field of the owner would change; sending back what stands there is fine."""
    changed = [field for field in fields if wanted.get(field) != present.get(field)]
    if changed:
        detail = f"{', '.join(changed)}: kept by the {owner.upper()}, read-only here."
        raise OwnedElsewhere(owner=owner, fields=changed, detail=detail)
