"""Numbers of documents and records, in sequence per tenant: `INV-2026-000001`.

    INVOICES = Series("invoice", "INV-", per_year=True, gapless=True)   # declared by the module that uses it
    invoice.number = await take(session, INVOICES, on=invoice.issued_on)

A number is a text, the year if the series has one, and digits. One counter counts all numbers that begin with the same
text: a format that is changed, and changed back, assigns no number twice. Taking a number locks the counter until the
transaction ends, and a rollback returns the number: take it last.
"""

from numbering.series import Format, Series
from numbering.taking import take, take_all

__all__ = ["Format", "Series", "take", "take_all"]
