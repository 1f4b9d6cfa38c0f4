"""The parsed form of every format: statements and their lines, with storable and normalised texts."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

from chassis.errors import Malformed
from contracts.receivable import Direction
from contracts.values import CURRENCY_EXPONENTS
from localisation import Phrase

_NO_REFERENCE = {"", "NOTPROVIDED", "NONREF", "0"}
_NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
_LONGEST = {"reference": 60, "name": 200, "remittance": 2_000}


class StatementUnreadable(Malformed):
    code = "bank-statement-unreadable"
    title = "The bank statement cannot be parsed"
    hint = "Send CAMT.053 as application/xml, or CSV as text/csv with `bank_account_id` and `columns`."


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One movement; `amount` is positive. `key` is the same for the same movement in every statement."""

    booked_on: date
    direction: Direction
    amount: Decimal
    currency: str
    bank_reference: str | None = None
    end_to_end_id: str | None = None
    counterparty_name: str | None = None
    counterparty_iban: str | None = None
    remittance: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A statement of one account, which CAMT names by its IBAN; balances are negative when overdrawn."""

    identifier: str
    format: str
    iban: str | None
    lines: Sequence[ReadLine]
    opened_on: date | None = None
    closed_on: date | None = None
    opening_balance: Decimal | None = None
    closing_balance: Decimal | None = None


def unreadable(message: str, field: str = "") -> StatementUnreadable:
    """The error with the reason and the place in the file."""
    return StatementUnreadable(errors=[{"field": field, "message": message}])


def with_keys(lines: Iterable[ReadLine]) -> list[ReadLine]:
    """Lines with their keys: the bank's identifier, else their contents with a counter for equal lines."""
    seen: Counter[str] = Counter()
    keyed = []
    for line in lines:
        what = [line.booked_on, line.direction, line.amount.normalize(), line.currency, line.bank_reference]
        if line.bank_reference is None:
            what += [line.end_to_end_id, line.counterparty_iban, line.counterparty_name, line.remittance]
        digest = sha256("\x1f".join(str(each) for each in what).encode()).hexdigest()[:40]
        seen[digest] += 1
        keyed.append(replace(line, key=f"{digest}:{seen[digest]}"))
    return keyed


def plain_text(text: str | None, kind: str) -> str | None:
    """A text of a bank in storable form: one line, bounded, printable; None when it is empty."""
    cleaned = _NOT_PRINTABLE.sub(" ", text or "").strip()[: _LONGEST[kind]].strip()
    return cleaned or None


def reference_text(text: str | None) -> str | None:
    """A reference; banks write NOTPROVIDED for none."""
    cleaned = plain_text(text, "reference")
    return None if (cleaned or "").upper() in _NO_REFERENCE else cleaned


def iban_text(text: str | None) -> str | None:
    """The normalised form of an IBAN."""
    return (plain_text(text, "reference") or "").replace(" ", "").upper() or None


def known_currency(code: str | None, where: str) -> str:
    """The currency. Raises `StatementUnreadable` for an unknown one."""
    if code not in CURRENCY_EXPONENTS:
        raise unreadable(Phrase("{code!r} is not a currency (ISO 4217)", code=code), where)
    return code
