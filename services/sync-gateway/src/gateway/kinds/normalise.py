"""Normalisers: which values of a group are equal although spokes store them in different forms.

They are used only for comparison. The stored and delivered value is the original one.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from contracts.normalise import gtin_key, sku_key

from gateway.merge.policy import Json, Normaliser

_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
RENAMED = {"line": "line_id", "order_line": "order_line_id"}
"""The earlier names of fields in stored values, and their present names."""
_NOT_IN_A_TAX_ID = re.compile(r"[^0-9A-Z]")


def tidy(value: Json) -> Json:
    """Without insignificant parts: outer and doubled spaces, empty texts, empty fields and lists."""
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split()) or None
    if isinstance(value, Mapping):
        fields = {key: tidy(item) for key, item in value.items()}
        return {key: item for key, item in fields.items() if item is not None} or None
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return [item for item in map(tidy, value) if item is not None] or None


def prose(value: Json) -> Json:
    """A longer text: line breaks are significant, spaces at the ends of lines are not."""
    if not isinstance(value, str):
        return value
    lines = unicodedata.normalize("NFC", value).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip() or None


def lowered(value: Json) -> Json:
    """A case-insensitive text, such as an e-mail address."""
    tidied = tidy(value)
    return tidied.casefold() if isinstance(tidied, str) else tidied


def phone(value: Json) -> Json:
    """A telephone number without punctuation; words such as an extension are significant."""
    tidied = lowered(value)
    return _BETWEEN_DIGITS.sub("", tidied) or None if isinstance(tidied, str) else tidied


def gtin(value: Json) -> Json:
    """A trade item number of any length: its digits without leading zeros."""
    tidied = tidy(value)
    return gtin_key(tidied) if isinstance(tidied, str) else tidied


def sku(value: Json) -> Json:
    """A product's number, in the form by which CRM and ERP compare it."""
    tidied = tidy(value)
    return sku_key(tidied) if isinstance(tidied, str) else tidied


def instant(value: Json) -> Json:
    """A point in time, independent of its time zone."""
    tidied = tidy(value)
    try:
        return datetime.fromisoformat(tidied).astimezone(UTC).isoformat() if isinstance(tidied, str) else tidied
    except ValueError:
        return tidied


def flag(value: Json) -> Json:
    """A flag; false equals a missing value."""
    return value or None


def presence(value: Json) -> Json:
    """A member of a set: absent, removed and false are the same."""
    return bool(value)


def life(value: Json) -> Json:
    """The life of a record; a missing value is "alive"."""
    return value or "live"


def stage(value: Json) -> Json:
    """The stage of a customer; a missing value is "customer", as before there were stages."""
    return tidy(value) or "customer"


def legal(value: Json) -> Json:
    """A legal entity; its tax id without punctuation."""
    return _with(value, tax_id=lambda text: _NOT_IN_A_TAX_ID.sub("", str(text).upper()) or None)


def amounts(*names: str) -> Normaliser:
    """An object in which these fields, at any depth, are decimal numbers (2.50 is 2.5) and a false flag is no flag."""

    def normalise(value: Json) -> Json:
        return _decimals(_flags(_renamed(tidy(value))), names)

    normalise.__doc__ = f"An object in which {' and '.join(names)} are decimal numbers and a false flag is no flag."
    return normalise


def order_line(value: Json) -> Json:
    """An order line: its amounts are decimal numbers, its product is a reference."""
    return _decimals(_with(value, product=reference), ("quantity", "unit_price", "discount", "tax_rate"))


def membership(value: Json) -> Json:
    """A member of a team or of a meeting is a reference."""
    return _with(value, employee=reference, contact=reference)


def flags(value: Json) -> Json:
    """An object of flags: a false one is no flag."""
    return _flags(tidy(value))


def reference(value: Json) -> Json:
    """A reference: by canonical id once it is known, by its local id until then."""
    if isinstance(value, Mapping) and value.get("canonical_id"):
        return {"canonical_id": value["canonical_id"]}
    return tidy(value)


def number(value: Json) -> Json:
    """A decimal number in its shortest form, as text; other values unchanged."""
    if isinstance(value, bool):
        return value
    try:
        return format(Decimal(str(value)).normalize() + 0, "f")
    except InvalidOperation:
        return value


def _with(value: Json, **by_field: Normaliser) -> Json:
    tidied = tidy(value)
    if not isinstance(tidied, Mapping):
        return tidied
    fields = {name: by_field[name](item) if name in by_field else item for name, item in tidied.items()}
    return tidy(fields)


def _renamed(value: Json) -> Json:
    """The value with the present names of its fields, at any depth."""
    if isinstance(value, Mapping):
        return {RENAMED.get(name, name): _renamed(item) for name, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return [_renamed(item) for item in value]


def _decimals(value: Json, names: Collection[str]) -> Json:
    if isinstance(value, Mapping):
        return {name: number(item) if name in names else _decimals(item, names) for name, item in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return [_decimals(item, names) for item in value]


def _flags(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return {name: item for name, item in value.items() if item is not False} or None
