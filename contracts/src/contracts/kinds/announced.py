"""Kinds that one system announces and no other holds: they are neither merged nor delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.activity import Priority
from contracts.charge import Charges
from contracts.contact import Consent, PersonName
from contracts.custom import OwnValues
from contracts.customer import Address
from contracts.decimals import amount_names, amount_text, is_amount, rewritten
from contracts.kinds.table import PARTITIONS, LocalId
from contracts.product import Fraction, Quantity, TaxClass, UnitPrice
from contracts.text import NameText, NotesText, OptionalNameText, OptionalShortText, ShortText
from contracts.values import CountryCode, CurrencyCode, EmailText, Language, Money, PhoneText, Sum, Value


@dataclass(frozen=True)
class AnnouncedKind:
    """The system that announces the kind, and the shape of each of its groups; `references` are the ids of other
    records."""

    name: str
    by: str
    groups: Mapping[str, Any]
    required: frozenset[str]
    references: frozenset[str]
    partitions: int = PARTITIONS

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a record, with amounts in the decimals of the group `currency`."""
        currency = values.get("currency")
        return {
            group: amount_text(value, currency)
            if is_amount(self.groups[group])
            else rewritten(value, amount_names(self.groups[group]), currency)
            for group, value in values.items()
        }


def announced(
    name: str, by: str, *, required: Mapping[str, Any], optional: Mapping[str, Any], references: Mapping[str, bool]
) -> AnnouncedKind:
    """`references` says for each referenced record whether it is required."""
    named = {kind: LocalId if needed else LocalId | None for kind, needed in references.items()}
    needed = {kind for kind, must in references.items() if must}
    return AnnouncedKind(
        name, by, {**required, **named, **optional}, frozenset(required) | needed, frozenset(references)
    )


class DealLine(Value):
    """One line, before tax. `product_id` is the product's id in the CRM."""

    id: UUID
    product_id: UUID
    description: NameText
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction


class QuoteLine(Value):
    """One line. `product_id` is the product's id in the CRM; `catalogue_price` is the price of the price list."""

    id: UUID
    product_id: UUID
    description: NameText
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction
    tax_class: TaxClass
    tax_rate: Fraction
    catalogue_price: UnitPrice | None = None


class JournalLine(Value):
    """One line; `account` is the number of the account. `party_id`: the customer whose receivable it is."""

    account_id: UUID
    account: ShortText
    currency: CurrencyCode
    debit: Sum
    credit: Sum
    party_id: UUID | None = None


DEAL = announced(
    "deal",
    by="crm",
    references={"customer": True, "contact": False, "owner_employee": False},
    required={
        "name": NameText,
        "pipeline": ShortText,
        "stage": ShortText,
        "probability": Fraction,
        "state": Literal["open", "won", "lost"],
    },
    optional={
        "reason": OptionalNameText,
        "closed_on": date | None,
        "amount": UnitPrice | None,
        "currency": CurrencyCode | None,
        "expected_close": date | None,
        "source": OptionalShortText,
        "owner": OptionalShortText,
        "notes": NotesText,
        "lines": Annotated[tuple[DealLine, ...], Field(max_length=200)] | None,
        "custom": OwnValues,
    },
)

LEAD = announced(
    "lead",
    by="crm",
    references={"customer": False, "contact": False, "deal": False, "owner_employee": False},
    required={
        "name": PersonName,
        "state": Literal["new", "contacted", "qualified", "disqualified", "converted"],
        "score": int,
    },
    optional={
        "company": OptionalNameText,
        "email": EmailText | None,
        "phone": PhoneText | None,
        "country": CountryCode | None,
        "language": Language | None,
        "source": OptionalShortText,
        "campaign": OptionalNameText,
        "interest": NotesText,
        "reason": OptionalNameText,
        "consent": Consent | None,
        "custom": OwnValues,
    },
)

QUOTE = announced(
    "quote",
    by="crm",
    references={"customer": True, "contact": False, "deal": False, "order": False},
    required={
        "number": ShortText,
        "revision": Annotated[int, Field(ge=1)],
        "state": Literal["draft", "sent", "accepted", "declined"],
        "currency": CurrencyCode,
        "lines": Annotated[tuple[QuoteLine, ...], Field(max_length=200)],
        "net": Money,
        "tax": Money,
        "total": Money,
    },
    optional={
        "charges": Charges | None,
        "language": Language | None,
        "valid_until": date | None,
        "reference": OptionalShortText,
        "introduction": NotesText,
        "shipping_address": Address | None,
        "sent_at": AwareDatetime | None,
        "decided_at": AwareDatetime | None,
        "reason": NotesText | None,
        "custom": OwnValues,
    },
)

STOCK_MOVE = announced(
    "stock_move",
    by="erp",
    references={"product": True},
    required={
        "kind": Literal["opening", "receipt", "issue", "return", "transfer", "adjustment"],
        "warehouse_id": UUID,
        "quantity": Sum,
        "value": Sum,
        "unit_cost": Sum,
        "currency": CurrencyCode,
        "moved_on": date,
        "source_kind": ShortText,
        "source_id": UUID,
        "actor": str,
    },
    optional={"line_id": UUID | None, "reason": NotesText},
)
"""A receipt (positive) or issue (negative), in the product's own unit; never changed. `line_id` is an order's line."""

JOURNAL_ENTRY = announced(
    "journal_entry",
    by="erp",
    references={},
    required={
        "rule": ShortText,
        "source_kind": ShortText,
        "source_id": UUID,
        "posted_on": date,
        "actor": str,
        "lines": Annotated[tuple[JournalLine, ...], Field(min_length=2, max_length=200)],
    },
    optional={"text": NotesText},
)
"""A journal entry, once per source and rule; never changed."""

TASK_REMINDER = announced(
    "task_reminder",
    by="crm",
    references={"task": True, "employee": False, "customer": False},
    required={"subject": NameText, "priority": Priority, "reminds_at": AwareDatetime},
    optional={"due_at": AwareDatetime | None},
)
"""A reminder of a task, once when it is due; `employee` is the assignee. Never changed."""

_ALL = (LEAD, DEAL, QUOTE, TASK_REMINDER, STOCK_MOVE, JOURNAL_ENTRY)
ANNOUNCED: dict[str, AnnouncedKind] = {kind.name: kind for kind in _ALL}
