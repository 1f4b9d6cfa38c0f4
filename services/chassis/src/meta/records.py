"""The parts of the answer about records, from their declarations."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Any

from localisation import field_label, label
from pydantic import BaseModel
from records import Record
from records.allowed import needs
from records.listing import filters_of
from records.record import Verb
from records.states import States

from meta.fields import choices_of, fields_of, type_of
from meta.schemas import FieldMeta, FilterMeta, Labelled, RecordMeta, StateMeta

READING: Collection[Verb] = ("list", "read", "export")
SIGNS = {"from": "≥", "to": "≤"}
VERB = "verb"
"""The context of the labels of verbs: `Order` is a noun elsewhere."""


def record_meta(record: Record[Any, Any, Any], verbs: Collection[Verb], scopes: Collection[str]) -> RecordMeta:
    """What a caller with these scopes may see and do of a record that is served with these verbs."""
    row_fields = _fields(record, scopes)
    return RecordMeta(
        name=record.name,
        path=record.path,
        label=label(record.name),
        label_plural=label(record.plural),
        verbs=_verbs(record, verbs, scopes),
        fields=row_fields,
        states=_states(record, row_fields),
        filters=[
            FilterMeta(
                name=name,
                label=_filter_label(record, name),
                type=_filter_type(info.annotation),
                several=type_of(info.annotation) == "list",
                values=choices_of(info.annotation),
            )
            for name, info in filters_of(record).model_fields.items()
        ],
        sort=[Labelled(name=name, label=field_label(record.name, name)) for name in record.sort],
        default_sort=record.order or record.sort[0],
    )


def _verbs(record: Record[Any, Any, Any], verbs: Collection[Verb], scopes: Collection[str]) -> list[Labelled]:
    """The verbs that the scopes allow; a verb whose scopes depend on the row is one of them."""
    writes = record.write_scope in scopes
    plain = [verb for verb in record.verbs if verb in verbs and (verb in READING or writes)]
    own = [verb for verb in record.actions if writes and _permitted(record, verb, scopes)]
    return [Labelled(name=str(verb), label=label(str(verb), VERB)) for verb in (*plain, *own)]


def _permitted(record: Record[Any, Any, Any], verb: str, scopes: Collection[str]) -> bool:
    return callable(record.actions[verb]) or set(needs(record, verb, None)) <= set(scopes)


def _fields(record: Record[Any, Any, Any], scopes: Collection[str]) -> list[FieldMeta]:
    """The fields of answers, then those that only requests have."""
    creating = _shape_of(record.new or record.body, "create" in record.verbs)
    changing = _shape_of(record.body, "change" in record.verbs)
    shown, new = {each.name: each for each in fields_of(record.out)}, {each.name: each for each in creating}
    changed = {each.name: each for each in changing}
    writes = record.write_scope in scopes
    needed = record.field_scopes.scopes if record.field_scopes else {}
    owners = {**record.kept_once_linked, **record.kept_by}
    refers = {**record.expands, **record.refers}

    def field(name: str) -> FieldMeta:
        written = new.get(name) or changed.get(name)
        allowed = writes and name not in record.kept_by and needed.get(name, record.write_scope) in scopes
        reference = refers.get(name)
        described = written or shown[name]
        return described.model_copy(
            update={
                "label": field_label(record.name, name),
                "required": name in new and new[name].required,
                "writable": allowed and written is not None,
                "changeable": allowed and name in changed,
                "readable": name in shown,
                "reference": reference.name if reference else None,
                "owner": owners.get(name),
                "fields": shown.get(name, described).fields,
            }
        )

    return [field(name) for name in dict.fromkeys([*shown, *new, *changed])]


def _shape_of(shape: type[BaseModel], served: bool) -> Sequence[FieldMeta]:
    return fields_of(shape) if served else ()


def _states(record: Record[Any, Any, Any], fields: Sequence[FieldMeta]) -> list[StateMeta] | None:
    values = next((each.values for each in fields if each.name == "state"), None)
    if not values:
        return None
    table = record.allows if isinstance(record.allows, States) else None
    verbs = {} if table is None else {_name(state): [str(verb) for verb in each] for state, each in table.verbs.items()}
    following = {} if table is None else {_name(state): each for state, each in (table.following or {}).items()}
    order = [each.value for each in values]
    return [
        StateMeta(
            value=each.value,
            label=each.label,
            next=sorted(map(_name, following[each.value]), key=order.index) if each.value in following else None,
            verbs=verbs.get(each.value),
        )
        for each in values
    ]


def _name(state: Any) -> str:
    return str(state.value if isinstance(state, Enum) else state)


def _filter_label(record: Record[Any, Any, Any], name: str) -> str:
    """The label of a filter; a bound has that of its field, and a sign that every language reads."""
    field, _, bound = name.rpartition("_")
    if bound in SIGNS and name not in record.filters.model_fields:
        return f"{field_label(record.name, field)} {SIGNS[bound]}"
    return field_label(record.name, name)


def _filter_type(annotation: Any) -> Any:
    """The type of one value, of a filter that takes several."""
    kind = type_of(annotation)
    if kind != "list":
        return kind
    return "choice" if choices_of(annotation) else "text"
