"""Whose a line of a bank statement is; without a database."""

from decimal import Decimal
from uuid import UUID

from contracts.receivable import Direction
from erp.finance.bank_statements.rules import Books, KnownPayment, OpenInvoice, Why, match
from erp.finance.bank_statements.statements.movements import ReadLine

from ..payments.factories import DAY
from .factories import THEIR_IBAN

ALFREDS, BERGLUNDS, PAYMENT = (UUID(int=n) for n in range(11, 14))
FIRST, SECOND, OTHER = (UUID(int=n) for n in range(1, 4))
INVOICES = (
    OpenInvoice(FIRST, "INV-2026-000001", ALFREDS, Decimal(100)),
    OpenInvoice(SECOND, "INV-2026-000002", ALFREDS, Decimal(50)),
    OpenInvoice(OTHER, "INV-2026-000003", BERGLUNDS, Decimal(100)),
)


def line(amount: str = "100", text: str = "", direction: Direction = Direction.IN, **values: str) -> ReadLine:
    return ReadLine(DAY, direction, Decimal(amount), "EUR", remittance=text, **values)


def known(amount: str = "100", *, taken: bool = False, direction: Direction = Direction.IN) -> Books:
    payment = KnownPayment(PAYMENT, ALFREDS, Decimal(amount), taken)
    return Books(INVOICES, {("e2e-1", direction): payment})


def test_a_payment_that_is_known_by_its_reference_is_that_one() -> None:
    for told in (line(end_to_end_id="E2E-1"), line(bank_reference="e2e-1")):
        found = match(told, known())
        assert (found.sure, found.why, found.payment_id, found.customer_id) == (True, Why.REFERENCE, PAYMENT, ALFREDS)


def test_the_same_reference_with_another_amount_is_for_a_person() -> None:
    found = match(line("99", end_to_end_id="E2E-1"), known())
    assert (found.sure, found.payment_id, found.customer_id) == (False, None, ALFREDS)


def test_a_reference_that_another_line_has_used_or_the_other_way_does_not_count() -> None:
    assert match(line(end_to_end_id="E2E-1"), known(taken=True)).why is Why.NOTHING
    assert match(line(end_to_end_id="E2E-1"), known(direction=Direction.OUT)).why is Why.NOTHING


def test_money_that_left_is_known_by_its_reference_too() -> None:
    assert match(line(direction=Direction.OUT, end_to_end_id="E2E-1"), known(direction=Direction.OUT)).sure


def test_a_line_that_names_invoices_settles_them_in_the_order_it_names_them() -> None:
    found = match(line("120", "INV-2026-000002 INV-2026-000001"), Books(INVOICES))
    assert (found.sure, found.why, found.customer_id) == (True, Why.NUMBER, ALFREDS)
    assert [(share.invoice_id, share.amount) for share in found.shares] == [(SECOND, Decimal(50)), (FIRST, Decimal(70))]


def test_what_is_paid_beyond_the_invoices_named_is_left() -> None:
    found = match(line("500", "INV-2026-000002"), Books(INVOICES))
    assert [(share.invoice_id, share.amount) for share in found.shares] == [(SECOND, Decimal(50))]


def test_a_line_that_names_invoices_of_two_customers_is_for_a_person() -> None:
    assert not match(line("200", "INV-2026-000001 INV-2026-000003"), Books(INVOICES)).sure


def test_money_that_left_settles_no_invoice() -> None:
    assert match(line(text="INV-2026-000001", direction=Direction.OUT), Books(INVOICES)).why is Why.NOTHING


def test_an_account_or_name_with_exactly_what_is_open_is_sure() -> None:
    by_iban = Books(INVOICES, by_iban={THEIR_IBAN: frozenset({ALFREDS})})
    by_name = Books(INVOICES, by_name={"alfreds": frozenset({ALFREDS})})
    for found in (
        match(line("50", counterparty_iban=THEIR_IBAN), by_iban),
        match(line("50", counterparty_name="Alfreds GmbH"), by_name),
    ):
        assert found.sure
        assert [(share.invoice_id, share.amount) for share in found.shares] == [(SECOND, Decimal(50))]


def test_an_account_with_another_amount_proposes_its_customer() -> None:
    found = match(line("77", counterparty_iban=THEIR_IBAN), Books(INVOICES, by_iban={THEIR_IBAN: frozenset({ALFREDS})}))
    assert (found.sure, found.why, found.customer_id, found.shares) == (False, Why.IBAN, ALFREDS, ())


def test_an_account_of_two_customers_says_nothing() -> None:
    shared = Books(INVOICES, by_iban={THEIR_IBAN: frozenset({ALFREDS, BERGLUNDS})})
    assert match(line("50", counterparty_iban=THEIR_IBAN), shared).why is Why.NOTHING


def test_what_one_line_has_paid_is_not_open_for_the_next() -> None:
    books = known()
    first = line(text="INV-2026-000001")
    books.carried_out(first, match(first, books))
    assert match(first, books).shares == ()
    recognised = line(end_to_end_id="E2E-1")
    books.carried_out(recognised, match(recognised, books))
    assert match(recognised, books).why is Why.NOTHING
