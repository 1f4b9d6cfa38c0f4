"""Commands that change stock. Each locks the stock of its products, in the order of their ids."""

from erp.warehouse.stock.commands.deliver import issue, take_back
from erp.warehouse.stock.commands.reserve import change, release, reserve
from erp.warehouse.stock.commands.stock import lock
from erp.warehouse.stock.commands.store import adjust, receive, transfer
from erp.warehouse.stock.models import NotReserved, OutOfStock
from erp.warehouse.stock.queries import available, reserved
from erp.warehouse.stock.rules import Want

__all__ = [
    "NotReserved",
    "OutOfStock",
    "Want",
    "adjust",
    "available",
    "change",
    "issue",
    "lock",
    "receive",
    "release",
    "reserve",
    "reserved",
    "take_back",
    "transfer",
]
