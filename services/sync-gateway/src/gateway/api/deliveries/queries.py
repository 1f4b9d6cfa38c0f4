"""Reads of deliveries that are due, waiting or refused."""

from typing import Any

from chassis.pages import Sorting
from sqlalchemy import Select, Text, cast, select

from gateway.api.deliveries.schemas import DeliveryFilters
from gateway.store.deliveries import Delivery
from gateway.store.due import STATES
from gateway.store.records import Record

ORDERS = Sorting(
    {"changed_at": Delivery.changed_at, "due_at": Delivery.due_at},
    cast(Delivery.canonical_id, Text) + " " + Delivery.system,
    "changed_at",
)


def search(filters: DeliveryFilters) -> Select[*tuple[Any, ...]]:
    """The deliveries that match every filter, with their records."""
    wanted = filters.model_dump(exclude_none=True, exclude={"state"})
    return (
        select(Delivery, Record)
        .join(Record, Record.canonical_id == Delivery.canonical_id)
        .where(STATES[filters.state], *(getattr(Delivery, name) == value for name, value in wanted.items()))
    )
