"""Whether published documents are compatible with those of the last release. Pure.

Additions are compatible. What breaks a client of the release is a finding: a removed operation or field, another type,
fewer accepted values, a new required input.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Schema = Mapping[str, Any]
Direction = Literal["input", "output"]
"""Who writes values of a schema: clients (`input`), or a service (`output`)."""

UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
METHODS = frozenset({"get", "put", "post", "patch", "delete"})


def document_findings(before: Schema, now: Schema, today: date = date.min) -> list[str]:
    """How an OpenAPI document breaks clients of an earlier one. What had been deprecated may go after its sunset."""
    found: list[str] = []
    for path, item in before["paths"].items():
        for method in METHODS & item.keys():
            name = f"{method.upper()} {path}"
            operation = now["paths"].get(path, {}).get(method)
            if operation is None:
                if not _over(item[method], today):
                    found.append(f"{name} is removed{_until(item[method])}")
            else:
                found += _Operation(before, now, name, today).findings(item[method], operation)
    return sorted(found)


def schema_findings(before: Schema, now: Schema, name: str, today: date = date.min) -> list[str]:
    """How a schema of events breaks who reads them, and who wrote or kept earlier ones."""
    directions: tuple[Direction, ...] = ("input", "output")
    found = [line for each in directions for line in compared(before, now, before, now, name, each, today)]
    return sorted(set(found))


def compared(
    old: Schema,
    new: Schema,
    before: Schema,
    now: Schema,
    place: str,
    direction: Direction,
    today: date = date.min,
) -> list[str]:
    """The findings of one schema; `before` and `now` are the documents in which references are resolved."""
    return list(_Compare(before, now, direction, today).schemas(old, new, place))


@dataclass(frozen=True)
class _Operation:
    before: Schema
    now: Schema
    name: str
    today: date

    def findings(self, old: Schema, new: Schema) -> Iterator[str]:
        yield from self._parameters(old, new)
        yield from self._body(old.get("requestBody", {}), new.get("requestBody", {}))
        for status, response in old.get("responses", {}).items():
            if not status.startswith("2"):
                continue
            if status not in new.get("responses", {}):
                yield f"{self.name}: the answer {status} is removed"
                continue
            contents = new["responses"][status].get("content", {})
            yield from self._contents(response.get("content", {}), contents, f"{self.name} {status}", "output")
        if not all(any(each <= known for each in _scopes(new)) for known in _scopes(old)):
            yield f"{self.name}: needs {_in_words(_scopes(new))}, and needed {_in_words(_scopes(old))}"

    def _parameters(self, old: Schema, new: Schema) -> Iterator[str]:
        known = {(each["in"], each["name"]): each for each in old.get("parameters", ())}
        given = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
        for (where, name), parameter in known.items():
            place = f"{self.name}: {where} parameter {name}"
            if (where, name) not in given:
                yield f"{place} is removed"
                continue
            other = given[(where, name)]
            if other.get("required") and not parameter.get("required"):
                yield f"{place} is required now"
            yield from compared(parameter["schema"], other["schema"], self.before, self.now, place, "input", self.today)
        for (where, name), parameter in given.items():
            if (where, name) not in known and parameter.get("required"):
                yield f"{self.name}: the new {where} parameter {name} is required"

    def _body(self, old: Schema, new: Schema) -> Iterator[str]:
        if new.get("required") and not old.get("required"):
            yield f"{self.name}: a body is required now"
        yield from self._contents(old.get("content", {}), new.get("content", {}), f"{self.name} body", "input")

    def _contents(self, old: Schema, new: Schema, place: str, direction: Direction) -> Iterator[str]:
        for media_type, content in old.items():
            if media_type not in new:
                yield f"{place}: {media_type} is removed"
            elif "schema" in content:
                other = new[media_type].get("schema", {})
                yield from compared(content["schema"], other, self.before, self.now, place, direction, self.today)


def _scopes(operation: Schema) -> list[set[str]]:
    """The scopes of each alternative; one of them is sufficient."""
    found = [{scope for scopes in each.values() for scope in scopes} for each in operation.get("security", ())]
    return found or [set()]


def _in_words(alternatives: Sequence[set[str]]) -> str:
    return " or ".join(", ".join(sorted(each)) for each in alternatives) or "no scope"


class _Compare:
    """Compares schemas of two documents. A pair of references is followed once."""

    def __init__(self, before: Schema, now: Schema, direction: Direction, today: date) -> None:
        self.today = today
        self.before = before
        self.now = now
        self.direction = direction
        self._followed: set[tuple[str, str]] = set()

    def schemas(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old or "$ref" in new:
            if pair in self._followed:
                return
            self._followed.add(pair)
        old, new = resolved(old, self.before), resolved(new, self.now)
        known, given = _alternatives(old, self.before), _alternatives(new, self.now)
        if len(known) == 1 and len(given) == 1:
            yield from self._single(known[0], given[0], place)
            return
        yield from self._several(known, given, place)

    def _several(self, known: list[Schema], given: list[Schema], place: str) -> Iterator[str]:
        """Each alternative that may be sent must be one that is understood."""
        sent, understood = (known, given) if self.direction == "input" else (given, known)
        for each in sent:
            fits = [other for other in understood if _kind(other) == _kind(each)] or understood
            tried = [self._tried(each, other, place) for other in fits]
            if all(tried):
                yield from min(tried, key=len)

    def _tried(self, sent: Schema, understood: Schema, place: str) -> list[str]:
        old, new = (sent, understood) if self.direction == "input" else (understood, sent)
        again = _Compare(self.before, self.now, self.direction, self.today)
        again._followed = set(self._followed)
        return list(again.schemas(old, new, place))

    def _single(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        if not self._same_types(_types(old), _types(new)):
            yield f"{place}: the type {_named(old)} has become {_named(new)}"
            return
        if self.direction == "input":
            yield from _narrowed(old, new, place)
        yield from self._properties(old, new, place)
        for part in ("items", "additionalProperties"):
            if isinstance(old.get(part), Mapping) and isinstance(new.get(part), Mapping):
                yield from self.schemas(old[part], new[part], f"{place}[]")
        for one, other in zip(old.get("prefixItems", ()), new.get("prefixItems", ()), strict=False):
            yield from self.schemas(one, other, f"{place}[]")
        for pattern, schema in old.get("patternProperties", {}).items():
            if pattern not in new.get("patternProperties", {}):
                yield f"{place}: fields that match {pattern} are removed"
            else:
                yield from self.schemas(schema, new["patternProperties"][pattern], f"{place}.{pattern}")

    def _same_types(self, old: frozenset[str], new: frozenset[str]) -> bool:
        sent, understood = (old, new) if self.direction == "input" else (new, old)
        if not understood or (not sent and self.direction == "output"):
            return not understood or not sent
        return bool(sent) and all(each in understood or (each == "integer" and "number" in understood) for each in sent)

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        known, given = old.get("properties", {}), new.get("properties", {})
        before, now = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in known.items():
            if name in given:
                yield from self.schemas(schema, given[name], f"{place}.{name}")
            elif not _over(schema, self.today):
                yield f"{place}.{name} is removed{_until(schema)}"
        if self.direction == "input":
            yield from (f"{place}.{name} is required now" for name in sorted(now - before))
        else:
            yield from (f"{place}.{name} may be missing now" for name in sorted((before - now) & given.keys()))


def _over(deprecated: Schema, today: date) -> bool:
    """Whether what the release had announced as deprecated may be removed by now."""
    return "x-sunset" in deprecated and date.fromisoformat(deprecated["x-sunset"]) <= today


def _until(deprecated: Schema) -> str:
    return f" before its sunset, {deprecated['x-sunset']}" if "x-sunset" in deprecated else ""


def _narrowed(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Values that the earlier schema accepts, and the new one does not."""
    if (values := _values(new)) is not None:
        before = _values(old)
        if before is None:
            yield f"{place}: only certain values are accepted now"
        elif lost := [value for value in before if value not in values]:
            yield f"{place}: {', '.join(map(str, lost))} is not accepted any more"
    for bound in UPPER:
        if bound in new and new[bound] < old.get(bound, float("inf")):
            yield f"{place}: {bound} is {new[bound]} now"
    for bound in LOWER:
        if bound in new and new[bound] > old.get(bound, 0 if bound.startswith("min") and bound != "minimum" else -1e99):
            yield f"{place}: {bound} is {new[bound]} now"
    for rule in ("pattern", "format"):
        if rule in new and new[rule] != old.get(rule):
            yield f"{place}: the {rule} {new[rule]} is required now"


def resolved(schema: Schema, document: Schema) -> Schema:
    """A schema with its own reference followed; other keywords beside it are kept."""
    while "$ref" in schema:
        node: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        schema = {**node, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _alternatives(schema: Schema, document: Schema) -> list[Schema]:
    """The alternatives of a union, of types too; a schema that is none is its only alternative."""
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return [inner for each in schema[union] for inner in _alternatives(resolved(each, document), document)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": each} for each in schema["type"]]
    return [schema]


def _kind(schema: Schema) -> tuple[frozenset[str], str]:
    """What tells the alternatives of a union apart: their type, and a constant that discriminates objects."""
    constants = {name: each.get("const") for name, each in schema.get("properties", {}).items() if "const" in each}
    return _types(schema), str(sorted(constants.items()))


def _types(schema: Schema) -> frozenset[str]:
    declared = schema.get("type")
    if declared is None:
        return frozenset({_type_of(value) for value in _values(schema) or ()})
    return frozenset(declared) if isinstance(declared, list) else frozenset({declared})


def _type_of(value: Any) -> str:
    names = {bool: "boolean", str: "string", int: "integer", float: "number", type(None): "null"}
    return names.get(type(value), "object")


def _named(schema: Schema) -> str:
    return " or ".join(sorted(_types(schema))) or "any"


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values
