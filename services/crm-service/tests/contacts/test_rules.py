"""What a contact knows by itself, without a database."""

import pytest
from chassis.errors import Malformed
from crm.parties.contacts.events import CONTACT
from crm.parties.contacts.models import Contact
from crm.wiring import IMPORTS


def contact(**values: object) -> Contact:
    row = Contact.blank()
    row.change({"name": "Maria Anders", **values})
    return row


def test_what_was_typed_stays_beside_what_was_understood() -> None:
    row = contact(email="Maria@Alfreds.Example", phone="+49 30 0074321")
    assert (row.email, row.email_key) == ("Maria@Alfreds.Example", "maria@alfreds.example")
    assert (row.phone, row.phone_e164) == ("+49 30 0074321", "+49300074321")


def test_every_group_that_is_read_can_be_written() -> None:
    source = contact(
        email="a@b.example",
        position="Owner",
        consent={"email": True, "sms": False},
        customer_id="01900000-0000-7000-8000-00000000000a",
    )
    target = contact()
    for key, value in CONTACT.read(source).items():
        group = CONTACT.group(key)
        assert group is not None
        group.write(target, key, value)
    assert CONTACT.read(target) == CONTACT.read(source)


@pytest.mark.parametrize(("key", "value"), [("customer", "C-1"), ("consent", {"fax": True}), ("name", None)])
def test_a_delivered_value_is_checked_like_one_that_is_typed(key: str, value: object) -> None:
    group = CONTACT.group(key)
    assert group is not None
    with pytest.raises(Malformed):
        group.write(contact(), key, value)


def test_a_row_of_a_file_becomes_a_document() -> None:
    assert IMPORTS["contacts"].document({"name": "Maria Anders", "position": ""}) == {
        "name": "Maria Anders",
        "position": None,
    }
