"""Keys: equal for what is the same, different for what is not."""

import csv
from pathlib import Path
from uuid import UUID

import pytest
from contracts.countries import country_code, country_codes
from contracts.normalise import (
    company_name_key,
    email_key,
    gtin_key,
    legal_entity_id,
    name_key,
    phone_e164,
    reference_key,
    sku_key,
    tax_id_key,
)
from contracts.tax import tax_number, tax_rules_known
from hypothesis import given, settings
from hypothesis import strategies as st

NORTHWIND = Path(__file__).parents[3] / "tests/data/northwind/customers.csv"
with NORTHWIND.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DE"),
        ("UK", "GB"),
        ("USA", "US"),
        ("Venezuela", "VE"),
        (" deutschland ", "DE"),
        ("Österreich", "AT"),
        ("España", "ES"),
        ("CHE", "CH"),
        ("no", "NO"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_country_is_found_by_code_or_name(name: str, code: str | None) -> None:
    assert country_code(name) == code


def test_every_code_is_found_by_itself() -> None:
    assert all(country_code(code) == code for code in country_codes())


def test_every_country_of_northwind_is_found() -> None:
    assert {row["country"] for row in ROWS if country_code(row["country"]) is None} == set()


@pytest.mark.parametrize(
    ("raw", "country", "key"),
    [
        ("030-0074321", "DE", "+49300074321"),
        ("+49 (0)30 0074321", None, "+49300074321"),
        ("0049 30 0074321", "DE", "+49300074321"),
        ("(503) 555-7555 ext. 12", "US", "+15035557555"),
        ("030-0074321", None, None),
        ("88.60.15.31", "FR", None),  # Two digits shorter than today's plan.
        ("(5) 555-4729", "MX", None),  # Eight digits are a number inside one city.
        ("call me", "DE", None),
        ("", "DE", None),
    ],
)
def test_a_phone_number_is_read_in_its_country(raw: str, country: str | None, key: str | None) -> None:
    assert phone_e164(raw, country) == key


def test_most_phone_numbers_of_northwind_can_be_told() -> None:
    """They are of 1996: a number that its plan has lengthened since then cannot be completed."""
    told = [row for row in ROWS if phone_e164(row["phone"], country_code(row["country"]))]
    assert len(told) == 67


@settings(deadline=None)  # The first call loads the numbering plans of the world.
@given(st.text(max_size=30), st.sampled_from([None, "DE", "US", "XX"]))
def test_a_phone_key_is_read_again_as_itself(raw: str, country: str | None) -> None:
    key = phone_e164(raw, country)
    assert key is None or phone_e164(key, None) == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (" Info@Example.COM ", "info@example.com"),
        ("\uff49nfo@example.com", "info@example.com"),
        ("a@example.com.", "a@example.com"),
        ("nobody", None),
        ("@example.com", None),
    ],
)
def test_an_email_key_ignores_case_and_width(raw: str, key: str | None) -> None:
    assert email_key(raw) == key


@pytest.mark.parametrize(
    ("tax_id", "country", "key"),
    [
        ("DE 136 695 976", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("181/815/08155", "DE", "DE.stnr.18181508155"),
        ("CHE-107.787.577 MWST", "CH", "CHE107787577"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577"),
        ("Fr 40 303 265 045", "FR", "FR303265045"),
        ("303 265 045", "FR", "FR303265045"),
        ("NO 995 525 828 MVA", "NO", "NO995525828"),
        ("SE 556188840401", "SE", "SE5561888404"),
        ("EL 094259216", "GR", "GR094259216"),
        ("04-2103594", "US", "US042103594"),
        ("DE136695977", "DE", None),
        ("TIN-4711", "QA", "QATIN4711"),
        ("", "DE", None),
        ("-", "QA", None),
    ],
)
def test_a_tax_id_has_one_form_in_its_country(tax_id: str, country: str, key: str | None) -> None:
    assert tax_id_key(tax_id, country) == key


def test_tax_rules_are_known_where_customers_are() -> None:
    unknown = {code for row in ROWS if (code := country_code(row["country"])) and not tax_rules_known(code)}
    assert unknown == set()


@settings(deadline=None)  # The first call of each country loads its rules.
@given(st.text(max_size=20), st.sampled_from(sorted(country_codes())))
def test_no_text_upsets_the_rules_of_any_country(tax_id: str, country: str) -> None:
    number = tax_number(tax_id, country)
    assert number is None or number.key


def test_a_legal_entity_has_the_same_id_on_both_sides() -> None:
    assert legal_entity_id("DE", "DE 136 695 976") == legal_entity_id("DE", "136695976")
    assert legal_entity_id("DE", "136695976") == UUID("7c1f0004-b9df-5df5-9e15-7c2de3abf842")


def test_a_legal_entity_without_a_tax_id_has_a_new_id() -> None:
    assert legal_entity_id("DE", None) != legal_entity_id("DE", None)
    assert legal_entity_id(None, None).version == 7


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Franchi S.p.A.", "franchi"),
        ("Foo GmbH & Co. KG", "foo"),
        ("Ørsted A/S", "orsted"),
        ("Müller, Sp. z o.o.", "muller"),
        ("Océano Atlántico Ltda.", "oceano atlantico"),
        ("ACME, Inc.", "acme"),
        ("B's Beverages", "bs beverages"),
        ("QUICK-Stop", "quick stop"),
        ("\uff21CME Ltd", "acme"),
        ("Grupo S.A. de C.V.", "grupo"),
        ("S.A.", "sa"),
        ("ООО Ромашка", "ооо ромашка"),  # noqa: RUF001 - a Russian name
        ("...", ""),
    ],
)
def test_a_company_is_known_without_its_legal_form(name: str, key: str) -> None:
    assert company_name_key(name) == key


@pytest.mark.parametrize(
    ("one", "other"), [("Straße-1", "STRASSE-1"), ("\uff21-1", "a-1"), (" nw  1 ", "NW 1"), ("\u01f0-1", "j\u030c-1")]
)
def test_letter_case_width_and_doubled_spaces_do_not_count_in_a_sku(one: str, other: str) -> None:
    assert sku_key(one) == sku_key(other)


def test_marks_and_single_spaces_count_in_a_sku() -> None:
    assert len({sku_key("A-1"), sku_key("A1"), sku_key("A 1")}) == 3


@pytest.mark.parametrize("gtin", ["4006381333931", "04006381333931", "4 006381 333931", "400-6381-333931"])
def test_a_short_gtin_is_a_long_one_with_zeros(gtin: str) -> None:
    assert gtin_key(gtin) == "04006381333931"


def test_letter_case_width_and_spaces_of_a_reference_do_not_count() -> None:
    assert reference_key(" e2e 47\uff11 ") == reference_key("E2E471") != reference_key("E2E-471")


@given(st.text(max_size=40))
def test_the_key_of_a_key_is_the_key(raw: str) -> None:
    for key in (sku_key, gtin_key, reference_key):
        assert key(key(raw)) == key(raw)


@given(st.text(max_size=40))
def test_a_name_key_stays_as_it_is(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
    assert company_name_key(company_name_key(name)) == company_name_key(name)
    assert bool(company_name_key(name)) == bool(name_key(name))
