"""Declarations of contacts."""

from contracts.normalise import email_key
from party.duplicates import alike
from records import Record, routes

from erp.parties.contacts.events import CONTACT
from erp.parties.contacts.models import Contact
from erp.parties.contacts.schemas import ContactBody, ContactFilters, ContactOut
from erp.parties.customers.records import CUSTOMERS

CONTACTS = Record(
    "contact",
    path="/v1/contacts",
    scope="contacts",
    row=Contact,
    body=ContactBody,
    out=ContactOut,
    filters=ContactFilters,
    sort=("name", "created_at", "updated_at"),
    kind=CONTACT,
    where={"email": lambda text: Contact.email_key == (email_key(text) or text)},
    refers={"customer_id": CUSTOMERS},
    kept_by={"consent": "crm"},
    personal=True,
    alike=alike(Contact),
)
router = routes(
    CONTACTS,
    says={
        "create": (
            "Enter a contact. It is synchronised to the other systems within moments, once its customer is linked "
            "there."
        )
    },
)
