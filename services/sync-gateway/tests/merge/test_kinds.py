from typing import Any

import pytest
from contracts.groups import GROUPS
from contracts.order import NEXT_STATES
from contracts.receivable import PaymentState
from gateway.kinds import KINDS, UnknownKind, group_spec, kind_spec
from gateway.kinds.normalise import (
    amounts,
    flag,
    flags,
    gtin,
    instant,
    legal,
    life,
    lowered,
    order_line,
    phone,
    presence,
    prose,
    reference,
    tidy,
)
from gateway.merge.policy import Head, Json, Normaliser, decide, same

from .factories import SAMPLE

CONTACT, CUSTOMER, ORDER, PAYMENT, PRODUCT = (
    KINDS[name] for name in ("contact", "customer", "order", "payment", "product")
)
CUSTOMER_POLICIES = {
    "name": "newest",
    "legal:7": "newest",
    "stage": "machine",
    "email": "newest",
    "phone": "newest",
    "website": "newest",
    "billing_address": "newest",
    "shipping_address": "newest",
    "language": "newest",
    "currency": "newest",
    "owner": "prefer:crm",
    "owner_employee": "prefer:crm",
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


def test_the_kinds_and_their_groups_are_those_of_the_published_language() -> None:
    kinds = {name: kind for name, kind in KINDS.items() if name != SAMPLE.name}
    assert list(kinds) == list(GROUPS)
    for name, kind in kinds.items():
        published = {f"{group}:*" if shape.member else group: shape for group, shape in GROUPS[name].items()}
        assert {group.pattern for group in kind.groups} == set(published)
        referring = {group.pattern: (group.reference, group.reference_field) for group in kind.groups}
        assert referring == {pattern: (shape.reference, shape.reference_field) for pattern, shape in published.items()}


@pytest.mark.parametrize(
    "kind", ["availability", "tax_rate", "price_list", "price", "shipment", "invoice", "credit_note", "balance"]
)
def test_what_only_the_erp_knows_only_the_erp_writes(kind: str) -> None:
    assert {group.policy.name for group in KINDS[kind].groups} == {"strict:erp"}


def test_what_identifies_and_counts_a_product_is_the_erps_once_it_has_it() -> None:
    by_policy: dict[str, set[str]] = {}
    for group in PRODUCT.groups:
        by_policy.setdefault(group.policy.name, set()).add(group.pattern)
    assert by_policy == {
        "newest": {"name", "description", "category", "custom:*"},
        "strict_once_linked:erp": {"sku", "gtin", "product_kind", "units", "tax_class"},
        "strict:erp": {"list_price", "dimensions"},
        "update_wins": {"life"},
    }


def test_an_order_is_everybodys_while_it_is_a_draft_and_the_erps_from_then_on() -> None:
    fixed = {group.pattern for group in ORDER.groups if group.once}
    assert {group.pattern: group.policy.name for group in ORDER.groups if group.pattern not in fixed} == {
        "state": "machine",
        "sales_number": "strict:crm",
        "number": "strict:erp",
        "reason": "newest",
        "request": "strict:crm",
        "answer": "strict:erp",
        "life": "update_wins",
    }
    for pattern in fixed:
        once = ORDER.group(pattern.replace("*", "1")).once
        assert once is not None
        assert (once.group, once.policy.name) == ("state", "strict:erp")
        assert once.values == set(NEXT_STATES) - {"draft"}
    assert ORDER.leading == {"state"}


@pytest.mark.parametrize(
    ("kind", "one", "other", "shown"),
    [
        ("order", "submitted", "confirmed", "confirmed"),
        ("order", "confirmed", "cancelled", "cancelled"),
        ("order", "draft", "invoiced", "invoiced"),
        ("order", "shipped", "cancelled", None),
        ("order", "partly_shipped", "cancelled", None),
        ("payment", "entered", "booked", "booked"),
        ("payment", "reversed", "booked", "reversed"),
    ],
)
def test_states_are_joined_where_one_follows_the_other(kind: str, one: str, other: str, shown: str | None) -> None:
    for first, second in ((one, other), (other, one)):
        spec = KINDS[kind].group("state")
        verdict = decide(spec.policy, {"crm": Head(first, 1, 1, "1", "a", ""), "erp": Head(second, 2, 2, "2", "b", "")})
        assert (verdict.value if not verdict.parked else None) == shown


def test_a_held_order_may_be_confirmed_again_and_the_later_word_counts() -> None:
    heads: dict[str, Any] = {
        "crm": Head("confirmed", 1, 1, "1", "a", ""),
        "erp": Head("on_hold", 2, 2, "2", "b", ""),
    }
    assert decide(ORDER.group("state").policy, heads).value == "on_hold"


def test_payments_go_only_forward() -> None:
    lattice = PAYMENT.group("state").policy.lattice
    assert lattice is not None
    assert lattice.reaches(PaymentState.ENTERED, PaymentState.REVERSED)
    assert not lattice.reaches(PaymentState.REVERSED, PaymentState.BOOKED)


def test_a_contact_refers_to_its_customer_and_its_consent_belongs_to_the_crm() -> None:
    assert CONTACT.references == {"customer": "customer"}
    assert CONTACT.group("consent").policy.name == "strict:crm"


def test_members_of_a_family_share_its_rules_and_nothing_else_does() -> None:
    assert group_spec("customer", "tag:a") is group_spec("customer", "tag:b:c")
    assert group_spec("customer", "tag").policy.rule == "undeclared"
    assert group_spec("customer", "email:a").policy.rule == "undeclared"


def test_kinds_come_after_the_other_kinds_that_they_refer_to() -> None:
    names = list(KINDS)
    for kind in KINDS.values():
        assert all(names.index(other) <= names.index(kind.name) for other in kind.references.values())


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
        (lowered, "CHAI-001", " chai-001"),
        (gtin, "4006381333931", "400638133393 1"),
        (gtin, "0036000291452", "036000291452"),
        (instant, "1996-07-04T09:00:00Z", "1996-07-04T11:00:00+02:00"),
        (flag, False, None),
        (amounts("amount"), {"amount": "14.0000", "currency": "EUR"}, {"amount": "14", "currency": "EUR"}),
        (amounts("amount"), {"invoices": [{"amount": "2.50"}]}, {"invoices": [{"amount": "2.5"}]}),
        (amounts("factor"), {"unit": "bottle", "conversions": []}, {"unit": "bottle"}),
        (amounts("quantity"), [{"line": "7", "quantity": "2.0"}], [{"line_id": "7", "quantity": "2"}]),
        (amounts("net"), [{"order_line": "7", "net": "2"}], [{"order_line_id": "7", "net": "2"}]),
        (
            order_line,
            {"quantity": "12.0000", "discount": "0.00", "product": {"kind": "product", "canonical_id": "7"}},
            {"quantity": "12", "discount": "0", "product": {"canonical_id": "7"}, "description": None},
        ),
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
        (amounts("amount"), {"amount": "14", "number": "0014"}, {"amount": "14", "number": "14"}),
        (order_line, {"quantity": "12"}, {"quantity": "12.5"}),
        (gtin, "4006381333931", "4006381333948"),
        (instant, "1996-07-04T09:00:00Z", "1996-07-04T09:00:01Z"),
        (legal, {"tax_id": "DE136695976"}, {"tax_id": "DE136695977"}),
        (reference, {"kind": "customer", "system": "crm", "local_id": "1"}, {"kind": "customer", "canonical_id": "1"}),
    ],
)
def test_what_differs_in_meaning_is_not_the_same(normalise: Normaliser, one: Json, other: Json) -> None:
    assert not same(one, other, normalise)
