"""The check of the catalogues finds what it is for."""

from pathlib import Path

import pytest
from babel.messages import Catalog

from . import catalogues
from .catalogues import TRANSLATED, code, faults, fields, tolerated
from .sources import Source, sources

TEXT = Source("Send {count} of `items`: POST /v1/orders.", None, None, "a")
KEYS = Source("{most} key", "{most} keys", None, "a")


def german(
    monkeypatch: pytest.MonkeyPatch, *messages: tuple[Source, str | tuple[str, ...]], fuzzy: bool = False
) -> None:
    """Let this be the German catalogue."""
    stored = Catalog(locale="de")
    for source, said in messages:
        text = (source.text, source.plural) if source.plural else source.text
        stored.add(text, said, flags=["fuzzy"] if fuzzy else [])
    monkeypatch.setattr(catalogues, "stored", lambda _language: stored)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_no_fault(language: str) -> None:
    assert tolerated(language, list(faults(language, sources()))) == []


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "untranslated"),
        ("Senden Sie {anzahl} von `items`: POST /v1/orders.", "other placeholders"),
        ("Senden Sie {count} von `posten`: POST /v1/orders.", "other code"),
        ("Senden Sie {count} von `items`: POST /v1/auftraege.", "other code"),
    ],
)
def test_a_wrong_translation_is_named(monkeypatch: pytest.MonkeyPatch, said: str, fault: str) -> None:
    german(monkeypatch, (TEXT, said))
    assert list(faults("de", [TEXT])) == [f"{fault}: {TEXT.text}"]


def test_missing_unused_and_fuzzy_texts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    german(monkeypatch, (TEXT, "Senden Sie {count} von `items`: POST /v1/orders."), fuzzy=True)
    assert list(faults("de", [TEXT])) == [f"fuzzy: {TEXT.text}"]
    assert [each.partition(":")[0] for each in faults("de", [KEYS])] == ["missing", "unused"]


def test_every_plural_form_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    german(monkeypatch, (KEYS, ("{most} Schlüssel", "")))
    assert [each.partition(":")[0] for each in faults("de", [KEYS])] == ["untranslated"]


def test_the_number_of_untranslated_texts_may_only_become_smaller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = tmp_path / "untranslated.json"
    left.write_text('{"de": 1}')
    monkeypatch.setattr(catalogues, "LEFT", left)
    assert tolerated("de", ["untranslated: a"]) == []
    assert tolerated("de", ["untranslated: a", "untranslated: b"]) != []
    assert "lower the number" in tolerated("de", [])[0]


def test_placeholders_and_code_are_found() -> None:
    assert {name for name, _, _ in fields("{a!r} and {b:04X} {{c}}")} == {"a", "b"}
    assert code("Use `a` of GET /v1/b?c={d}.") == ["GET /v1/b?c={d}", "`a`"]
