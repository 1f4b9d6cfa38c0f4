"""Field errors: a code for programs and a sentence for people, in place of the validator's own texts.

A value that our own rules refuse has its code and its sentence from them (`contracts.text.refuse`).
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

from localisation.texts import Counted, Phrase

CHOICES = ("expected", "expected_tags", "expected_schemes")
LEAST_CHARACTERS = Counted(
    "must have at least {min_length} character", "must have at least {min_length} characters", by="min_length"
)
MOST_CHARACTERS = Counted(
    "must have at most {max_length} character", "must have at most {max_length} characters", by="max_length"
)
LEAST_ENTRIES = Counted(
    "must have at least {min_length} entry", "must have at least {min_length} entries", by="min_length"
)
MOST_ENTRIES = Counted(
    "must have at most {max_length} entry", "must have at most {max_length} entries", by="max_length"
)
MOST_DIGITS = Counted("must have at most {max_digits} digit", "must have at most {max_digits} digits", by="max_digits")
MOST_DECIMALS = Counted(
    "must have at most {decimal_places} decimal", "must have at most {decimal_places} decimals", by="decimal_places"
)
WHOLE_DIGITS = Counted(
    "must have at most {whole_digits} digit before the point",
    "must have at most {whole_digits} digits before the point",
    by="whole_digits",
)
TYPES: dict[str, tuple[str, str]] = {
    "missing": ("required", "is required: send it"),
    "extra_forbidden": ("unknown-field", "unknown field: remove it"),
    "frozen_field": ("read-only", "cannot be changed: leave it out"),
    "none_required": ("type", "must be null"),
    "bool_type": ("type", "must be true or false"),
    "bool_parsing": ("type", "must be true or false"),
    "string_type": ("type", "must be a text"),
    "string_unicode": ("type", "must be a text in UTF-8"),
    "string_too_short": ("too-short", LEAST_CHARACTERS),
    "string_too_long": ("too-long", MOST_CHARACTERS),
    "string_pattern_mismatch": ("format", "must match the pattern {pattern}"),
    "string_not_ascii": ("format", "must consist of ASCII characters"),
    "int_type": ("type", "must be a whole number"),
    "int_parsing": ("type", "must be a whole number"),
    "int_parsing_size": ("too-large", "is a number out of range"),
    "int_from_float": ("type", "must be a whole number"),
    "float_type": ("type", "must be a number"),
    "float_parsing": ("type", "must be a number"),
    "finite_number": ("type", "must be a finite number"),
    "decimal_type": ("type", 'must be a number, written as "12.50"'),
    "decimal_parsing": ("type", 'must be a number, written as "12.50"'),
    "decimal_max_digits": ("too-large", MOST_DIGITS),
    "decimal_max_places": ("decimals", MOST_DECIMALS),
    "decimal_whole_digits": ("too-large", WHOLE_DIGITS),
    "greater_than": ("too-small", "must be more than {gt}"),
    "greater_than_equal": ("too-small", "must be at least {ge}"),
    "less_than": ("too-large", "must be less than {lt}"),
    "less_than_equal": ("too-large", "must be at most {le}"),
    "multiple_of": ("step", "must be a multiple of {multiple_of}"),
    "list_type": ("type", "must be a list"),
    "tuple_type": ("type", "must be a list"),
    "set_type": ("type", "must be a list"),
    "frozen_set_type": ("type", "must be a list"),
    "iterable_type": ("type", "must be a list"),
    "too_short": ("too-short", LEAST_ENTRIES),
    "too_long": ("too-long", MOST_ENTRIES),
    "dict_type": ("type", "must be an object"),
    "mapping_type": ("type", "must be an object"),
    "model_type": ("type", "must be an object"),
    "model_attributes_type": ("type", "must be an object"),
    "dataclass_type": ("type", "must be an object"),
    "literal_error": ("choice", "must be one of {expected}"),
    "enum": ("choice", "must be one of {expected}"),
    "union_tag_invalid": ("choice", "its {discriminator} must be one of {expected_tags}"),
    "union_tag_not_found": ("required", "needs {discriminator}"),
    "date_type": ("type", "must be a date, written as 2026-01-31"),
    "date_parsing": ("format", "must be a date, written as 2026-01-31"),
    "date_from_datetime_parsing": ("format", "must be a date, written as 2026-01-31"),
    "date_from_datetime_inexact": ("format", "must be a date without a time, written as 2026-01-31"),
    "date_past": ("too-large", "must be in the past"),
    "date_future": ("too-small", "must be in the future"),
    "datetime_type": ("type", "must be a date and time, written as 2026-01-31T12:00:00Z"),
    "datetime_parsing": ("format", "must be a date and time, written as 2026-01-31T12:00:00Z"),
    "datetime_object_invalid": ("format", "must be a date and time, written as 2026-01-31T12:00:00Z"),
    "datetime_from_date_parsing": ("format", "must be a date and time, written as 2026-01-31T12:00:00Z"),
    "datetime_past": ("too-large", "must be in the past"),
    "datetime_future": ("too-small", "must be in the future"),
    "timezone_naive": ("zone", "must not contain a time zone"),
    "timezone_aware": ("zone", "must contain a time zone, as in 2026-01-31T12:00:00Z"),
    "timezone_offset": ("zone", "must be in another time zone"),
    "time_type": ("type", "must be a time, written as 12:00:00"),
    "time_parsing": ("format", "must be a time, written as 12:00:00"),
    "time_delta_type": ("type", "must be a duration, written as PT1H"),
    "time_delta_parsing": ("format", "must be a duration, written as PT1H"),
    "uuid_type": ("type", "must be an id (UUID)"),
    "uuid_parsing": ("format", "must be an id (UUID)"),
    "uuid_version": ("format", "must be a UUID of version {expected_version}"),
    "url_type": ("type", "must be a web address"),
    "url_parsing": ("format", "must be a web address"),
    "url_syntax_violation": ("format", "must be a web address"),
    "url_too_long": ("too-long", MOST_CHARACTERS),
    "url_scheme": ("format", "must be a web address that begins with one of {expected_schemes}"),
    "json_type": ("type", "must be JSON"),
}

OTHERS = frozenset(get_args(ErrorType)) - TYPES.keys()
"""Errors of the validator that JSON input does not cause."""


def words_of(error: Mapping[str, Any]) -> tuple[str, str]:
    """The code and the sentence of a validation error."""
    kind, context = str(error["type"]), error.get("ctx", {})
    match kind:
        case "json_invalid":
            return "malformed-json", Phrase("not JSON: read as far as character {number}", number=error["loc"][-1])
        case "value_error" | "assertion_error":
            said = getattr(context.get("error"), "args", ())
            return "invalid", said[0] if said else str(error["msg"]).partition(", ")[2]
        case _ if kind in TYPES:
            code, sentence = TYPES[kind]
            return code, Phrase(sentence, **_listed(context))
        case _ if kind in OTHERS:
            return "type", "is not of the type that is expected here"
        case _:
            return kind.replace("_", "-"), context.get("reason") or str(error["msg"])


def _listed(context: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an error. The validator joins choices with an English word."""
    choices = {name: str(context[name]).replace(" or ", ", ") for name in CHOICES if name in context}
    return {**context, **choices}
