"""Matching of bank statement lines with payments and invoices. Pure: the known data is passed as `Books`.

A match is sure only if it names a payment, an invoice, or a customer with exactly the open amount of one of its
invoices. Other matches are proposals: a person decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.normalise import company_name_key, reference_key
from contracts.receivable import Direction

from erp.finance.bank_statements.statements.movements import ReadLine
from erp.finance.payments.rules import Allocate, How, OpenItem, Share, found_in, number_key, shares

Reference = tuple[str, Direction]
"""A normalised external reference, and the direction of the payment."""


class Why(StrEnum):
    """The basis of a match."""

    REFERENCE = "reference"
    NUMBER = "number"
    IBAN = "iban"
    NAME = "name"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that is not settled in full."""

    id: UUID
    number: str
    customer_id: UUID
    open: Decimal


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """A payment with the reference of a line; `taken` when another line is assigned to it."""

    id: UUID
    customer_id: UUID | None
    amount: Decimal
    taken: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A proposed match; a `sure` one is carried out automatically."""

    why: Why
    sure: bool = False
    payment_id: UUID | None = None
    customer_id: UUID | None = None
    shares: tuple[Share, ...] = ()

    def document(self, numbers: Mapping[UUID, str]) -> dict[str, Any]:
        """The match as stored with the line, and shown."""
        return {
            "why": self.why.value,
            "payment_id": self.payment_id and str(self.payment_id),
            "customer_id": self.customer_id and str(self.customer_id),
            "allocations": [
                {
                    "invoice_id": str(each.invoice_id),
                    "invoice_number": numbers[each.invoice_id],
                    "amount": format(each.amount, "f"),
                }
                for each in self.shares
            ],
        }


class Books:
    """The known data in the currency of a statement; invoices with the oldest first. Updated by each match that is
    carried out."""

    def __init__(
        self,
        invoices: Iterable[OpenInvoice] = (),
        payments: Mapping[Reference, KnownPayment] | None = None,
        by_iban: Mapping[str, frozenset[UUID]] | None = None,
        by_name: Mapping[str, frozenset[UUID]] | None = None,
    ) -> None:
        self.invoices = {each.id: each for each in invoices}
        self.by_number = {number_key(each.number): each.id for each in self.invoices.values()}
        self.payments = dict(payments or {})
        self.by_iban, self.by_name = by_iban or {}, by_name or {}

    def owing(self, customer_id: UUID, amount: Decimal) -> list[OpenInvoice]:
        """The invoices of a customer with exactly this open amount."""
        return [each for each in self.invoices.values() if (each.customer_id, each.open) == (customer_id, amount)]

    def carried_out(self, line: ReadLine, guess: Match) -> None:
        """Remove what a line has paid from the open invoices, and mark its payment as taken."""
        for share in guess.shares:
            invoice = self.invoices[share.invoice_id]
            self.invoices[share.invoice_id] = replace(invoice, open=invoice.open - share.amount)
        for reference in references(line):
            known = self.payments.get((reference_key(reference), line.direction))
            if known is not None and known.id == guess.payment_id:
                self.payments[reference_key(reference), line.direction] = replace(known, taken=True)


def match(line: ReadLine, books: Books) -> Match:
    """The best match for a line: a known payment, then named invoices, then the account or name of the counterparty."""
    found = _known_payment(line, books)
    if found is None and line.direction is Direction.IN:
        found = _named_invoices(line, books)
    return found or _counterparty(line, books) or Match(Why.NOTHING)


def references(line: ReadLine) -> list[str]:
    """The possible external references of the line's payment, the payer's own first."""
    return [each for each in (line.end_to_end_id, line.bank_reference) if each]


def _known_payment(line: ReadLine, books: Books) -> Match | None:
    """Sure when the amount is equal too; a payer may use one reference for several payments."""
    for reference in references(line):
        known = books.payments.get((reference_key(reference), line.direction))
        if known is not None and not known.taken:
            same = known.amount == line.amount
            return Match(Why.REFERENCE, same, known.id if same else None, known.customer_id)
    return None


def _named_invoices(line: ReadLine, books: Books) -> Match | None:
    """Sure when all named invoices are of one customer; an excess stays as the customer's credit."""
    texts = (line.remittance, line.end_to_end_id)
    named = [books.invoices[invoice_id] for invoice_id in found_in(texts, books.by_number)]
    owners = {each.customer_id for each in named}
    if len(owners) != 1:
        return None
    items = [OpenItem(each.id, each.number, each.open) for each in named]
    return Match(Why.NUMBER, True, None, owners.pop(), tuple(shares(line.amount, items, Allocate.REFERENCE, texts)))


def _counterparty(line: ReadLine, books: Books) -> Match | None:
    """Sure when one customer has this account or name, and one of its invoices has exactly this open amount."""
    name = company_name_key(line.counterparty_name or "")
    for why, owners in (
        (Why.IBAN, books.by_iban.get(line.counterparty_iban or "", frozenset())),
        (Why.NAME, books.by_name.get(name, frozenset()) if name else frozenset()),
    ):
        if len(owners) == 1:
            (customer_id,) = owners
            exact = books.owing(customer_id, line.amount)
            if line.direction is Direction.IN and len(exact) == 1:
                return Match(why, True, None, customer_id, (Share(exact[0].id, line.amount, How.REFERENCE),))
            return Match(why, False, None, customer_id)
    return None
