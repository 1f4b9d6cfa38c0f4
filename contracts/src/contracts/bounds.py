"""The greatest numbers of the published language: an accepted number can be stored, summed and read in every system.

An entered number has at most 15 digits before the decimal point (`NUMERIC(19, 4)`). A line of a document has at most
12: with 200 lines and taxes of up to 100 % a document stays below 15. A sum over many records has at most 24
(`NUMERIC(28, 4)`): it holds 10^9 of the greatest amounts.
"""

from decimal import Decimal

LARGEST_AMOUNT = Decimal("9" * 15 + ".9999")
"""The greatest quantity, price, amount, or total of one document."""

LARGEST_LINE = Decimal("9" * 12 + ".9999")
"""The greatest amount of one line of an order or a quote, before tax."""

LARGEST_SUM = Decimal("9" * 24 + ".9999")
"""The greatest sum over records: a stock level, an account, the balance of a customer."""
