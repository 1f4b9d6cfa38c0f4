"""References between records: a sender's local id -> a canonical id -> the receiver's local id.

In a register a reference is `{"kind", "canonical_id"}`, or `{"kind", "system", "local_id"}` while the hub does not know
the referenced record. It is a group's whole value, or one field of it: the product of an order line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from gateway.kinds import GroupSpec, KindSpec
from gateway.merge.policy import Json
from gateway.merge.register import Event, Register

Find = Callable[[str, str, str], UUID | None]
"""(kind, system, local id) -> canonical id, or None while it is unknown."""


def named(value: Json, group: GroupSpec) -> Json:
    """The reference in a value of a group: a local id in a system, a reference in the hub; None when there is none."""
    if group.reference_field is None:
        return value
    return value.get(group.reference_field) if isinstance(value, Mapping) else None


def naming(value: Json, group: GroupSpec, reference: Json) -> Json:
    """The value with another reference in its place."""
    if group.reference_field is None:
        return reference
    return {**value, group.reference_field: reference} if isinstance(value, Mapping) else value


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

    def canonical(group: str, value: Json) -> Json:
        rule = spec.group(group)
        if rule.reference is None or value is None:
            return value
        return naming(value, rule, outward(named(value, rule), rule.reference, event.system, find))

    referring = {group: value for group, value in event.snapshot.items() if spec.refers(group)}
    if not referring and not any(spec.refers(change.group) for change in event.changes):
        return event
    return replace(
        event,
        changes=tuple(
            c._replace(old=canonical(c.group, c.old), new=canonical(c.group, c.new)) if spec.refers(c.group) else c
            for c in event.changes
        ),
        snapshot={**event.snapshot, **{group: canonical(group, value) for group, value in referring.items()}},
    )


def local_references(event: Event, spec: KindSpec) -> Iterator[tuple[str, str]]:
    """(kind, local id) of every record that the event refers to."""
    changes = ((change.group, value) for change in event.changes for value in (change.old, change.new))
    for group, value in (*event.snapshot.items(), *changes) if spec.references else ():
        if value is None or not spec.refers(group):
            continue
        rule = spec.group(group)
        if rule.reference is not None and isinstance(local_id := named(value, rule), str):
            yield rule.reference, local_id


def unresolved(value: Json) -> tuple[str, str, str] | None:
    """(kind, system, local id) of a reference that is not canonical yet."""
    if isinstance(value, Mapping) and "local_id" in value:
        return str(value["kind"]), str(value["system"]), str(value["local_id"])
    return None


def referring(registers: Mapping[str, Register], spec: KindSpec) -> Iterator[tuple[str, Register, GroupSpec]]:
    """The groups of a record that refer to others."""
    for group in registers if spec.references else ():
        if spec.refers(group):
            yield group, registers[group], spec.group(group)


def canonical_references(registers: Mapping[str, Register], spec: KindSpec) -> Iterator[UUID]:
    """The records that a record refers to, as far as the hub knows them."""
    for _, register, rule in referring(registers, spec):
        reference = named(register.value, rule)
        if isinstance(reference, Mapping) and reference.get("canonical_id"):
            yield UUID(str(reference["canonical_id"]))


def pending_references(registers: Mapping[str, Register], spec: KindSpec) -> Iterator[tuple[str, str, str]]:
    """Every reference of a record that still names a local id."""
    for _, register, rule in referring(registers, spec):
        for value in _values(register):
            if (waiting := unresolved(named(value, rule))) is not None:
                yield waiting


def resolve_references(registers: Mapping[str, Register], spec: KindSpec, find: Find) -> dict[str, Register]:
    """The registers whose references have become canonical since they were written."""
    changed = {}
    for group, register, rule in referring(registers, spec):
        if any(unresolved(named(value, rule)) for value in _values(register)):
            heads = {o: head._replace(value=_known(head.value, rule, find)) for o, head in register.heads.items()}
            after = register._replace(value=_known(register.value, rule, find), heads=heads)
            if after != register:
                changed[group] = after
    return changed


def _values(register: Register) -> Iterable[Json]:
    return (register.value, *(head.value for head in register.heads.values()))


def _known(value: Json, group: GroupSpec, find: Find) -> Json:
    waiting = unresolved(named(value, group))
    if waiting is None or (canonical_id := find(*waiting)) is None:
        return value
    return naming(value, group, {"kind": waiting[0], "canonical_id": str(canonical_id)})
