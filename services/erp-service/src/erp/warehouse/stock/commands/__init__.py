"""Commands that change stock. Each locks the stock of its products, in the order of their ids."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from erp.warehouse.stock.commands.deliver import issue, take_back
from erp.warehouse.stock.commands.reserve import Reserving, change, lock_for, release, reserve
from erp.warehouse.stock.commands.stock import lock
from erp.warehouse.stock.commands.store import adjust, receive, transfer
from erp.warehouse.stock.models import NotReserved, OutOfStock
from erp.warehouse.stock.queries import available, reserved
from erp.warehouse.stock.rules import Want

__all__ = [
    "NotReserved",
    "OutOfStock",
    "Reserving",
    "Want",
    "adjust",
    "available",
    "change",
    "issue",
    "lock",
    "lock_for",
    "receive",
    "release",
    "reserve",
    "reserved",
    "short_of",
    "take_back",
    "transfer",
]


@contextmanager
def short_of(line_ids: Iterable[UUID]) -> Iterator[None]:
    """Let an `OutOfStock` of the block name the lines of a document, which has lines of these ids."""
    try:
        yield
    except OutOfStock as problem:
        problem.point_to_lines(line_ids)
        raise
