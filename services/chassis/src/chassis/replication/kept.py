"""Fields that another system owns: shown here, and read-only."""

from collections.abc import Iterable, Mapping
from typing import Any

from localisation import Phrase

from chassis.errors import Conflict


class OwnedElsewhere(Conflict):
    """Only the owner changes these fields; a value written here would be reverted."""

    code = "owned-elsewhere"
    title = "Another system owns these fields"
    hint = "Change them in that system; the new values are delivered here automatically."


def refuse_kept_by(owner: str, fields: Iterable[str], present: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises `OwnedElsewhere` when a field of the owner would change; an unchanged value is accepted."""
    changed = [field for field in fields if wanted.get(field) != present.get(field)]
    if changed:
        detail = Phrase(
            "{changed}: owned by the {upper}, read-only here.", changed=", ".join(changed), upper=owner.upper()
        )
        raise OwnedElsewhere(owner=owner, fields=changed, detail=detail)
