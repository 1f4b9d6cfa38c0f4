"""A background task closes orders whose last unpaid goods were returned before they were billed.

All others are closed when their last invoice is settled. The task derives its work from the rows.
"""

from functools import partial
from typing import Any

from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Task, each_alone, every
from sqlalchemy import Row, text

from erp.finance.invoicing import commands
from erp.sales.orders import commands as orders
from erp.sales.orders.rules import failure_text

LOOK_SECONDS = 30.0
ACTOR = "invoicing"

PAID = text("""
    select tenant_id, id from orders o
    where state = 'invoiced'
      and not exists (select from order_lines l where l.order_id = o.id and l.shipped - l.returned > l.invoiced)
      and not exists (
          select from invoice_lines l join invoices i on i.id = l.invoice_id
          where l.tenant_id = o.tenant_id and l.order_id = o.id and i.settled < i.total
      )
    order by id limit 200
""")


def tasks(running: Running) -> dict[str, Task]:
    """The worker's tasks."""
    return {"paid-orders": every(LOOK_SECONDS, partial(close_paid, running.sessions))}


async def close_paid(sessions: Sessions) -> None:
    """Close shipped, billed and paid orders, for all tenants; each order in a transaction of its own.

    A failing order is reported, and is retried in the next round.
    """
    async with transaction(sessions) as session:
        found = list(await session.execute(PAID))

    async def close(order: Row[Any]) -> None:
        try:
            async with transaction(sessions, order.tenant_id) as session:
                await commands.close_orders(session, {order.id}, ACTOR)
        except Exception as error:
            async with transaction(sessions, order.tenant_id) as session:
                await orders.note_failure(session, order.id, failure_text(error))
            raise

    await each_alone(found, close)
