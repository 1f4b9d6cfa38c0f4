"""What a customer knows by itself, without a database."""

from typing import Any

import pytest
from chassis.errors import Malformed
from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.schemas import CustomerBody
from party.testing import FILLED, entity
from pydantic import ValidationError

from .factories import customer


def written(row: Customer, key: str, value: Any) -> None:
    group = CUSTOMER.group(key)
    assert group is not None
    group.write(row, key, value)


def test_what_was_typed_stays_beside_what_was_understood() -> None:
    row = customer(email="Maria@Alfreds.Example", phone="030-0074321", billing_address={"country": "DE"})
    assert (row.email, row.email_key) == ("Maria@Alfreds.Example", "maria@alfreds.example")
    assert (row.phone, row.phone_e164) == ("030-0074321", "+49300074321")


def test_the_books_take_no_tax_id_of_another_form() -> None:
    with pytest.raises(ValidationError, match="'DE1' is not a tax id of DE"):
        CustomerBody(name="A", legal_entities=[entity(tax_id="DE1")])
    row = customer()
    with pytest.raises(Malformed) as refused:
        written(row, "legal:01900000-0000-7000-8000-000000000001", entity(tax_id="DE1"))
    assert "is not a tax id of DE" in refused.value.document()["errors"][0]["message"]
    assert row.legal_entities == []


def test_a_refused_correction_leaves_the_entity_as_it_was() -> None:
    row = customer(legal_entities=[entity()])
    with pytest.raises(Malformed):
        written(row, f"legal:{row.legal_entities[0].id}", entity(tax_id="DE1"))
    assert row.legal_entities[0].tax_id == "DE136695976"


def test_an_entity_that_leaves_the_list_stays_in_the_history() -> None:
    row = customer(legal_entities=[entity()])
    written(row, f"legal:{row.legal_entities[0].id}", None)
    assert row.legal_entities == []
    assert len(row.entities) == 1


def test_every_group_that_is_read_can_be_written() -> None:
    source = customer(**FILLED, legal_entities=[entity(valid_from="2020-01-01")])
    target = customer()
    for key, value in CUSTOMER.read(source).items():
        written(target, key, value)
    assert CUSTOMER.read(target) == CUSTOMER.read(source)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_terms", {"days": 10, "discount_days": 30, "discount_percent": "2"}),
        ("payment_terms", {"days": 10, "discount_days": 5}),
        ("credit", {"limit": "10"}),
        ("credit", {"limit": "10.001", "currency": "EUR"}),
        ("credit", {"limit": 10.5, "currency": "EUR"}),
    ],
)
def test_terms_and_credit_make_sense(field: str, value: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CustomerBody.model_validate({"name": "A", field: value})
