"""What a balance comes to. No database."""

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
        """Not worth a record: nothing is owed, ordered or agreed."""
        return not (self.open or self.on_order or self.blocked or self.credit_limit is not None)


def figures(open_: Decimal, on_order: Decimal, credit: Mapping[str, Any] | None, currency: str) -> Figures:
    """The balance; a limit counts in its own currency only, a block in all. Below zero is no order."""
    credit = credit or {}
    limit = Decimal(credit["limit"]) if credit.get("limit") is not None and credit.get("currency") == currency else None
    ordered = max(on_order, Decimal(0))
    left = None if limit is None else limit - open_ - ordered
    return Figures(open_, ordered, limit, left, bool(credit.get("blocked")))


def currencies(used: Collection[str], credit: Mapping[str, Any] | None, home: str) -> set[str]:
    """The currencies in which a customer has a balance: those it deals in, that of its limit, else the company's."""
    agreed = (credit or {}).get("currency")
    found = {*used, *([agreed] if agreed else [])}
    return found or {home}
