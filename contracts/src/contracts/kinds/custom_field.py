"""The declaration of a field of a tenant's own: both systems hold the same ones."""

from contracts.custom import FieldContent, FieldKey, FieldPlace, Scalar
from contracts.kinds.match import strong
from contracts.kinds.policies import Policy, newest
from contracts.kinds.table import FEW_PARTITIONS, WRITES, Group, KindTable, family, group
from contracts.text import NameText

CUSTOM_FIELD = KindTable(
    "custom_field",
    holders={"crm": WRITES, "erp": WRITES},
    partitions=FEW_PARTITIONS,
    groups=(
        group("place", FieldPlace, newest, strong("custom_field"), required=True),
        group("label", NameText, newest, required=True),
        group("content", FieldContent, newest, required=True),
    ),
)


def own_fields(policy: Policy) -> Group:
    """The values that a record has in fields of a tenant's own, each by itself."""
    return family("custom", Scalar, policy, member=FieldKey)
