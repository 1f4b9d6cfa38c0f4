"""Labels of names: records, fields, values of enumerations, verbs. The English label follows from the name."""

import re

from localisation.catalogues import catalogue
from localisation.languages import current

CONTEXT = "label"
"""The context of labels in the catalogues: `Order` is a noun there, and no sentence."""

INITIALS = {
    each.lower(): each
    for each in ("BIC", "CRM", "CSV", "ERP", "GTIN", "IBAN", "ID", "PDF", "SHA256", "SKU", "SMS", "URL")
} | {"e164": "E.164", "ids": "IDs"}

WORDS = {"min": "minimum", "max": "maximum", "kg": "(kg)", "m": "(m)"}
WHOLE = {"q": "Search", "canonical_id": "Canonical ID"}
"""Names whose label is another word."""

OF_FIELDS = {
    ("customer", "credit"): "Credit terms",
    ("employee", "subject"): "Token subject",
    ("team", "lead_id"): "Team leader",
}
"""Fields whose name means something else in other records: a lead is a prospect, credit a side of an account."""


def named(name: str) -> str:
    """The English label of a name: `Unit price` of `unit_price`, `Customer` of `customer_id`."""
    if name in WHOLE:
        return WHOLE[name]
    words = [WORDS.get(word, word) for word in re.split(r"[_\-. ]+", name.removeprefix("is_")) if word]
    if len(words) > 1 and words[-1] in {"id", "ids"}:
        words = words[:-1] if words[-1] == "id" else [*words[:-2], f"{words[-2]}s"]
    shown = " ".join(INITIALS.get(word, word) for word in words)
    return shown[:1].upper() + shown[1:]


def label(name: str, context: str = CONTEXT) -> str:
    """The label of a name in the current language."""
    return catalogue(current.get()).pgettext(context, named(name))


def field_label(record: str, name: str) -> str:
    """The label of a field of a record in the current language."""
    return catalogue(current.get()).pgettext(CONTEXT, OF_FIELDS.get((record, name)) or named(name))
