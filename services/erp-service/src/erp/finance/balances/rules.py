"""Computation of a balance. No database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """A balance of one customer in one currency."""

    open: Decimal
    on_order: Decimal
    credit_limit: Decimal | None
    credit_left: Decimal | None
    blocked: bool

    @property
    def is_nothing(self) -> bool:
        """Whether the balance needs no record: no receivable, order or limit."""
        return not (self.open or self.on_order or self.blocked or self.credit_limit is not None)


def figures(open_: Decimal, on_order: Decimal, credit: Mapping[str, Any] | None, currency: str) -> Figures:
    """The balance; a limit applies to its own currency only, a block to all. A negative order amount counts as zero."""
    credit = credit or {}
    limit = Decimal(credit["limit"]) if credit.get("limit") is not None and credit.get("currency") == currency else None
    ordered = max(on_order, Decimal(0))
    left = None if limit is None else limit - open_ - ordered
    return Figures(open_, ordered, limit, left, bool(credit.get("blocked")))


def currencies(used: Collection[str], credit: Mapping[str, Any] | None, home: str) -> set[str]:
    """The currencies in which a customer has a balance: those of its documents, that of its limit, else the
    company's."""
    agreed = (credit or {}).get("currency")
    found = {*used, *([agreed] if agreed else [])}
    return found or {home}
