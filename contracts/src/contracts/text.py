"""Text that can be stored: NFC, stripped, bounded, without characters that break a database or a display."""

import unicodedata
from typing import Annotated, Any, TypeVar

from localisation import Phrase
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

# Bidirectional overrides make a name look like another one (Unicode TR 36, section 2.6). Joiners stay: Persian, Indic
# scripts and emoji need them.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS = frozenset("\n\t")
T = TypeVar("T")


def refuse(code: str, message: str, field: str | None = None) -> PydanticCustomError:
    """The error of a value that is not accepted; `message` says what to write instead.

    A check of several fields names the one that is to be corrected, as a path from the object that is checked.
    """
    return PydanticCustomError(code, "{reason}", {"reason": message, "field": field})


def reason_of(error: PydanticCustomError) -> str:
    """The message that `refuse` was given, which can be translated; pydantic's own text of any other error."""
    reason: str = (error.context or {}).get("reason") or error.message()
    return reason


def one_line(value: Any) -> Any:
    """Strip and compose (NFC) a text, and refuse control characters; values of other types are returned unchanged."""
    return _clean(value, allowed=frozenset()) if isinstance(value, str) else value


def many_lines(value: Any) -> Any:
    """As `one_line`, but line breaks and tabs may stay; all line breaks become `\n`."""
    if not isinstance(value, str):
        return value
    return _clean(value.replace("\r\n", "\n").replace("\r", "\n"), allowed=_LINE_BREAKS)


def blank_to_none(value: Any) -> Any:
    """An empty optional text becomes None, so that an empty text and a missing one compare equal."""
    cleaned = one_line(value)
    return None if cleaned == "" else cleaned


def _clean(text: str, allowed: frozenset[str]) -> str:
    composed = unicodedata.normalize("NFC", text).strip()
    for character in composed:
        if character not in allowed and _is_forbidden(character):
            raise refuse(
                "control_character",
                Phrase("the text contains U+{character:04X}, a control character: remove it", character=ord(character)),
            )
    return composed


def _is_forbidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _DIRECTION_OVERRIDES


ShortText = Annotated[str, Field(min_length=1, max_length=60), BeforeValidator(one_line)]
"""1 to 60 characters: a postal code, a position, a registration number."""

NameText = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(one_line)]
"""1 to 200 characters: the name of a person, a company, a city; one line of an address."""

NotesText = Annotated[str, Field(max_length=10_000), BeforeValidator(many_lines)]
"""Up to 10,000 characters in several lines; may be empty."""

OptionalShortText = Annotated[ShortText | None, BeforeValidator(blank_to_none)]
Optional = Annotated[T | None, BeforeValidator(blank_to_none)]
OptionalNameText = Annotated[NameText | None, BeforeValidator(blank_to_none)]
