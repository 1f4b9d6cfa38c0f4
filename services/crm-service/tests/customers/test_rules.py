"""What a customer knows by itself, without a database."""

from uuid import UUID

import pytest
from chassis.testing import refuses
from crm.parties.customers.events import CUSTOMER
from crm.wiring import IMPORTS
from party.legal_entities import LegalEntityTwice, UnknownLegalEntity
from party.testing import FILLED, entity

from .factories import customer


def test_what_was_typed_stays_beside_what_was_understood() -> None:
    row = customer(email="Maria@Alfreds.Example", phone="030-0074321", billing_address={"country": "DE"})
    assert (row.email, row.email_key) == ("Maria@Alfreds.Example", "maria@alfreds.example")
    assert (row.phone, row.phone_e164) == ("030-0074321", "+49300074321")


def test_a_phone_number_without_a_country_is_kept_as_typed() -> None:
    row = customer(phone="030-0074321")
    assert (row.phone, row.phone_e164) == ("030-0074321", None)


def test_moving_to_another_country_reads_the_phone_number_anew() -> None:
    row = customer(phone="030-0074321", billing_address={"country": "DE"})
    row.change({"billing_address": None})
    assert row.phone_e164 is None


def test_a_tax_id_of_another_form_is_kept_and_marked() -> None:
    row = customer(legal_entities=[entity(tax_id="DE1")])
    assert [(each.tax_id, each.tax_id_valid) for each in row.legal_entities] == [("DE1", False)]


def test_the_same_tax_id_gives_the_same_entity_everywhere() -> None:
    here, there = customer(legal_entities=[entity()]), customer(legal_entities=[entity(tax_id="DE 136 695 976")])
    assert here.legal_entities[0].id == there.legal_entities[0].id


def test_an_entity_that_leaves_the_list_stays_in_the_history() -> None:
    row = customer(legal_entities=[entity()])
    row.change({"legal_entities": []})
    assert row.legal_entities == []
    assert [each.removed_at is not None for each in row.entities] == [True]


def test_an_entity_that_returns_is_the_one_from_before() -> None:
    row = customer(legal_entities=[entity()])
    row.change({"legal_entities": []})
    row.change({"legal_entities": [entity(legal_name="Alfreds KG")]})
    assert [each.legal_name for each in row.legal_entities] == ["Alfreds KG"]
    assert len(row.entities) == 1


def test_an_entity_is_listed_once() -> None:
    with pytest.raises(LegalEntityTwice):
        customer(legal_entities=[entity(), entity(legal_name="Alfreds KG")])


def test_an_id_that_was_not_given_here_is_refused() -> None:
    with pytest.raises(UnknownLegalEntity):
        customer(legal_entities=[entity(id=str(UUID(int=1)))])


def test_every_group_that_is_read_can_be_written() -> None:
    source = customer(**FILLED, legal_entities=[entity(valid_from="2020-01-01")])
    target = customer()
    for key, value in CUSTOMER.read(source).items():
        group = CUSTOMER.group(key)
        assert group is not None
        group.write(target, key, value)
    assert CUSTOMER.read(target) == CUSTOMER.read(source)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("email", "nonsense"),
        ("name", {"name": ""}),
        ("billing_address", {"lines": ["x"], "planet": "Mars"}),
        ("legal:not-an-id", {"legal_name": "x"}),
        ("tag:", True),
        ("custom:Not A Key", 1),
        ("notes", 7),
    ],
)
def test_a_delivered_value_is_checked_like_one_that_is_typed(key: str, value: object) -> None:
    row = customer()
    refuses(CUSTOMER, row, key, value)


def test_a_row_of_a_file_becomes_a_document() -> None:
    cells = {"name": "Alfreds", "billing_address.country": "Germany", "billing_address.city": " ", "tags": "a; b"}
    assert IMPORTS["customers"].document(cells) == {
        "name": "Alfreds",
        "billing_address": {"country": "DE", "city": None},
        "tags": ["a", "b"],
    }


def test_an_address_without_content_is_none() -> None:
    assert IMPORTS["customers"].document({"billing_address.city": ""}) == {"billing_address": None}
