"""The match keys of a record, computed from the groups that the tables of kinds name. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from contracts.kinds import TABLES
from contracts.kinds.match import Match
from contracts.normalise import (
    company_name_key,
    email_key,
    gtin_key,
    name_key,
    phone_digits,
    phone_e164,
    reference_key,
    sku_key,
)
from contracts.tax import tax_number

Values = Mapping[str, Any]

MIN_DIGITS = 6
"""Fewer digits are an extension, not a phone number."""

REMEMBERED = 2048
"""Keys are asked for when a batch is read, when a record is identified, and when its keys are stored."""


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """The keys that identify a record.

    `strong` keys (`tax:DE:DE136695976`, `sku:chai-1`) belong to one record only; they are sorted by precedence.
    `medium` keys (`email:...`, `phone:+49...`) may be shared by several. `name` is compared, not looked up.
    `belongs_to` is the canonical id of the owning record (a contact's customer), when it is known. `hints` find records
    for a person to check; they never link.
    """

    strong: tuple[str, ...] = ()
    medium: tuple[str, ...] = ()
    name: str = ""
    belongs_to: str | None = None
    hints: tuple[str, ...] = ()

    @property
    def lookup(self) -> tuple[str, ...]:
        """All keys under which candidates are found, and which are locked against concurrent creates."""
        return (*self.strong, *self.medium, *self.hints)


class _Parts(NamedTuple):
    """The groups and families of a kind by their roles, each with its role, in the order of the table."""

    identifying: frozenset[str]
    by_role: Mapping[str, Sequence[tuple[str, Match]]]

    def of(self, role: str) -> Sequence[tuple[str, Match]]:
        return self.by_role.get(role, ())


@cache
def _parts(kind: str) -> _Parts:
    groups = TABLES[kind].groups if kind in TABLES else ()
    by_role: dict[str, list[tuple[str, Match]]] = {}
    for group in groups:
        for match in group.match:
            by_role.setdefault(match.part, []).append((group.name, match))
    named = (name for parts in by_role.values() for group, match in parts for name in (group, *match.reads))
    return _Parts(frozenset(named), by_role)


def identifying(kind: str) -> frozenset[str]:
    """The groups and families from which keys of the kind are computed."""
    return _parts(kind).identifying


def match_keys(kind: str, values: Values, country: str | None = None) -> MatchKeys:
    """The keys of a record of this kind; none for a kind that is not matched.

    `country` is used for phone numbers without a prefix when the record has no country of its own (a contact's is its
    customer's). Values that violate the contracts are skipped.
    """
    named = identifying(kind)
    read = {group: value for group, value in values.items() if group.partition(":")[0] in named}
    try:
        return _remembered(kind, orjson.dumps(read).decode(), country)  # Bytes keep a block of 4 KiB each.
    except TypeError:  # A value that no event can have.
        return _computed(kind, read, country)


@lru_cache(maxsize=REMEMBERED)
def _remembered(kind: str, packed: str, country: str | None) -> MatchKeys:
    return _computed(kind, orjson.loads(packed), country)


def _computed(kind: str, values: Values, country: str | None) -> MatchKeys:
    parts = _parts(kind)
    read_as = next(_countries(parts.of("country"), values), country)
    name = next((_name_of(values.get(group)) for group, _ in parts.of("name")), "")
    owner = next((_fields(values.get(group)).get("canonical_id") for group, _ in parts.of("belongs_to")), None)
    return MatchKeys(
        strong=_keys(parts.of("strong"), values, read_as),
        medium=_keys(parts.of("medium"), values, read_as),
        name=name,
        belongs_to=str(owner) if owner else None,
        hints=(f"name:{name}",) if name and parts.of("hint") else (),
    )


def _keys(parts: Iterable[tuple[str, Match]], values: Values, country: str | None) -> tuple[str, ...]:
    """The keys of these groups, each once."""
    keys = (
        _SCHEMES[match.scheme](value, values, country) for group, match in parts for value in _values_of(group, values)
    )
    return tuple(dict.fromkeys(key for key in keys if key))


def _values_of(group: str, values: Values) -> Iterator[Any]:
    """The value of a group, or those of a family's members."""
    if group in values:
        yield values[group]
    yield from (values[key] for key in sorted(values) if key.startswith(f"{group}:"))


def _countries(parts: Iterable[tuple[str, Match]], values: Values) -> Iterator[str]:
    for group, _ in parts:
        for value in _values_of(group, values):
            if country := _text(_fields(value).get("country")):
                yield country


def _name_of(value: Any) -> str:
    """A person's name, or a company's without its legal form."""
    party = _fields(value)
    is_company = bool(party) and party.get("kind") != "person"
    written = _text(party.get("name") if party else value)
    return company_name_key(written) if is_company else name_key(written)


def _tax_id(value: Any, _values: Values, _country: str | None) -> str | None:
    entity = _fields(value)
    tax_id, country = _text(entity.get("tax_id")), _text(entity.get("country"))
    number = tax_number(tax_id, country) if tax_id and country else None
    if number is None:
        return None
    scheme = "tax" if number.is_usual else f"tax.{number.kind}"
    return f"{scheme}:{country}:{number.key if number.is_usual else number.number}"


def _sku(value: Any, _values: Values, _country: str | None) -> str | None:
    written = _text(value).strip()
    return f"sku:{sku_key(written)}" if written else None


def _gtin(value: Any, _values: Values, _country: str | None) -> str | None:
    written = _text(value).strip()
    return f"gtin:{gtin_key(written)}" if written else None


def _payment(value: Any, values: Values, _country: str | None) -> str | None:
    """The reference of the bank or the payer identifies a payment within its direction and currency."""
    paid, reference = _fields(values.get("payment")), reference_key(_text(value))
    currency, direction = _text(paid.get("currency")), _text(paid.get("direction")) or "in"
    return f"payment:{direction}:{currency}:{reference}" if reference and currency else None


def _custom_field(value: Any, _values: Values, _country: str | None) -> str | None:
    place = _fields(value)
    record, key = _text(place.get("record")), _text(place.get("key"))
    return f"custom_field:{record}:{key}" if record and key else None


def _email(value: Any, _values: Values, _country: str | None) -> str | None:
    key = email_key(_text(value))
    return f"email:{key}" if key else None


def _phone(value: Any, _values: Values, country: str | None) -> str | None:
    """E.164, or the digits with the country if the current numbering plan does not contain the number."""
    raw = _text(value)
    digits = phone_digits(raw)
    if len(digits) < MIN_DIGITS or len(set(digits)) == 1:  # Placeholder input such as 000000 is not a key.
        return None
    return "phone:" + (phone_e164(raw, country) or f"{country or '?'}:{digits}")


_SCHEMES: Mapping[str, Callable[[Any, Values, str | None], str | None]] = {
    "tax": _tax_id,
    "sku": _sku,
    "gtin": _gtin,
    "payment": _payment,
    "custom_field": _custom_field,
    "email": _email,
    "phone": _phone,
}
"""Scheme -> the key of a value, from all values and the country of the record; None when it has none."""


def _fields(value: Any) -> Values:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
