"""The catalogues as files: updated from the sources, and compared with them."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po
from localisation import LANGUAGES, SOURCE
from localisation.catalogues import file_of

from .sources import Source

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
UNSTABLE = re.compile(rb'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|'
                      rb'Report-Msgid-Bugs-To|Project-Id-Version):.*\n', re.M)  # fmt: skip
LEFT = Path(__file__).with_name("untranslated.json")
"""How many texts of each language may still be untranslated. The numbers may only become smaller."""

UNTRANSLATED = "untranslated"
CODE = re.compile(r"`[^`]+`|\b(?:GET|PUT|POST|PATCH|DELETE) /\S*[\w}]")
"""Parts of texts that are the same in every language: code, and addresses."""


def template(sources: list[Source]) -> Catalog:
    """The catalogue without translations."""
    made = Catalog(fuzzy=False)
    for each in sources:
        text = (each.text, each.plural) if each.plural else each.text
        made.add(text, locations=[(each.place, None)], context=each.context)  # type: ignore[list-item]  # No line.
    return made


def stored(language: str) -> Catalog:
    """The catalogue in its file; an empty one when there is no file."""
    locale, path = language.replace("-", "_"), file_of(language)
    if not path.exists():
        return Catalog(locale=locale, fuzzy=False, header_comment=f"# {language}: the source is English.")
    with path.open("rb") as source:
        return read_po(source, locale=locale)


def updated(language: str, sources: list[Source]) -> Catalog:
    """The stored translations of what the code contains; those of similar texts are marked as fuzzy."""
    found = stored(language)
    found.update(template(sources))
    return found


def as_file(catalogue: Catalog) -> bytes:
    """The text of a catalogue, without dates and names: equal catalogues are equal files."""
    text = BytesIO()
    write_po(text, catalogue, width=116, ignore_obsolete=True, sort_output=False)
    return UNSTABLE.sub(b"", text.getvalue())


def faults(language: str, sources: list[Source]) -> Iterator[str]:
    """What is wrong with the catalogue of a language."""
    present = {(str(each.id), each.context): each for each in stored(language) if each.id}
    wanted = {(str((each.text, each.plural) if each.plural else each.text), each.context) for each in sources}
    for key in sorted(wanted - present.keys(), key=str):
        yield f"missing: {key[0]}"
    for key in sorted(present.keys() - wanted, key=str):
        yield f"unused: {key[0]}"
    for key in sorted(wanted & present.keys(), key=str):
        message = present[key]
        if message.fuzzy:
            yield f"fuzzy: {key[0]}"
        yield from (f"{fault}: {key[0]}" for fault in _faults_of(message))


def tolerated(language: str, found: list[str]) -> list[str]:
    """The faults without untranslated texts, when there are exactly as many as `untranslated.json` still allows."""
    untranslated = [fault for fault in found if fault.startswith(UNTRANSLATED)]
    left = json.loads(LEFT.read_text(encoding="utf-8")).get(language, 0)
    if len(untranslated) > left:
        return found
    rest = [fault for fault in found if fault not in untranslated]
    if len(untranslated) < left:
        rest.append(f"{len(untranslated)} texts are untranslated: lower the number in {LEFT.name}, which is {left}")
    return rest


def _faults_of(message: Message) -> Iterator[str]:
    texts = _forms(message.id)
    said = _forms(message.string)
    if not all(said):
        yield UNTRANSLATED
        return
    for each in said:
        if fields(each) != fields(texts[-1]):
            yield "other placeholders"
        if code(each) != code(texts[-1]):
            yield "other code"


def _forms(text: Any) -> tuple[str, ...]:
    """The forms of a text, of which a counted one has several."""
    return tuple(each or "" for each in (text if isinstance(text, list | tuple) else (text,)))


def fields(text: str) -> set[tuple[str | None, str | None, str | None]]:
    """The placeholders of a template."""
    try:
        return {(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None}
    except ValueError:
        return {("not a template", text, None)} if "{" not in text else set()


def code(text: str) -> list[str]:
    """The parts of a text that stay as they are."""
    return sorted(CODE.findall(text))
