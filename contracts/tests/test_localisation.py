"""The language of an answer, and texts with facts."""

from collections.abc import Iterator

import pytest
from localisation import (
    LANGUAGES,
    Counted,
    Phrase,
    chosen,
    current,
    field_label,
    label,
    language_of,
    named,
    spoken,
    translated,
)
from localisation.catalogues import catalogue


@pytest.fixture
def german() -> Iterator[None]:
    with spoken("de-AT"):
        yield


@pytest.mark.parametrize(
    ("accepted", "tag", "language"),
    [
        ("de", "de", "de"),
        ("de-CH;q=0.5, fr;q=0.9", "fr", "fr"),
        ("it, de;q=0.1", "de", "de"),
        ("zh-TW", "zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant-HK", "zh-Hant"),
        ("zh", "zh", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "zh-Hans"),
        ("DE_at", "DE_at", "de"),
        ("it, ja", "en", "en"),
        ("fr;q=0, ru", "ru", "ru"),
        ("*", "*", "en"),
        ("de;q=nonsense, es", "es", "es"),
        (",;=,;q", "en", "en"),
        ("x" * 10_000, "en", "en"),
        ("", "en", "en"),
    ],
)
def test_the_language_is_the_known_one_of_the_highest_quality(accepted: str, tag: str, language: str) -> None:
    assert (chosen(accepted), language_of(chosen(accepted))) == (tag, language)


def test_a_phrase_is_english_and_translated_where_it_is_shown() -> None:
    phrase = Phrase("{text!r} is not a date", text="x")
    assert phrase == "'x' is not a date"
    with spoken("de"):
        assert (translated(phrase), str(phrase)) == ("'x' ist kein Datum", "'x' is not a date")
    assert current.get() == "en"


def test_a_text_that_no_catalogue_contains_is_shown_as_it_is(german: None) -> None:
    assert translated("100 % {unknown}") == "100 % {unknown}"
    assert translated(Phrase("No {such} text", such="new")) == "No new text"


def test_an_empty_text_stays_empty(german: None) -> None:
    assert (translated(""), translated("", {"text": "x"}), translated(Phrase(""))) == ("", "", "")


def test_facts_that_are_phrases_or_states_are_translated_too(german: None) -> None:
    assert translated("The order is {state}.", {"state": "on_hold"}) == "Der Status des Auftrags ist „Angehalten“."
    assert translated(Phrase("{x}", x=Phrase("it is too short"))) == "sie ist zu kurz"


def test_a_braced_value_is_not_taken_for_a_template(german: None) -> None:
    assert translated(Phrase("{text!r} is not a date", text="{0} {text}")) == "'{0} {text}' ist kein Datum"


@pytest.mark.parametrize(("language", "number", "form"), [("en", 1, "1 key"), ("en", 0, "0 keys"), ("en", 2, "2 keys")])
def test_a_counted_text_has_the_form_of_its_number(language: str, number: int, form: str) -> None:
    with spoken(language):
        assert translated(Counted("{n} key", "{n} keys", by="n"), {"n": number}) == form


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_catalogue_is_read_and_has_the_labels(language: str) -> None:
    assert catalogue(language).pgettext("label", "Customers") != "Customers"
    with spoken(language):
        assert label("customers") == catalogue(language).pgettext("label", "Customers")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("unit_price", "Unit price"),
        ("customer_id", "Customer"),
        ("member_ids", "Members"),
        ("id", "ID"),
        ("iban", "IBAN"),
        ("hand-over", "Hand over"),
        ("is_default", "Default"),
        ("q", "Search"),
        ("weight_kg", "Weight (kg)"),
    ],
)
def test_the_english_label_follows_from_the_name(name: str, shown: str) -> None:
    assert named(name) == shown


def test_a_field_whose_name_means_something_else_in_a_record_has_a_label_of_its_own() -> None:
    with spoken("de"):
        shown = [field_label("team", "lead_id"), label("lead"), field_label("employee", "subject"), label("subject")]
    assert shown == ["Teamleitung", "Lead", "Subjekt des Tokens", "Betreff"]
