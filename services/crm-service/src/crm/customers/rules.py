"""Whose word counts: fields that another system keeps."""

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.errors import Conflict

KEPT_BY_ERP = ("payment_terms", "credit")


class OwnedElsewhere(Conflict):
    code = "owned-elsewhere"
    title = "Another system keeps these fields"
    hint = "Change them there; the new values arrive here by themselves."


def refuse_fields_kept_elsewhere(
    present: Mapping[str, Any], wanted: Mapping[str, Any], fields: Iterable[str] = KEPT_BY_ERP, owner: str = "erp"
) -> None:
    """Raise `OwnedElsewhere` when a field of another system would change; sending back what stands there is fine."""
    changed = [field for field in fields if wanted.get(field) != present.get(field)]
    if changed:
        detail = f"{', '.join(changed)}: kept by the {owner.upper()}, read-only here."
        raise OwnedElsewhere(owner=owner, fields=changed, detail=detail)
