"""What is sent in one call, and the states of which it was made."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from gateway.deliver.items import Item, Nothing, Waits
from gateway.store.state import State


@dataclass(frozen=True, slots=True)
class Made:
    """What is sent to bring leased records up to date, and the state of which it was made, by record."""

    items: Sequence[Item | Waits | Nothing]
    made_of: Mapping[UUID, State]


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one kind and tenant, sent in one call, and the states of which they were made."""

    tenant: UUID
    kind: str
    items: Sequence[Item]
    made_of: Mapping[UUID, State]

    def halves(self) -> tuple["Batch", "Batch"]:
        middle = len(self.items) // 2
        return replace(self, items=self.items[:middle]), replace(self, items=self.items[middle:])


def batches(made_of: Mapping[UUID, State], items: Iterable[Item]) -> tuple[list[Batch], list[Batch]]:
    """By tenant and kind. What was refused goes alone and last: when it hangs again, it takes no other with it."""
    found: dict[tuple[bool, UUID, str], list[Item]] = defaultdict(list)
    for item in items:
        delivery = item.delivery
        found[(bool(delivery.refused), delivery.tenant_id, delivery.kind)].append(item)
    first: list[Batch] = []
    last: list[Batch] = []
    for (refused, tenant, kind), several in found.items():
        (last if refused else first).append(Batch(tenant, kind, several, made_of))
    return first, last
