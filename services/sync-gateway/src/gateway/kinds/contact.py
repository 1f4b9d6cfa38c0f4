"""The contact: a person at a customer."""

from gateway.kinds.normalise import flags, life, lowered, phone, reference
from gateway.kinds.spec import GroupSpec, KindSpec
from gateway.policy import newest, strict, update_wins

CONTACT = KindSpec(
    name="contact",
    groups=(
        GroupSpec("customer", newest, reference, reference="customer"),
        GroupSpec("name", newest),
        GroupSpec("email", newest, lowered),
        GroupSpec("phone", newest, phone),
        GroupSpec("position", newest),
        GroupSpec("consent", strict("crm"), flags),
        GroupSpec("life", update_wins, life),
    ),
)
