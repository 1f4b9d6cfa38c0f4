"""What identifies a record."""

import pytest
from gateway.identity.normalise import match_keys
from hypothesis import given, settings
from hypothesis import strategies as st

GERMANY = {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
GROUPS = st.sampled_from(["name", "email", "phone", "billing_address", "legal:1", "customer", "tag:a"])


def customer(name: str, **groups: object) -> dict[str, object]:
    return {"name": {"name": name, "kind": "company"}, **groups}


def test_each_tax_id_is_a_strong_key_with_its_country() -> None:
    keys = match_keys(
        "customer",
        customer(
            "Example GmbH",
            **{
                "legal:1": {"tax_id": "DE 136 695 976", "country": "DE"},
                "legal:2": {"tax_id": "ATU 13585627", "country": "AT"},
                "legal:3": None,
            },
        ),
    )
    assert keys.strong == ("tax:DE:DE136695976", "tax:AT:ATU13585627")


def test_a_tax_number_of_another_kind_has_a_scheme_of_its_own() -> None:
    values = {"legal:1": {"tax_id": "181/815/08155", "country": "DE"}}
    assert match_keys("customer", values).strong == ("tax.stnr:DE:18181508155",)


def test_a_wrong_tax_id_identifies_nothing() -> None:
    values = {"legal:1": {"tax_id": "DE136695977", "country": "DE"}}
    assert match_keys("customer", values).strong == ()


def test_phone_and_email_are_medium_keys() -> None:
    values = customer("A", phone="030-0074321", email=" Info@Alfreds.example ", billing_address=GERMANY)
    assert match_keys("customer", values).medium == ("email:info@alfreds.example", "phone:+49300074321")


def test_a_number_that_no_plan_knows_is_kept_with_its_country() -> None:
    values = customer("A", phone="88.60.15.31", billing_address={**GERMANY, "country": "FR"})
    assert match_keys("customer", values).medium == ("phone:FR:88601531",)


@pytest.mark.parametrize("placeholder", ["000000", "0000 000000", "123", "ext. 42", ""])
def test_a_placeholder_is_no_phone_number(placeholder: str) -> None:
    assert match_keys("contact", {"phone": placeholder}).medium == ()


def test_the_name_of_a_person_keeps_all_its_words() -> None:
    person = match_keys("customer", {"name": {"name": "Dr. Ås Co", "kind": "person"}})
    company = match_keys("customer", {"name": {"name": "Dr. Ås Co", "kind": "company"}})
    assert (person.name, company.name) == ("dr as co", "dr")


def test_a_contact_has_no_strong_key_and_belongs_to_its_customer() -> None:
    known = match_keys("contact", {"name": "Maria Anders", "customer": {"canonical_id": "c1"}})
    unknown = match_keys("contact", {"customer": {"kind": "customer", "system": "crm", "local_id": "7"}})
    assert (known.strong, known.belongs_to, unknown.belongs_to) == ((), "c1", None)


def test_the_phone_of_a_contact_is_read_in_the_country_it_is_told() -> None:
    assert match_keys("contact", {"phone": "030-0074321"}, country="DE").medium == ("phone:+49300074321",)


def test_a_kind_that_is_not_matched_has_no_keys() -> None:
    assert match_keys("product", {"name": "Chai"}).lookup == ()


@settings(deadline=None)  # The first call loads the numbering plans of the world.
@given(st.sampled_from(["customer", "contact"]), st.dictionaries(GROUPS, JSON, max_size=5))
def test_values_that_are_not_as_agreed_are_passed_over(kind: str, values: dict[str, object]) -> None:
    keys = match_keys(kind, values)
    assert len(set(keys.lookup)) == len(keys.lookup)
