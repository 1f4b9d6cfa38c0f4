"""Numbers of documents and records, given one after the other, per tenant: `INV-2026-000001`.

    INVOICES = Series("invoice", "INV-", per_year=True, gapless=True)   # declared by the module that gives them
    invoice.number = await take(session, INVOICES, on=invoice.issued_on)

A number is text before it, the year where the series has one, and digits. One counter counts all
numbers that begin with the same text: a format that is changed, and changed back, gives no number twice. Whoever takes
one locks the counter until the transaction ends, and a rollback gives it back: take it last.
"""

from numbering.series import Format, Series
from numbering.taking import drawn_by_default, take

__all__ = ["Format", "Series", "drawn_by_default", "take"]
