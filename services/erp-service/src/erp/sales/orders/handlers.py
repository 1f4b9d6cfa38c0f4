"""Background tasks on orders: decide on submitted orders, answer requests, release the stock of cancelled orders.

The work is derived from the orders' rows, so a crash loses nothing and repeating a step has no effect. Submitted orders
of a tenant share a transaction; other work, and an order that fails, has a transaction of its own.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog
from chassis.db import Sessions, transaction, wait_at_most
from chassis.errors import Conflict
from chassis.replication.edit import Archived
from chassis.service import Running
from chassis.wakeup import Wakeup
from chassis.worker import Retries, Task
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders import commands
from erp.sales.orders.events import ACTOR
from erp.sales.orders.models import LEFT_TO_DO
from erp.sales.orders.rules import IllegalTransition, failure_text

log = structlog.get_logger()
POLL_SECONDS = 0.05
BATCH = 50
"""As many orders share a transaction at most. It locks their stock for a few hundredths of a second."""

LANES = 4
"""The number of transactions that run concurrently. The orders of one customer are processed in sequence."""

WAIT_MILLISECONDS = 1_000
LOCKED = "55P03"
LOCKED_SECONDS = 1.0
"""The pause of a customer with an order that another transaction has locked: its orders are decided in sequence."""

# The condition is written exactly as in the index: PostgreSQL uses the partial index only then.
WAITING = text(
    f"""
    select tenant_id, id, customer_id, state, holds_stock,
           request is not null and (answer is null or answer ->> 'request' <> request ->> 'id') as asked
    from orders where ({LEFT_TO_DO}) and id <> all(:later)
        and customer_id <> all(:locked) order by submitted_at, id limit {BATCH}
    """  # noqa: S608  (constants only)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order with pending work."""

    tenant_id: UUID
    id: UUID
    customer_id: UUID
    state: str
    holds_stock: bool
    asked: bool


def tasks(running: Running) -> dict[str, Task]:
    """The worker's tasks."""
    return {"order-desk": OrderDesk(running.sessions, Retries(), running.wakeup).run}


class OrderDesk:
    """Processes pending orders of all tenants. `retries` holds the pauses of failed orders."""

    def __init__(self, sessions: Sessions, retries: Retries[UUID], wakeup: Wakeup | None = None) -> None:
        self._sessions = sessions
        self._wakeup = wakeup or Wakeup()
        self._retries = retries
        self._locked: dict[UUID, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work while there is something to do; look again after the next commit of this service."""
        while not stop.is_set():
            count = self._wakeup.count
            if not await self.step():
                await self._wakeup.wait(stop, count, POLL_SECONDS)

    async def step(self) -> int:
        """Process one batch; returns the number of its orders."""
        waiting = await self._waiting()
        lanes = asyncio.Semaphore(LANES)

        async def serve(orders: Sequence[Waiting]) -> None:
            async with lanes:
                for order in orders:
                    if order.customer_id not in self._locked:
                        await self._attempt(order)

        async def serve_tenant(orders: Sequence[Waiting]) -> None:
            async with lanes:
                decided = await self._decide_together(orders)
            left = [order for order in orders if order.id not in decided]
            async with asyncio.TaskGroup() as group:
                for of_customer in _by(left, lambda order: order.customer_id):
                    group.create_task(serve(of_customer))

        async with asyncio.TaskGroup() as group:
            for orders in _by(waiting, lambda order: order.tenant_id):
                group.create_task(serve_tenant(orders))
        return len(waiting)

    async def _decide_together(self, orders: Sequence[Waiting]) -> set[UUID]:
        """Decide on the orders of a tenant in one transaction; returns those that are done.

        Not those of customers for whom there is other work too: that is done in sequence. If one order cannot be
        decided, none is: each is then tried alone.
        """
        others = {order.customer_id for order in orders if order.asked or order.state != "submitted"}
        wanted = {order.id: order.customer_id for order in orders if order.customer_id not in others}
        if not wanted:
            return set()
        try:
            async with self._transaction(orders[0]) as session:
                decided = await commands.decide(session, wanted, ACTOR)
        except Exception as error:
            log.warning("orders_tried_alone", orders=len(wanted), error=type(error).__name__)
            return set()
        for order_id in decided:
            self._retries.forget(order_id)
        return decided

    async def _waiting(self) -> list[Waiting]:
        now = monotonic()
        self._locked = {customer_id: until for customer_id, until in self._locked.items() if until > now}
        async with transaction(self._sessions) as session:
            found = await session.execute(WAITING, {"later": self._retries.later(), "locked": list(self._locked)})
            return [Waiting(*row) for row in found]

    async def _attempt(self, order: Waiting) -> None:
        """Process one order. A failure concerns this order alone: it is stored on it, and the order is retried
        later."""
        try:
            await self._deal_with(order)
        except Exception as error:  # Any error concerns this order alone: the others continue, and it is retried.
            if _is_locked(error):
                self._locked[order.customer_id] = monotonic() + LOCKED_SECONDS
                log.info("order_locked", order=str(order.id), tenant=str(order.tenant_id))
            else:
                wait = self._retries.postpone(order.id)
                log.exception("order_failed", order=str(order.id), tenant=str(order.tenant_id), again_in_seconds=wait)
                await self._note(order, error)
        else:
            self._retries.forget(order.id)

    async def _note(self, order: Waiting, error: Exception) -> None:
        try:
            async with self._transaction(order) as session:
                await commands.note_failure(session, order.id, failure_text(error))
        except Exception:  # The order is retried in any case, and can then store its reason.
            log.exception("order_failure_not_noted", order=str(order.id), tenant=str(order.tenant_id))

    async def _deal_with(self, order: Waiting) -> None:
        if order.asked:
            await self._answer(order)
        if order.state == "cancelled" and order.holds_stock:
            async with self._transaction(order) as session:
                await commands.carry_out(session, order.id)
        if order.state == "submitted":
            await self._decide(order)

    @asynccontextmanager
    async def _transaction(self, order: Waiting) -> AsyncIterator[AsyncSession]:
        """A transaction in the order's tenant, with a short lock timeout."""
        async with transaction(self._sessions, order.tenant_id) as session:
            await wait_at_most(session, WAIT_MILLISECONDS)
            yield session

    async def _decide(self, order: Waiting) -> None:
        """Confirm an order; if a rule forbids it, put it on hold with the reason."""
        try:
            async with self._transaction(order) as session:
                await commands.confirm(session, order.id, ACTOR)
        except (IllegalTransition, Archived):
            return  # Another transaction has decided on it, or it was cancelled or archived in the meantime.
        except Conflict as why:
            async with self._transaction(order) as session:
                await commands.hold(session, order.id, commands.reason_of(why), ACTOR)

    async def _answer(self, order: Waiting) -> None:
        try:
            async with self._transaction(order) as session:
                await commands.grant(session, order.id, ACTOR)
        except Conflict as why:
            async with self._transaction(order) as session:
                await commands.refuse(session, order.id, str(why), ACTOR)


def _is_locked(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == LOCKED


def _by(waiting: Iterable[Waiting], key: Callable[[Waiting], UUID]) -> list[list[Waiting]]:
    """The orders of each key, in the sequence in which they were submitted."""
    found: defaultdict[UUID, list[Waiting]] = defaultdict(list)
    for order in waiting:
        found[key(order)].append(order)
    return list(found.values())
