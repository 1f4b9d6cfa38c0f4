"""The contact: a contact person at a customer."""

from contracts.contact import Consent, PersonName
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.match import BELONGS_TO, NAME, medium
from contracts.kinds.policies import newest, strict
from contracts.kinds.table import WRITES, KindTable, group, reference
from contracts.text import OptionalShortText
from contracts.values import EmailText, PhoneText

CONTACT = KindTable(
    "contact",
    holders={"crm": WRITES, "erp": WRITES},
    groups=(
        reference("customer", newest, BELONGS_TO),
        group("name", PersonName, newest, NAME, required=True),
        group("email", EmailText | None, newest, medium("email"), same=same.lowered),
        group("phone", PhoneText | None, newest, medium("phone"), same=same.phone),
        group("position", OptionalShortText, newest),
        group("consent", Consent | None, strict("crm"), same=same.flags),
        own_fields(newest),
    ),
)
