"""What a row shows of itself in a search."""

from collections.abc import Iterator, Sequence
from typing import Any

from contracts.normalise import name_key
from localisation import label
from records import Record

from search.schemas import Hit

TITLES = ("name", "subject", "title", "number")
"""The fields of which the first that a row has is its title."""
NORMALISED = ("_key", "_e164")
"""The ends of names of fields that repeat another one in a comparable form."""
SNIPPET, BEFORE = 160, 40
"""Characters of a snippet, and of those how many stand before the word."""


def hit(record: Record[Any, Any, Any], row: Any, words: Sequence[str]) -> Hit:
    """The row as an item of the answer."""
    texts = dict(_texts(record, row))
    title = next((texts[name] for name in TITLES if texts.get(name)), str(row.id))
    found = None if _begins(title, words) else next((each for each in texts.values() if _begins(each, words)), None)
    return Hit(
        record=record.name,
        label=label(record.name),
        id=row.id,
        path=f"{record.path}/{row.id}",
        title=title,
        number=texts.get("number"),
        state=texts.get("state"),
        snippet=None if found is None else _around(found, words),
    )


def _texts(record: Record[Any, Any, Any], row: Any) -> Iterator[tuple[str, str]]:
    for name in record.out.model_fields:
        value = getattr(row, name, None)
        if isinstance(value, str) and not name.endswith(NORMALISED):
            yield name, str(value)


def _begins(shown: str, words: Sequence[str]) -> bool:
    return any(each.startswith(word) for each in name_key(shown).split() for word in words)


def _around(shown: str, words: Sequence[str]) -> str:
    """The part of a text in which a word is."""
    if len(shown) <= SNIPPET:
        return shown
    places = [place for word in words if (place := shown.casefold().find(word)) >= 0]
    start = max(0, min(places, default=0) - BEFORE)
    end = start + SNIPPET
    return f"{'…' if start else ''}{shown[start:end].strip()}{'…' if end < len(shown) else ''}"
