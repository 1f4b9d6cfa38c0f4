"""Which invoices a text names, and what of a payment settles which; without a database."""

from decimal import Decimal
from uuid import UUID

import pytest
from chassis.errors import Malformed
from contracts.receivable import Direction, PaymentState
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.models import (
    AllocatedBeyondPayment,
    Payment,
    PaymentAllocated,
    PaymentIsBooked,
    PaymentStepRefused,
)
from erp.finance.payments.rules import Allocate, How, OpenItem, exact, found_in, number_key, shares
from hypothesis import given
from hypothesis import strategies as st

from .factories import DAY

FIRST, SECOND, THIRD = (UUID(int=n) for n in range(1, 4))
KNOWN = {number_key(number): number for number in ("INV-2026-000123", "INV-2026-000124", "CN-2026-000001")}


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-000123",
        "inv 2026 000123",
        "Rechnung INV2026000123, danke",
        "RE:INV-2026/000123.",
        "INV-2026-000\n123",
        "\uff29\uff2e\uff36-2026-000123",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert found_in([text], KNOWN) == ["INV-2026-000123"]


@pytest.mark.parametrize("text", ["", None, "INV-2026-0001234", "XINV-2026-000123", "000123", "INV-2026-000125"])
def test_no_number_is_found_inside_another(text: str | None) -> None:
    assert found_in([text], KNOWN) == []


def test_several_numbers_are_found_in_their_order_and_once() -> None:
    texts = ["INV-2026-000124 and INV-2026-000123", "INV-2026-000124"]
    assert found_in(texts, KNOWN) == ["INV-2026-000124", "INV-2026-000123"]


def test_a_number_does_not_reach_from_one_text_into_the_next() -> None:
    assert found_in(["INV-2026", "000123"], KNOWN) == []


def test_an_invoice_is_named_by_an_order_that_it_bills() -> None:
    bills = [
        OpenItem(UUID(int=1), "INV-1", Decimal(10), ("O-000001", "Anna", "7")),
        OpenItem(UUID(int=2), "INV-2", Decimal(10), ("O-000002", "SO-000009", "PO 4711")),
        OpenItem(UUID(int=3), "INV-3", Decimal(10), ("O-000002",)),
    ]

    def named(text: str) -> list[int]:
        return [share.invoice_id.int for share in shares(Decimal(99), bills, Allocate.REFERENCE, [text])]

    assert named("advance on so-000009") == named("your PO-4711") == [2]
    assert named("O 000002, INV-1") == [2, 3, 1]
    assert named("Anna, 7 boxes") == []  # Such words stand in any text.


def items(*amounts: str) -> list[OpenItem]:
    return [OpenItem(UUID(int=n), f"INV-{n}", Decimal(amount)) for n, amount in enumerate(amounts, 1)]


def parts(amount: str, how: Allocate, text: str, *amounts: str) -> list[tuple[UUID, Decimal, How]]:
    found = shares(Decimal(amount), items(*amounts), how, [text])
    return [(share.invoice_id, share.amount, share.how) for share in found]


def test_what_is_named_comes_first_and_the_rest_goes_to_the_oldest() -> None:
    assert parts("150", Allocate.AUTOMATIC, "INV-2", "100", "100") == [
        (SECOND, Decimal(100), How.REFERENCE),
        (FIRST, Decimal(50), How.OLDEST),
    ]


def test_by_reference_alone_the_rest_waits() -> None:
    assert parts("150", Allocate.REFERENCE, "INV-2", "100", "100") == [(SECOND, Decimal(100), How.REFERENCE)]


def test_by_oldest_alone_no_text_counts() -> None:
    assert parts("50", Allocate.OLDEST, "INV-2", "100", "100") == [(FIRST, Decimal(50), How.OLDEST)]
    assert parts("50", Allocate.NONE, "INV-2", "100", "100") == []


@given(
    st.decimals("0.01", "1000", places=2),
    st.lists(st.decimals("0.01", "500", places=2), max_size=6),
    st.sampled_from(Allocate),
    st.lists(st.integers(1, 8), max_size=4),
)
def test_shares_never_exceed_the_payment_nor_what_is_open(
    amount: Decimal, opens: list[Decimal], how: Allocate, named: list[int]
) -> None:
    text = " ".join(f"INV-{n}" for n in named)
    found = shares(amount, items(*map(str, opens)), how, [text])
    assert sum(share.amount for share in found) <= amount
    assert len({share.invoice_id for share in found}) == len(found)
    assert all(0 < share.amount <= opens[share.invoice_id.int - 1] for share in found)
    if how in (Allocate.OLDEST, Allocate.AUTOMATIC):
        assert sum(share.amount for share in found) == min(amount, sum(opens))


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    assert exact(Decimal("1.5"), "EUR", "amount") == Decimal("1.50")
    for amount, currency in (("1.505", "EUR"), ("1.5", "JPY"), ("0", "EUR")):
        with pytest.raises(Malformed):
            exact(Decimal(amount), currency, "amount")


def booked(amount: str = "100", **values: object) -> Payment:
    row = Payment.blank()
    row.direction, row.amount, row.currency, row.received_on = Direction.IN.value, Decimal(amount), "EUR", DAY
    row.customer_id = row.posted_customer_id = FIRST
    row.state = row.posted_state = PaymentState.BOOKED.value
    for name, value in values.items():
        setattr(row, name, value)
    return row


def test_a_payment_never_gives_more_than_it_has() -> None:
    row = booked()
    row.allocate(SECOND, "INV-2", Decimal(60), How.HAND, "anna")
    with pytest.raises(AllocatedBeyondPayment) as refused:
        row.allocate(THIRD, "INV-3", Decimal("40.01"), How.HAND, "anna")
    assert refused.value.facts["unallocated"] == 40
    row.undo(row.standing[0])
    assert row.unallocated == 100
    assert (row.standing, len(row.allocations)) == ([], 1)


def test_a_payment_that_settles_invoices_stays_with_its_customer() -> None:
    row = booked()
    row.allocate(SECOND, "INV-2", Decimal(60), How.HAND, "anna")
    with pytest.raises(PaymentAllocated):
        row.change({"customer_id": str(THIRD)})
    row.change({"customer_id": str(FIRST)})


def test_a_booked_payment_keeps_its_amount() -> None:
    with pytest.raises(PaymentIsBooked) as refused:
        PAYMENT.by_name["payment"].write(booked(), "payment", {**PAYMENT.read(booked())["payment"], "amount": "1"})
    assert (refused.value.facts["state"], refused.value.facts["allowed"]) == (
        "booked",
        ["change", "assign", "reverse", "allocations"],
    )


@pytest.mark.parametrize(
    ("state", "wanted", "allowed"),
    [
        ("booked", "entered", ["change", "assign", "reverse", "allocations"]),
        ("reversed", "booked", ["change"]),
        ("reversed", "reversed", ["change"]),
    ],
)
def test_a_state_that_may_not_follow_is_refused_with_what_may_be_done(
    state: str, wanted: str, allowed: list[str]
) -> None:
    with pytest.raises(PaymentStepRefused) as refused:
        booked(state=state).go(PaymentState(wanted))
    assert refused.value.document()["state"] == state
    assert refused.value.document()["allowed"] == allowed


def test_what_is_announced_has_the_one_form_of_the_published_language() -> None:
    row = booked("100.5000", reference="E2E-1")
    row.allocate(SECOND, "INV-2", Decimal("60.0000"), How.HAND, "anna")
    row.allocate(SECOND, "INV-2", Decimal("0.5000"), How.HAND, "anna")
    values = PAYMENT.read(row)
    assert values["payment"] == {
        "amount": "100.50",
        "currency": "EUR",
        "direction": "in",
        "received_on": DAY.isoformat(),
    }
    assert values["allocation"] == {
        "allocated": "60.50",
        "unallocated": "40.00",
        "invoices": [{"invoice": "INV-2", "amount": "60.50"}],
    }
