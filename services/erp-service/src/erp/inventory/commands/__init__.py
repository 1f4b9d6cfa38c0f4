"""Every use case that changes stock. Each locks the stock of its products, in the order of their ids."""

from erp.inventory.commands.deliver import issue, take_back
from erp.inventory.commands.reserve import change, release, reserve
from erp.inventory.commands.stock import lock
from erp.inventory.commands.store import adjust, receive, transfer
from erp.inventory.models import NotReserved, OutOfStock
from erp.inventory.queries import available, reserved
from erp.inventory.rules import Want

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
