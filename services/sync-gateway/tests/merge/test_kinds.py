import pytest
from gateway.kinds import CONTACT, CUSTOMER, KINDS, UnknownKind, group_spec, kind_spec
from gateway.kinds.normalise import amounts, flags, legal, life, lowered, phone, presence, prose, reference, tidy
from gateway.policy import Json, Normaliser, same

CUSTOMER_POLICIES = {
    "name": "newest",
    "legal:7": "newest",
    "email": "newest",
    "phone": "newest",
    "website": "newest",
    "billing_address": "newest",
    "shipping_address": "newest",
    "language": "newest",
    "currency": "newest",
    "owner": "prefer:crm",
    "segment": "prefer:crm",
    "source": "prefer:crm",
    "tag:retail": "member",
    "notes": "manual",
    "payment_terms": "strict:erp",
    "credit": "strict:erp",
    "custom:colour": "newest",
    "life": "update_wins",
}


def test_the_groups_of_a_customer_have_the_policies_of_the_table() -> None:
    assert {group: CUSTOMER.group(group).policy.name for group in CUSTOMER_POLICIES} == CUSTOMER_POLICIES
    assert len(CUSTOMER.groups) == len(CUSTOMER_POLICIES)


def test_a_contact_refers_to_its_customer_and_its_consent_belongs_to_the_crm() -> None:
    assert CONTACT.references == {"customer": "customer"}
    assert CONTACT.group("consent").policy.name == "strict:crm"


def test_members_of_a_family_share_its_rules_and_nothing_else_does() -> None:
    assert group_spec("customer", "tag:a") is group_spec("customer", "tag:b:c")
    assert group_spec("customer", "tag").policy.rule == "undeclared"
    assert group_spec("customer", "email:a").policy.rule == "undeclared"


def test_kinds_come_after_the_kinds_that_they_refer_to() -> None:
    names = list(KINDS)
    for kind in KINDS.values():
        assert all(names.index(other) < names.index(kind.name) for other in kind.references.values())


def test_an_unknown_kind_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownKind, match="customer, contact"):
        kind_spec("planet")


def test_a_topic_is_named_after_system_and_kind() -> None:
    assert CUSTOMER.topic_of("erp") == "erp.customer.v1"


@pytest.mark.parametrize(
    ("normalise", "one", "other"),
    [
        (tidy, " Alfreds  Futterkiste ", "Alfreds Futterkiste"),
        (tidy, "", None),
        (tidy, "Mu\u0308ller", "M\u00fcller"),
        (tidy, {"lines": ["a", ""], "city": "", "country": "DE"}, {"lines": ["a"], "country": "DE"}),
        (tidy, {"lines": [], "city": None}, None),
        (lowered, "Anna@Example.ORG", "anna@example.org"),
        (phone, "+49 (30) 007-4321", "+49300074321"),
        (presence, None, False),
        (life, None, "live"),
        (prose, "a \r\nb\n", "a\nb"),
        (legal, {"tax_id": "de 136.695.976", "country": "DE"}, {"tax_id": "DE136695976", "country": "DE"}),
        (amounts("limit"), {"limit": "2500.00", "blocked": False}, {"limit": "2500", "currency": None}),
        (flags, {"email": False, "sms": False}, None),
        (reference, {"kind": "customer", "canonical_id": "7"}, {"canonical_id": "7"}),
    ],
)
def test_the_same_thing_written_differently_is_the_same(normalise: Normaliser, one: Json, other: Json) -> None:
    assert same(one, other, normalise)
    assert same(normalise(one), one, normalise)


@pytest.mark.parametrize(
    ("normalise", "one", "other"),
    [
        (tidy, "acme", "Acme"),
        (tidy, True, 1),
        (tidy, 0, None),
        (prose, "a\nb", "a b"),
        (phone, "+4930", "4930"),
        (phone, "030-1 ext 5", "030-15"),
        (amounts("limit"), {"limit": "0"}, None),
        (amounts("limit"), {"limit": "1", "blocked": True}, {"limit": "1", "blocked": False}),
        (flags, {"email": True}, {"sms": True}),
        (legal, {"tax_id": "DE136695976"}, {"tax_id": "DE136695977"}),
        (reference, {"kind": "customer", "system": "crm", "local_id": "1"}, {"kind": "customer", "canonical_id": "1"}),
    ],
)
def test_what_differs_in_meaning_is_not_the_same(normalise: Normaliser, one: Json, other: Json) -> None:
    assert not same(one, other, normalise)
