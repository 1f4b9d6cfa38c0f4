"""Values take one form, and say clearly why they do not take others."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from contracts.contact import Consent
from contracts.custom import CustomField, FieldType
from contracts.customer import Address, Credit, LegalEntity, PartyKind, PartyName, PaymentTerms, VerifiedLegalEntity
from contracts.groups import GROUPS
from contracts.text import NameText, NotesText
from contracts.values import (
    CURRENCY_EXPONENTS,
    CountryCode,
    CurrencyCode,
    EmailText,
    Language,
    Money,
    Number,
    PhoneText,
    Website,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError


def read(shape: Any, value: Any) -> Any:
    return TypeAdapter(shape).validate_python(value)


def why_not(shape: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        read(shape, value)
    return str(refused.value.errors()[0]["msg"])


def test_text_is_stripped_and_composed() -> None:
    assert read(NameText, "  Cafe\u0301 \u00a0") == "Caf\u00e9"


@pytest.mark.parametrize("bad", ["a\x00b", "a\nb", "a\x1bb", "a\u2028b", "a\u202eb", "a\ud800b"])
def test_control_characters_are_refused(bad: str) -> None:
    assert "a control character: remove it" in why_not(NameText, bad)


def test_notes_have_lines_but_no_other_control_characters() -> None:
    assert read(NotesText, " one\r\ntwo\rthree\tfour ") == "one\ntwo\nthree\tfour"
    assert "U+0007" in why_not(NotesText, "ring\x07")


def test_joiners_stay_because_scripts_need_them() -> None:
    assert read(NameText, "क्\u200dष") == "क्\u200dष"


@pytest.mark.parametrize(("shape", "longest"), [(NameText, 200), (NotesText, 10_000)])
def test_text_is_bounded(shape: Any, longest: int) -> None:
    assert len(read(shape, "x" * longest)) == longest
    assert "at most" in why_not(shape, "x" * (longest + 1))


def test_an_email_is_kept_as_it_was_written() -> None:
    assert read(EmailText, " Anna.Ott@Example.COM ") == "Anna.Ott@Example.COM"
    assert read(EmailText, "jörg@müller.example.com") == "jörg@müller.example.com"


@pytest.mark.parametrize("bad", ["nobody", "a@b@c.de", "a b@c.de", "@c.de", "a@c"])
def test_what_is_no_email_is_refused(bad: str) -> None:
    assert "is not an e-mail address" in why_not(EmailText, bad)


@pytest.mark.parametrize("good", ["030-0074321", "(5) 555-4729", "+1 800 FLOWERS 12", "0621-08460 ext. 4"])
def test_a_phone_number_is_kept_as_it_was_written(good: str) -> None:
    assert read(PhoneText, good) == good


def test_a_phone_number_has_digits() -> None:
    assert "at least three digits" in why_not(PhoneText, "call me")


@pytest.mark.parametrize("good", ["example.com", "https://example.com/a?b=c#d", "http://localhost.test:8080/x"])
def test_a_website_is_a_host_or_a_web_address(good: str) -> None:
    assert read(Website, good) == good


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "ftp://example.com", "example", "a b.com", "//x.com", "u@x.com"]
)
def test_a_website_with_another_scheme_is_refused(bad: str) -> None:
    assert "is not a web address" in why_not(Website, bad)


@pytest.mark.parametrize(
    ("written", "tag"), [("DE", "de"), ("de_at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")]
)
def test_a_language_takes_its_usual_case(written: str, tag: str) -> None:
    assert read(Language, written) == tag


def test_codes_are_capitals_and_known() -> None:
    assert (read(CurrencyCode, " eur"), read(CountryCode, "xk")) == ("EUR", "XK")
    assert "ISO 4217" in why_not(CurrencyCode, "XXX")
    assert "ISO 3166-1" in why_not(CountryCode, "UK")
    assert "German" in why_not(Language, "German") and "BCP 47" in why_not(Language, "German")


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert [CURRENCY_EXPONENTS[code] for code in ("EUR", "JPY", "KWD", "IQD")] == [2, 0, 3, 3]


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4))
def test_money_survives_json_exactly(amount: Decimal) -> None:
    shape: TypeAdapter[Decimal] = TypeAdapter(Money)
    text = shape.dump_python(shape.validate_python(str(amount)), mode="json")
    assert isinstance(text, str)
    assert shape.dump_python(shape.validate_python(text), mode="json") == text
    assert Decimal(text) == amount


@pytest.mark.parametrize("bad", [1.5, True, None, "1,5", "1e3", "NaN", "0.00001", "1" * 16, "١٢", Decimal("1E+999999")])
def test_what_is_no_exact_amount_is_refused(bad: object) -> None:
    assert "amount" in why_not(Money, bad)


def test_money_keeps_the_decimals_that_it_is_written_with() -> None:
    shape: TypeAdapter[Decimal] = TypeAdapter(Money)
    forms = ["7", "7.0", "7.0000", 7, Decimal("7.00"), " 7.10 ", "7.00000"]
    written = ["7", "7.0", "7.0000", "7", "7", "7.10", "7.0000"]
    assert [shape.dump_python(shape.validate_python(form), mode="json") for form in forms] == written


def test_the_same_number_is_written_one_way() -> None:
    shape: TypeAdapter[Decimal] = TypeAdapter(Number)
    forms = ["7", "7.0", "7.0000", 7, Decimal("7.00"), " 7 "]
    assert {shape.dump_python(shape.validate_python(form), mode="json") for form in forms} == {"7"}
    assert shape.dump_python(shape.validate_python("-0.00"), mode="json") == "0"


def test_a_name_is_a_company_unless_told_otherwise() -> None:
    assert PartyName(name="Alfreds").kind is PartyKind.COMPANY


def test_an_address_drops_what_is_blank() -> None:
    written = {"lines": ["Obere Str. 57", " ", ""], "postal_code": "", "city": " Berlin ", "country": "de"}
    assert Address.model_validate(written).model_dump(mode="json") == {
        "lines": ["Obere Str. 57"],
        "postal_code": None,
        "city": "Berlin",
        "region": None,
        "country": "DE",
    }


def test_an_address_with_nothing_in_it_is_refused() -> None:
    assert "send null" in why_not(Address, {"lines": [" "], "city": ""})


def test_an_address_has_at_most_six_lines_and_no_other_fields() -> None:
    assert "at most 6" in why_not(Address, {"lines": ["x"] * 7})
    assert "Extra inputs" in why_not(Address, {"city": "Berlin", "street": "x"})


def test_a_tax_id_is_kept_as_written_and_checked_for_its_country() -> None:
    entity = VerifiedLegalEntity(legal_name="Alfreds GmbH", tax_id="DE 136 695 976", country="DE")
    assert entity.tax_id == "DE 136 695 976"
    assert "is not a tax id of DE" in why_not(
        VerifiedLegalEntity, {"legal_name": "A", "tax_id": "DE1", "country": "DE"}
    )


def test_a_tax_id_of_a_country_without_known_rules_is_taken() -> None:
    assert VerifiedLegalEntity(legal_name="A", tax_id="TIN-4711", country="QA").tax_id == "TIN-4711"


def test_a_tax_id_needs_its_country() -> None:
    assert "needs the country" in why_not(VerifiedLegalEntity, {"legal_name": "A", "tax_id": "DE136695976"})


def test_a_wrong_country_is_the_only_thing_reported() -> None:
    with pytest.raises(ValidationError) as refused:
        VerifiedLegalEntity(legal_name="A", tax_id="DE136695976", country="Germany")
    assert [error["loc"] for error in refused.value.errors()] == [("country",)]


def test_a_legal_entity_begins_before_it_ends() -> None:
    day = date(2025, 1, 1)
    assert LegalEntity(legal_name="A", valid_from=day, valid_to=day).valid_to == day
    wrong = {"legal_name": "A", "valid_from": "2025-01-02", "valid_to": "2025-01-01"}
    assert "valid_from 2025-01-02 is after" in why_not(LegalEntity, wrong)


def test_a_discount_is_complete_and_not_later_than_the_payment() -> None:
    terms = PaymentTerms.model_validate({"days": 30, "discount_days": 10, "discount_percent": "2.50"})
    assert terms.model_dump(mode="json") == {"days": 30, "discount_days": 10, "discount_percent": "2.5"}
    assert "needs both" in why_not(PaymentTerms, {"days": 30, "discount_days": 10})
    late = {"days": 5, "discount_days": 10, "discount_percent": "2"}
    assert "later than the payment" in why_not(PaymentTerms, late)
    assert "as a string" in why_not(PaymentTerms, {**late, "days": 30, "discount_percent": 2.5})


def test_a_credit_limit_has_the_decimals_of_its_currency() -> None:
    assert Credit.model_validate({"limit": "1000", "currency": "eur"}).model_dump(mode="json") == {
        "limit": "1000.00",
        "currency": "EUR",
        "blocked": False,
    }
    assert Credit.model_validate({"limit": "1000.0", "currency": "JPY"}).limit == 1000
    assert "more decimals than JPY" in why_not(Credit, {"limit": "0.5", "currency": "JPY"})


def test_a_credit_limit_needs_a_currency_and_is_not_negative() -> None:
    assert "needs its currency" in why_not(Credit, {"limit": "1"})
    assert "cannot be negative" in why_not(Credit, {"limit": "-1", "currency": "EUR"})
    assert Credit(blocked=True).limit is None


def test_silence_is_no_consent() -> None:
    assert Consent().model_dump() == {"email": False, "sms": False}
    assert "boolean" in why_not(Consent, {"email": "yes"})


@pytest.mark.parametrize(
    ("type_", "written", "value"),
    [
        (FieldType.TEXT, " a ", "a"),
        (FieldType.TEXT, "", None),
        (FieldType.INTEGER, 3, 3),
        (FieldType.DECIMAL, "3.10", "3.1"),
        (FieldType.BOOLEAN, True, True),
        (FieldType.DATE, "2025-02-28", "2025-02-28"),
        (FieldType.DATE, None, None),
    ],
)
def test_a_field_of_a_tenants_own_takes_values_of_its_type(type_: FieldType, written: Any, value: Any) -> None:
    assert CustomField(key="f", label="F", type=type_).value(written) == value


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        (FieldType.TEXT, 3),
        (FieldType.INTEGER, "3"),
        (FieldType.INTEGER, True),
        (FieldType.DECIMAL, 3.1),
        (FieldType.BOOLEAN, 1),
        (FieldType.DATE, "28.2.2025"),
    ],
)
def test_a_field_of_a_tenants_own_refuses_values_of_another_type(type_: FieldType, written: Any) -> None:
    with pytest.raises(ValueError, match=f"f is not of type {type_}"):
        CustomField(key="f", label="F", type=type_).value(written)


def test_a_choice_is_one_of_its_choices() -> None:
    field = CustomField(key="size", label="Size", type=FieldType.CHOICE, choices=("S", "L"))
    assert field.value("L") == "L"
    with pytest.raises(ValueError, match="size is one of S, L"):
        field.value("M")
    assert "needs choices" in why_not(CustomField, {"key": "a", "label": "A", "type": "choice"})
    assert "needs choices" in why_not(CustomField, {"key": "a", "label": "A", "type": "text", "choices": ["x"]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", GROUPS)
@given(value=JSON)
def test_any_value_is_refused_or_takes_a_form_that_stays(kind: str, value: Any) -> None:
    for name, group in GROUPS[kind].items():
        shape = group.values
        try:
            once = shape.dump_python(shape.validate_python(value), mode="json")
        except ValidationError:
            continue
        assert shape.dump_python(shape.validate_python(once), mode="json") == once, name
