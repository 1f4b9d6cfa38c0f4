"""Texts with facts: English where they are made, translated where they are shown.

    raise Unauthenticated(detail=Phrase("The key is not one of {issuer}.", issuer=issuer))

`python -m tests.messages` finds the texts of all sources: templates must be literals.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Self

from localisation.catalogues import catalogue
from localisation.labels import label
from localisation.languages import SOURCE, current

CODES = frozenset({"state", "kind", "record", "series"})
"""Facts whose values are codes with a label."""


class Phrase(str):
    """A text in English that knows its template and its facts, so that it can be translated."""

    template: str
    facts: Mapping[str, Any]

    def __new__(cls, template: str, /, **facts: Any) -> Self:
        """Without facts, the template is the text, braces included."""
        made = super().__new__(cls, filled(template, facts) if facts else template)
        made.template, made.facts = template, facts
        return made


class Counted(str):
    """A template whose form depends on a number: `Counted("{most} key", "{most} keys", by="most")`."""

    one: str
    by: str

    def __new__(cls, one: str, many: str, *, by: str) -> Self:
        made = super().__new__(cls, many)
        made.one, made.by = one, by
        return made


def filled(template: str, facts: Mapping[str, Any]) -> str:
    """The text in English; a missing fact is empty."""
    chosen = template
    if isinstance(template, Counted) and _number(template, facts) == 1:
        chosen = template.one
    return chosen.format_map(defaultdict(str, facts))


def translated(text: str, facts: Mapping[str, Any] | None = None) -> str:
    """The text in the current language. A template is filled with its facts; without facts it is not filled."""
    if isinstance(text, Phrase):
        return translated(text.template, text.facts or None) if current.get() != SOURCE else text
    language = current.get()
    if not text:
        return text  # A catalogue has its header under the empty text.
    if language == SOURCE:
        return text if facts is None else filled(text, facts)
    found = catalogue(language)
    if facts is None:
        return found.gettext(text)
    if isinstance(text, Counted):
        template = found.ngettext(text.one, str(text), _number(text, facts))
    else:
        template = found.gettext(text)
    return template.format_map(defaultdict(str, {name: _shown(name, fact) for name, fact in facts.items()}))


def _shown(name: str, fact: Any) -> Any:
    if isinstance(fact, Phrase):
        return translated(fact)
    return label(str(fact)) if name in CODES and isinstance(fact, str) else fact


def _number(template: Counted, facts: Mapping[str, Any]) -> int:
    try:
        return int(facts.get(template.by) or 0)
    except (TypeError, ValueError):
        return 0
