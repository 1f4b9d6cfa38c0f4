"""What holds of stock at any moment, read from the database by other ways than the code takes."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

BROKEN = {
    "nothing is below zero, and no more reserved than there is": """
        select id from stock_levels where on_hand < 0 or value < 0 or reserved < 0 or reserved > on_hand
    """,
    "nothing on hand is worth nothing": "select id from stock_levels where on_hand = 0 and value <> 0",
    "on hand and value are what moved": """
        select l.id from stock_levels l left join stock_moves m on m.level_id = l.id
        group by l.id having coalesce(sum(m.quantity), 0) <> l.on_hand or coalesce(sum(m.value), 0) <> l.value
    """,
    "reserved is what reservations hold": """
        select l.id from stock_levels l left join stock_reservations r on r.level_id = l.id
        group by l.id having coalesce(sum(r.quantity), 0) <> l.reserved
    """,
    "a line has what its reservations hold": """
        select d.id from stock_demands d left join stock_reservations r on r.demand_id = d.id
        where d.stocked group by d.id having coalesce(sum(r.quantity), 0) <> d.reserved
    """,
    "a reservation holds the product that its line wants": """
        select r.id from stock_reservations r
        join stock_demands d on d.id = r.demand_id join stock_levels l on l.id = r.level_id
        where l.product_id <> d.product_id
    """,
    "nobody waits for what is there": """
        select d.id from stock_demands d where d.reserved < d.wanted and d.stocked
        and exists (select from stock_levels l where l.product_id = d.product_id and l.reserved < l.on_hand)
    """,
    "what has left for a line is what was issued less what came back": """
        select d.id from stock_demands d
        left join (stock_moves m join stock_levels l on l.id = m.level_id)
            on m.line_id = d.line_id and l.product_id = d.product_id
        where d.stocked group by d.id having coalesce(-sum(m.quantity), 0) <> d.issued
    """,
    "goods in transit between warehouses are none": """
        select source_id from stock_moves where kind = 'transfer'
        group by source_id having sum(quantity) <> 0 or sum(value) <> 0
    """,
}
BOOKED = """
    select coalesce((select sum(value) from stock_levels), 0) - coalesce((
        select sum(l.amount) from journal_lines l join accounts a on a.id = l.account_id where a.role = 'inventory'
    ), 0)
"""


async def broken(session: AsyncSession) -> Sequence[str]:
    """The invariants that do not hold, with how often."""
    found = []
    for name, statement in BROKEN.items():
        rows = (await session.execute(text(statement))).all()
        found += [f"{name}: {len(rows)}"] if rows else []
    difference: Decimal = (await session.execute(text(BOOKED))).scalar_one()
    return found + ([f"the books say {difference} less"] if difference else [])
