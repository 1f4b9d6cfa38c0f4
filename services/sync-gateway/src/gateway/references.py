"""References between records: a sender's local id -> a canonical id -> the receiver's local id.

In a register a reference is `{"kind", "canonical_id"}`, or `{"kind", "system", "local_id"}` while the hub has not heard
of the record that it points to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from gateway.kinds import KindSpec
from gateway.policy import Json
from gateway.register import Change, Event, Register

Find = Callable[[str, str, str], UUID | None]
"""(kind, system, local id) -> canonical id, or None while it is unknown."""


def outward(value: Json, kind: str, system: str, find: Find) -> Json:
    """The canonical form of a reference that a system sent as its local id."""
    if not isinstance(value, str) or not value:
        return None
    canonical_id = find(kind, system, value)
    if canonical_id is None:
        return {"kind": kind, "system": system, "local_id": value}
    return {"kind": kind, "canonical_id": str(canonical_id)}


def translated(event: Event, spec: KindSpec, find: Find) -> Event:
    """The event with canonical references."""
    if not spec.references:
        return event
    return replace(
        event,
        changes=tuple(_change(change, event.system, spec, find) for change in event.changes),
        snapshot={
            group: outward(value, spec.references[group], event.system, find) if group in spec.references else value
            for group, value in event.snapshot.items()
        },
    )


def _change(change: Change, system: str, spec: KindSpec, find: Find) -> Change:
    kind = spec.references.get(change.group)
    if kind is None:
        return change
    return change._replace(old=outward(change.old, kind, system, find), new=outward(change.new, kind, system, find))


def unresolved(value: Json) -> tuple[str, str, str] | None:
    """(kind, system, local id) of a reference that is not canonical yet."""
    if isinstance(value, Mapping) and "local_id" in value:
        return str(value["kind"]), str(value["system"]), str(value["local_id"])
    return None


def pending_references(registers: Mapping[str, Register], spec: KindSpec) -> Iterator[tuple[str, str, str]]:
    """Every reference of a record that still names a local id."""
    for group in spec.references:
        register = registers.get(group)
        if register is not None:
            for value in (register.value, *(head.value for head in register.heads.values())):
                if (waiting := unresolved(value)) is not None:
                    yield waiting


def resolve_references(registers: Mapping[str, Register], spec: KindSpec, find: Find) -> dict[str, Register]:
    """The registers whose references have become canonical since they were written."""
    changed = {}
    for group in spec.references:
        register = registers.get(group)
        if register is None:
            continue
        heads = {o: replace(head, value=_known(head.value, find)) for o, head in register.heads.items()}
        after = replace(register, value=_known(register.value, find), heads=heads)
        if after != register:
            changed[group] = after
    return changed


def _known(value: Json, find: Find) -> Json:
    waiting = unresolved(value)
    if waiting is None or (canonical_id := find(*waiting)) is None:
        return value
    return {"kind": waiting[0], "canonical_id": str(canonical_id)}
