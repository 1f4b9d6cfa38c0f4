"""Bodies that are well-formed JSON and mostly absurd: drawn from the schemas, their bounds, and what lies beyond."""

import re
from collections import defaultdict
from random import Random
from typing import Any

from .operations import Document, Operation, Schema

Json = Any
MEBIBYTE = 2**20
DECIMALS = (
    "0", "1", "3", "0.0001", "0.05", "0.9999", "12.5", "99.99", "999999", "999999999999", "999999999999.9999",
    "99999999999999.9999", "999999999999999", "999999999999999.9999", "-1", "-999999999999999.9999",
)  # fmt: skip
DATES = ("2026-03-01", "2026-11-22", "1996-07-04", "0001-01-01", "9999-12-31", "2024-02-29")
TIMES = ("2026-03-01T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-03-01T12:00:00+14:00")
POSITIVE = tuple(each for each in DECIMALS if float(each) > 0)
FRACTIONS = ("0", "0.05", "0.9999", "1")
TEXTS = ("Chai", "a", "Ünïcödé 日本", "O'Brien; drop table--", "=1+1", "{reason}", "%s %(a)s", "😀", "x-1")
KEYS = ("a", "b_2", "sales", "x" * 50)
SHARES = (0.1, 0.3, 0.9)
"""How many of the fields that may be left out are there."""

KNOWN: dict[str, tuple[str, ...]] = {
    "currency": ("EUR", "JPY", "KWD"),
    "country": ("DE", "AT", "US"),
    "email": ("anna@example.com", "a@b.example"),
    "phone": ("030-0074321", "+49 30 1", "555"),
    "website": ("example.com", "https://example.com/a?b=c"),
    "language": ("de", "en-US"),
    "iban": ("DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32"),
    "gtin": ("4006381333931", "96385074"),
    "tax_class": ("standard", "reduced", "exempt"),
    "month": ("2026-03", "0001-01", "9999-12"),
    "pipeline": ("sales",),
    "stage": ("qualification", "needs"),
    **dict.fromkeys(("quantity", "amount", "min_quantity", "unit_price", "unit_cost", "factor", "counted"), POSITIVE),
    **dict.fromkeys(("discount", "rate", "tax_rate", "probability", "everyone", "roles"), FRACTIONS),
}
"""Property -> values of it that are right; a text of any letters would be refused before it is of interest."""

ABSURD: tuple[Json, ...] = (
    None, True, False, 0, -1, 10**15, 2**31, 2**63, -(2**63) - 1, 10**400, 1.5, 1e308, "", " ", "\x00", "a\tb",
    "\ud800", "a\udfffb", "\u202eabc", "\u2028", "\uffff", "\U0010ffff", "é" * 10_001, "x" * MEBIBYTE, "9" * 5_000,
    "1e999", "NaN", "-0", "٣", "999999999999999999999", "0000-00-00", "9999-12-31", "0001-01-01",
    "9999-12-31T23:59:59.999999-23:59", [], {},
    [None], [[]], {"": ""}, {"\x00": 1}, {"a": {"b": {"c": []}}}, ["x"] * 10_000,
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
NOBODY = "01900000-0000-7000-8000-0000000000ff"
RECENT = 20
"""Among so many records, those told of last, a reference is chosen."""

DEEP = 3_000
"""How deep lists are nested in the one body that is nothing else."""


class Known:
    """Ids of records that a service has told of, by what they are ids of."""

    def __init__(self) -> None:
        self._ids: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def __getitem__(self, name: str) -> list[str]:
        return list(self._ids[name])

    def learn(self, answer: Json, name: str) -> None:
        """Take every id out of an answer; `name` is what the answer is about."""
        if isinstance(answer, list):
            for each in answer:
                self.learn(each, name)
        if not isinstance(answer, dict):
            return
        for key, value in answer.items():
            about = name if key in ("id", "items") else key.removesuffix("_id")
            if isinstance(value, str) and (key == "id" or key.endswith("_id")):
                self._ids[about][value] = None
            else:
                self.learn(value, about if key == "items" else singular(key))


def singular(word: str) -> str:
    """`price_list` of `price-lists`."""
    return word.replace("-", "_").removesuffix("s")


class Bodies:
    """What operations of one service are sent; every choice is `random`'s."""

    def __init__(self, document: Document, known: Known, random: Random) -> None:
        self.document = document
        self.known = known
        self.random = random

    def body(self, operation: Operation, percent: int) -> Json:
        """A body in which so many values in a hundred are absurd."""
        assert operation.body is not None
        body = self._value(operation.body, "", percent)
        if operation.is_patch and isinstance(body, dict) and body:
            kept = self.random.sample(sorted(body), min(len(body), self.random.randint(1, 3)))
            body = {name: self.random.choice([body[name], body[name], None]) for name in kept}
        return body

    def parameter(self, name: str, schema: Schema) -> str:
        """A value for an address."""
        return str(self._value(schema, name, 0))

    def _value(self, schema: Schema, name: str, percent: int) -> Json:
        if self.random.randrange(100) < percent:
            return self.random.choice(ABSURD)
        schema = self.document.resolved(schema)
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self._value(self.random.choice(schema[choice]), name, percent)
        if "const" in schema or "enum" in schema:
            return self.random.choice(schema.get("enum") or [schema["const"]])
        kinds = {"object": self._object, "array": self._array, "string": self._text}
        kind = schema.get("type")
        if kind in kinds:
            return kinds[kind](schema, name, percent)
        plain: dict[Any, list[Json]] = {"boolean": [False, True], "null": [None], None: [*TEXTS, 1, None, {}]}
        return self.random.choice(plain[kind] if kind in plain else _numbers(schema))

    def _object(self, schema: Schema, name: str, percent: int) -> Json:
        properties, share = schema.get("properties", {}), self.random.choice(SHARES)
        chosen = [each for each in properties if each in schema.get("required", ()) or self.random.random() < share]
        found = {each: self._value(properties[each], each, percent) for each in chosen}
        more = schema.get("additionalProperties")
        if not properties and isinstance(more, dict) and self.random.random() < share:
            found = {self.random.choice(KEYS): self._value(more, name, percent)}
        return found

    def _array(self, schema: Schema, name: str, percent: int) -> Json:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3)
        size = self.random.choice([least, 1, 1, 2, 2, 3])
        items = [self._value(schema.get("items", {}), name, percent) for _ in range(min(max(size, least), most))]
        if items and self.random.randrange(40) == 0:
            return items[:1] * (most + self.random.randint(0, 1))
        return items

    def _text(self, schema: Schema, name: str, _percent: int) -> str:
        match schema.get("format"):
            case "uuid":
                ids = self.known[singular(name).removesuffix("_id")]
                return self.random.choice([*ids[-RECENT:], NOBODY]) if ids else NOBODY
            case "date":
                return self.random.choice(DATES)
            case "date-time":
                return self.random.choice(TIMES)
        pattern, least = schema.get("pattern", ""), schema.get("minLength", 0)
        most: int = schema.get("maxLength", 200)
        free = (*TEXTS, self.random.randbytes(6).hex(), self.random.randbytes(3).hex(), *DECIMALS, *KEYS, "ä" * most)
        fitting: list[str] = [
            each for each in KNOWN.get(name, free) if least <= len(each) <= most and re.search(pattern, each)
        ]
        return self.random.choice(fitting or ["ä" * most, "x" * most])


def _numbers(schema: Schema) -> list[int]:
    least, most = int(schema.get("minimum", 0)), int(schema.get("maximum", 10**15))
    return sorted({least, most, min(max(1, least), most), min(max(30, least), most)})


def nested() -> str:
    """Lists in lists, as JSON text: Python would fail to write them."""
    return "[" * DEEP + "]" * DEEP
