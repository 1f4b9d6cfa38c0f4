"""The item to send: the current values of the groups that a system is missing, with the receiver's own ids. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.deliver.families import completed
from gateway.deliver.told import plain_peers, told_of
from gateway.kinds import kind_spec
from gateway.kinds.references import named, naming, unresolved
from gateway.merge.policy import STEWARD, Json, system_of
from gateway.merge.register import Seen, edits, moment_at
from gateway.merge.seen import further
from gateway.store.deliveries import DeliveryRow, unparked
from gateway.store.links import missing_token, waiting_token
from gateway.store.records import RecordRow
from gateway.store.state import State


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch, and the data that settling its answer needs.

    `revision` is that of the delivery when the item was made; `told` is the reported state in the body; `edited_at` the
    newest edit of another system in it. `left_out` are groups that refer to records of a kind that the system does not
    hold: they are not delivered. `resolved` are groups whose reference became known after their edit was merged: the
    register has the sender's id until the receiver's event brings the canonical one, so that event is no echo.
    """

    delivery: DeliveryRow
    revision: int
    body: dict[str, Any]
    told: dict[str, Any]
    revisions: Mapping[str, int]
    left_out: Mapping[str, int]
    edited_at: datetime | None = None
    resolved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waits:
    """A reference has no local id in the receiving system yet."""

    delivery: DeliveryRow
    token: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The system has every group, and the current report on the others."""

    delivery: DeliveryRow
    revision: int
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deferred:
    """The limit of calls of this step is reached."""

    item: Item

    @property
    def delivery(self) -> DeliveryRow:
        return self.item.delivery


@dataclass
class _References:
    shown: dict[str, Any] = field(default_factory=dict)
    missing: str | None = None
    resolved: set[str] = field(default_factory=set)


def item_for(
    state: State, record: RecordRow, delivery: DeliveryRow, now: datetime, *, plain: bool = False
) -> Item | Waits | Nothing:
    """The item of one record for one system. A system that does not have the record yet gets all of it.

    `plain`: without fields that the first version of the port did not have.
    """
    registers = record.decoded
    link = state.linked.get((record.canonical_id, delivery.system))
    due = delivery.dirty(registers, now) if link else unparked(registers)
    held = state.systems.get(delivery.system, ())
    left_out = {group: registers[group].rev for group in due if _names_unheld(record, group, held)}
    groups = [group for group in due if group not in left_out]
    told = told_of(state, record, delivery.system)
    if not groups and (told == delivery.told or link is None):
        return Nothing(delivery, delivery.revision, left_out)
    groups, floors = (groups, {}) if plain else completed(registers, delivery, groups)
    references = _References()
    values = []
    for group in groups:
        value = _inward(state, record, group, _told(record, group, held), delivery.system, references)
        values.append({"group": group, "value": value, "rev": registers[group].rev})
    if references.missing is not None:
        return Waits(delivery, references.missing)
    body = {
        "canonical_id": str(record.canonical_id),
        "local_id": link.local_id if link else None,
        "seen_seq": link.seen_seq if link else 0,
        "hlc": max((head.hlc for group in groups for head in registers[group].heads.values()), default=0),
        "groups": values,
        "references": references.shown,
        "peers": told["peers"],
    }
    if plain:
        body["peers"] = plain_peers(told["peers"])
    else:
        body |= {**told, "floors": floors, "last_merged": link.last._asdict() if link and link.last else None}
        body |= {"seen": _seen(state, record)}
        body |= {"correlation_id": delivery.correlation_id} if delivery.correlation_id else {}
        body |= {"traceparent": delivery.traceparent} if delivery.traceparent else {}
    sent = {group: registers[group].rev for group in groups}
    edited_at, resolved = _edited_at(record, groups, delivery.system), frozenset(references.resolved)
    return Item(delivery, delivery.revision, body, told, sent, left_out, edited_at, resolved)


def _names_unheld(record: RecordRow, group: str, held: Container[str]) -> bool:
    """Whether the group is nothing but a reference to a record of a kind that the system does not hold."""
    rule = kind_spec(record.kind).group(group)
    return rule.reference is not None and rule.reference_field is None and rule.reference not in held


def _told(record: RecordRow, group: str, held: Container[str]) -> Json:
    """The value of a group, without a field that names a record of a kind that the system does not hold."""
    rule, value = kind_spec(record.kind).group(group), record.decoded[group].value
    if rule.reference is None or rule.reference in held or not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if name != rule.reference_field}


def _seen(state: State, record: RecordRow) -> Seen:
    """How far each system's edits are in the record: at least so far as its link says, which may have been read before.

    Heads in registers may be later; they imply all earlier edits of their system.
    """
    seen = state.merged(record.canonical_id)
    for origin, at, seq in edits(record.decoded):
        if (system := system_of(origin)) != STEWARD:
            moment = moment_at(at, seq)
            seen[system] = further(moment, seen.get(system, moment))
    return seen


def _inward(state: State, record: RecordRow, group: str, value: Json, system: str, references: _References) -> Json:
    """The value with the receiver's own id in place of what it refers to."""
    rule = kind_spec(record.kind).group(group)
    reference = named(value, rule) if rule.reference is not None else None
    if rule.reference is None or not isinstance(reference, Mapping):
        return value
    canonical_id = reference.get("canonical_id")
    if (waiting := unresolved(reference)) is not None:
        _, named_by, local_id = waiting
        if named_by == system:  # The receiver's own id of a record that the hub does not know; the receiver knows it.
            return naming(value, rule, local_id)
        known = state.links.get((record.tenant_id, *waiting))
        if known is None:
            references.missing = references.missing or waiting_token(*waiting)
            return None
        canonical_id = str(known.canonical_id)
        references.resolved.add(group)
    link = state.linked.get((UUID(str(canonical_id)), system))
    if link is None:
        references.missing = references.missing or missing_token(rule.reference, str(canonical_id), system)
        return None
    references.shown[group] = {"kind": rule.reference, "canonical_id": str(canonical_id)}
    return naming(value, rule, link.local_id)


def _edited_at(record: RecordRow, groups: list[str], system: str) -> datetime | None:
    """The newest edit of another system, at the latest when the hub merged it: its author's clock may be ahead."""
    heads = [head for group in groups for head in record.decoded[group].heads.items()]
    times = [datetime.fromisoformat(head.at) for origin, head in heads if system_of(origin) not in (system, STEWARD)]
    return min(max(times), record.changed_at) if times else None
