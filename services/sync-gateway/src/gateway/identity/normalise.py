"""The keys by which a record is found again, made from the values of its groups. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.normalise import (
    company_name_key,
    email_key,
    gtin_key,
    name_key,
    phone_e164,
    reference_key,
    sku_key,
)
from contracts.tax import tax_number

IDENTIFYING = frozenset(
    {"name", "email", "phone", "legal", "billing_address", "shipping_address", "customer"}
    | {"sku", "gtin", "reference", "payment"}
)
"""The groups and families that keys are made of."""

MIN_DIGITS = 6
"""Fewer digits are an extension, not a phone number."""


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """What identifies a record.

    `strong` keys (`tax:DE:DE136695976`, `sku:chai-1`) belong to one record only; where two could say different things,
    the one that decides comes first. `medium` keys (`email:...`,
    `phone:+49...`) may be shared by several. `name` is compared, not looked up. `belongs_to` is the canonical
    id of the record that this one hangs on (a contact's customer), when it is known. `hints` find records
    that a person should look at; they never link.
    """

    strong: tuple[str, ...] = ()
    medium: tuple[str, ...] = ()
    name: str = ""
    belongs_to: str | None = None
    hints: tuple[str, ...] = ()

    @property
    def lookup(self) -> tuple[str, ...]:
        """All keys under which candidates are found, and that are locked against concurrent creates."""
        return (*self.strong, *self.medium, *self.hints)


def match_keys(kind: str, values: Mapping[str, Any], country: str | None = None) -> MatchKeys:
    """The keys of a record of this kind; none for a kind that is not matched.

    `country` reads phone numbers without a prefix when the record has no country of its own (a contact's is
    its customer's). Values that are not as the contracts say are passed over: they identify nothing.
    """
    if kind == "customer":
        return _customer_keys(values, country)
    if kind == "contact":
        return _contact_keys(values, country)
    if kind == "product":
        return MatchKeys(strong=tuple(_product_keys(values)), name=name_key(_text(values.get("name"))))
    if kind == "payment":
        return MatchKeys(strong=tuple(_payment_keys(values)))
    return MatchKeys()


def _customer_keys(values: Mapping[str, Any], country: str | None) -> MatchKeys:
    party = _fields(values.get("name"))
    written = _text(party.get("name"))
    name = name_key(written) if party.get("kind") == "person" else company_name_key(written)
    return MatchKeys(
        strong=tuple(dict.fromkeys(_tax_keys(values))),
        medium=_ways_to_reach(values, _country_of(values) or country),
        name=name,
        hints=(f"name:{name}",) if name else (),
    )


def _contact_keys(values: Mapping[str, Any], country: str | None) -> MatchKeys:
    customer = _fields(values.get("customer")).get("canonical_id")
    return MatchKeys(
        medium=_ways_to_reach(values, country),
        name=name_key(_text(values.get("name"))),
        belongs_to=str(customer) if customer else None,
    )


def _product_keys(values: Mapping[str, Any]) -> Iterator[str]:
    sku, gtin = _text(values.get("sku")).strip(), _text(values.get("gtin")).strip()
    if sku:
        yield f"sku:{sku_key(sku)}"
    if gtin:
        yield f"gtin:{gtin_key(gtin)}"


def _payment_keys(values: Mapping[str, Any]) -> Iterator[str]:
    """What the bank or the payer calls a payment names it within its direction and currency."""
    paid, reference = _fields(values.get("payment")), reference_key(_text(values.get("reference")))
    currency, direction = _text(paid.get("currency")), _text(paid.get("direction")) or "in"
    if reference and currency:
        yield f"payment:{direction}:{currency}:{reference}"


def _tax_keys(values: Mapping[str, Any]) -> Iterator[str]:
    for group in sorted(values):
        entity = _fields(values[group]) if group.startswith("legal:") else {}
        tax_id, country = _text(entity.get("tax_id")), _text(entity.get("country"))
        number = tax_number(tax_id, country) if tax_id and country else None
        if number:
            scheme = "tax" if number.is_usual else f"tax.{number.kind}"
            yield f"{scheme}:{country}:{number.key if number.is_usual else number.number}"


def _ways_to_reach(values: Mapping[str, Any], country: str | None) -> tuple[str, ...]:
    email = email_key(_text(values.get("email")))
    phone = _phone_key(_text(values.get("phone")), country)
    return tuple(key for key in (email and f"email:{email}", phone and f"phone:{phone}") if key)


def _phone_key(raw: str, country: str | None) -> str | None:
    """E.164, or the digits with the country where the plan of today does not know such numbers."""
    digits = "".join(character for character in raw if character.isdecimal())
    if len(digits) < MIN_DIGITS or len(set(digits)) == 1:  # 000000 is what people type to get past a form.
        return None
    return phone_e164(raw, country) or f"{country or '?'}:{digits}"


def _country_of(values: Mapping[str, Any]) -> str | None:
    legal = sorted(group for group in values if group.startswith("legal:"))
    for group in ("billing_address", "shipping_address", *legal):
        country = _text(_fields(values.get(group)).get("country"))
        if country:
            return country
    return None


def _fields(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
