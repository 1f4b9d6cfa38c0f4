"""What invoicing does by itself: it closes orders of which the last unpaid goods came back before they were billed.

All others are closed as their last invoice is settled. Level-triggered: what is left to do is read from the rows.
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
    """Close what is shipped, billed and paid, for all tenants; each order in a transaction of its own.

    An order on which this fails says so, and is tried again in the next round.
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
