"""Use cases on a real database: levels, moves, reservations and the books."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from chassis.errors import NotFound
from erp.catalogue.products.rules import UnknownUnit
from erp.ledger import queries as books
from erp.warehouse.stock import commands, queries
from erp.warehouse.stock.models import (
    ZERO,
    KitWithoutComponents,
    NoStockKept,
    NotIssued,
    NotReserved,
    OutOfStock,
    SameWarehouse,
    StockLevel,
    StockMove,
    UnitCostNeeded,
    Warehouse,
)
from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, kit, product, received, shipment, want

pytestmark = pytest.mark.servers


async def level(session: AsyncSession, product_id: UUID, warehouse_id: UUID | None = None) -> StockLevel:
    """A level as it stands; of the default warehouse, if not given."""
    where = warehouse_id or (await queries.warehouses(session))[0].id
    statement = select(StockLevel).where(StockLevel.product_id == product_id, StockLevel.warehouse_id == where)
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def warehouse(session: AsyncSession, name: str) -> UUID:
    """Another warehouse beside the default one."""
    if not await queries.warehouses(session):
        session.add(Warehouse(name="Main", is_default=True))
    row = Warehouse(name=name, is_default=False)
    session.add(row)
    await session.flush()
    return row.id


def plain(*amounts: Decimal) -> str:
    """Amounts as one writes them."""
    return " ".join(f"{amount.normalize():f}" for amount in amounts)


async def inventory_account(session: AsyncSession) -> Decimal:
    return await books.balance(session, "inventory", "EUR")


async def test_goods_that_come_in_are_on_hand_at_what_they_cost(session: AsyncSession) -> None:
    tea = await product(session)
    move = await received(session, tea, 10, "2.5", reference="LS-1")
    there = await level(session, tea)
    assert plain(there.on_hand, there.reserved, there.value) == "10 0 25"
    assert (move.kind, plain(move.quantity, move.value), move.reason, move.moved_on) == (
        "receipt",
        "10 25",
        "LS-1",
        DAY,
    )
    assert await inventory_account(session) == 25
    assert await books.balance(session, "goods_received", "EUR") == -25


async def test_opening_stock_is_no_debt(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 10, "2.5", opening=True)
    assert await books.balance(session, "opening_balance", "EUR") == -25


async def test_goods_may_come_in_another_unit(session: AsyncSession) -> None:
    tea = await product(session)
    move = await received(session, tea, 2, "30", unit="box")
    assert plain(move.quantity, move.value, move.unit_cost) == "24 60 2.5"
    with pytest.raises(UnknownUnit):
        await received(session, tea, 2, unit="pallet")


async def test_services_and_kits_do_not_lie_in_warehouses(session: AsyncSession) -> None:
    service = await product(session, product_kind="service")
    with pytest.raises(NoStockKept):
        await received(session, service, 1)
    with pytest.raises(NotFound):
        await received(session, uuid4(), 1)


async def test_what_there_is_is_reserved_and_the_rest_waits(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 10)
    first, second = want(tea, 7), want(tea, 7)
    assert await commands.reserve(session, [first, second]) == {first.line_id: 7, second.line_id: 3}
    assert await commands.available(session, [tea]) == {tea: 0}
    await received(session, tea, 2)
    assert await commands.reserved(session, [first.line_id, second.line_id]) == {first.line_id: 7, second.line_id: 5}


async def test_the_oldest_back_order_is_filled_first(session: AsyncSession) -> None:
    tea = await product(session)
    first, second = want(tea, 5), want(tea, 5)
    await commands.reserve(session, [first])
    await commands.reserve(session, [second])
    await received(session, tea, 6)
    assert await commands.reserved(session, [first.line_id, second.line_id]) == {first.line_id: 5, second.line_id: 1}


async def test_what_is_released_goes_to_those_who_wait(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 5)
    first, second = want(tea, 5), want(tea, 5)
    await commands.reserve(session, [first])
    await commands.reserve(session, [second])
    await commands.release(session, [first.line_id])
    assert await commands.reserved(session, [first.line_id, second.line_id]) == {first.line_id: 0, second.line_id: 5}
    assert first.line_id not in await queries.demands(session, [first.line_id])


async def test_whole_is_all_or_nothing(session: AsyncSession) -> None:
    tea, cup = await product(session), await product(session)
    await received(session, tea, 5)
    wants = [want(tea, 3), want(tea, 3), want(cup, 1)]
    with pytest.raises(OutOfStock) as refused:
        await commands.reserve(session, wants, whole=True)
    assert refused.value.facts["shortages"] == [
        {"product_id": tea, "wanted": "6", "available": "5", "line_ids": [each.line_id for each in wants[:2]]},
        {"product_id": cup, "wanted": "1", "available": "0", "line_ids": [wants[2].line_id]},
    ]
    await session.flush()
    assert await commands.available(session, [tea]) == {tea: 5}
    assert await queries.demands(session, [wants[0].line_id]) == {}


async def test_a_line_may_want_more_or_less(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 5)
    first, second = want(tea, 4), want(tea, 4)
    await commands.reserve(session, [first, second])
    assert await commands.change(session, want(tea, 2, first.line_id)) == 2
    assert await commands.reserved(session, [second.line_id]) == {second.line_id: 3}
    assert await commands.change(session, want(tea, 9, first.line_id)) == 2
    assert await commands.change(session, want(tea, 0, first.line_id)) == 0
    assert await commands.reserved(session, [second.line_id]) == {second.line_id: 4}


async def test_a_service_is_always_reserved_in_full(session: AsyncSession) -> None:
    advice = want(await product(session, product_kind="service"), 3)
    assert await commands.reserve(session, [advice], whole=True) == {advice.line_id: 3}
    assert await commands.issue(session, [advice], on=DAY, source=shipment(), actor="anna") == 0
    assert await commands.reserved(session, [advice.line_id]) == {advice.line_id: 0}


async def test_a_kit_is_reserved_as_whole_kits_of_its_components(session: AsyncSession) -> None:
    tea, cup = await product(session), await product(session)
    advice = await product(session, product_kind="service")
    box = await kit(session, tea=(tea, "3"), cup=(cup, "1"), advice=(advice, "1"))
    await received(session, tea, 10, "2")
    await received(session, cup, 2, "5")
    line = want(box, 4)
    assert await commands.reserve(session, [line]) == {line.line_id: 2}
    await received(session, cup, 9, "5")
    assert await commands.reserved(session, [line.line_id]) == {line.line_id: 3}
    assert await commands.issue(session, [want(box, 3, line.line_id)], on=DAY, source=shipment(), actor="a") == 33
    assert plain((await level(session, tea)).on_hand, (await level(session, cup)).on_hand) == "1 8"
    back = [want(box, 1, line.line_id)]
    assert await commands.take_back(session, back, on=DAY, source=shipment(), actor="anna") == 11
    assert (await level(session, tea)).on_hand == 4


async def test_a_kit_of_nothing_is_refused(session: AsyncSession) -> None:
    with pytest.raises(KitWithoutComponents):
        await commands.reserve(session, [want(await product(session, product_kind="kit"), 1)])


async def test_goods_leave_at_the_moving_average_and_the_last_takes_the_rest(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 2, "1")
    await received(session, tea, 1, "2")
    line, source = want(tea, 3), shipment()
    await commands.reserve(session, [line])
    one, two = want(tea, 1, line.line_id), want(tea, 2, line.line_id)
    assert await commands.issue(session, [one], on=DAY, source=source, actor="anna") == Decimal("1.33")
    assert await commands.issue(session, [two], on=DAY, source=shipment(), actor="anna") == Decimal("2.67")
    there = await level(session, tea)
    assert plain(there.on_hand, there.reserved, there.value, await inventory_account(session)) == "0 0 0 0"
    assert await books.balance(session, "cost_of_sales", "EUR") == 4
    moves = (await session.scalars(select(StockMove).where(StockMove.source_id == source.id))).all()
    assert [(move.kind, plain(move.quantity), move.line_id, move.source_kind) for move in moves] == [
        ("issue", "-1", line.line_id, "shipment")
    ]


async def test_no_more_leaves_than_is_reserved(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 5)
    line = want(tea, 3)
    await commands.reserve(session, [line])
    with pytest.raises(NotReserved):
        await commands.issue(session, [want(tea, 4, line.line_id)], on=DAY, source=shipment(), actor="anna")
    with pytest.raises(NotReserved):
        await commands.issue(session, [want(tea, 1)], on=DAY, source=shipment(), actor="anna")


async def test_what_comes_back_is_worth_what_it_left_for(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 3, "1.11")
    line = want(tea, 3)
    await commands.reserve(session, [line])
    await commands.issue(session, [line], on=DAY, source=shipment(), actor="anna")
    await received(session, tea, 1, "100")
    back = [
        await commands.take_back(session, [want(tea, n, line.line_id)], on=DAY, source=shipment(), actor="anna")
        for n in (1, 2)
    ]
    assert (back, await inventory_account(session)) == ([Decimal("1.11"), Decimal("2.22")], Decimal("103.33"))
    with pytest.raises(NotIssued):
        await commands.take_back(session, [want(tea, 1, line.line_id)], on=DAY, source=shipment(), actor="anna")


async def test_the_default_warehouse_gives_first_then_the_others_by_name(session: AsyncSession) -> None:
    tea = await product(session)
    south, north = await warehouse(session, "South"), await warehouse(session, "North")
    for where in (south, north, None):
        await received(session, tea, 2, warehouse_id=where)
    line = want(tea, 5)
    await commands.reserve(session, [line])
    assert [(await level(session, tea, where)).reserved for where in (None, north, south)] == [2, 2, 1]
    await commands.change(session, want(tea, 3, line.line_id))
    assert [(await level(session, tea, where)).reserved for where in (None, north, south)] == [2, 1, 0]


async def test_goods_may_leave_from_another_warehouse_than_the_one_they_are_reserved_in(session: AsyncSession) -> None:
    tea = await product(session)
    north = await warehouse(session, "North")
    await received(session, tea, 3)
    await received(session, tea, 2, warehouse_id=north)
    line, other = want(tea, 3), want(tea, 2)
    await commands.reserve(session, [line])
    two = [want(tea, 2, line.line_id)]
    await commands.issue(session, two, on=DAY, source=shipment(), actor="anna", warehouse_id=north)
    assert plain((await level(session, tea, north)).on_hand, (await level(session, tea)).reserved) == "0 1"
    assert await commands.reserve(session, [other]) == {other.line_id: 2}
    with pytest.raises(OutOfStock):
        await commands.issue(session, [other], on=DAY, source=shipment(), actor="anna", warehouse_id=north)


async def test_a_count_corrects_the_books(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 4, "2.5")
    fewer = await commands.adjust(session, tea, Decimal(3), "broken", actor="anna")
    assert fewer is not None
    assert (plain(fewer.quantity, fewer.value), fewer.reason) == ("-1 -2.5", "broken")
    more = await commands.adjust(session, tea, Decimal(5), "found", actor="anna")
    assert more is not None
    assert plain(more.quantity, more.value) == "2 5"
    assert await commands.adjust(session, tea, Decimal(5), "counted again", actor="anna") is None
    assert await inventory_account(session) == Decimal("12.5")


async def test_found_goods_of_which_there_was_nothing_need_a_cost(session: AsyncSession) -> None:
    tea = await product(session)
    with pytest.raises(UnitCostNeeded):
        await commands.adjust(session, tea, Decimal(1), "found", actor="anna")
    await commands.adjust(session, tea, Decimal(1), "found", actor="anna", unit_cost=Decimal(3))
    assert (await level(session, tea)).value == 3


async def test_what_is_not_there_cannot_stay_reserved(session: AsyncSession) -> None:
    tea = await product(session)
    await received(session, tea, 6)
    old, new = want(tea, 3), want(tea, 3)
    await commands.reserve(session, [old])
    await commands.reserve(session, [new])
    await commands.adjust(session, tea, Decimal(4), "stolen", actor="anna")
    assert await commands.reserved(session, [old.line_id, new.line_id]) == {old.line_id: 3, new.line_id: 1}
    await received(session, tea, 9)
    assert await commands.reserved(session, [new.line_id]) == {new.line_id: 3}


async def test_goods_that_are_not_reserved_go_to_another_warehouse_with_their_value(session: AsyncSession) -> None:
    tea = await product(session)
    north = await warehouse(session, "North")
    await received(session, tea, 5, "2")
    main = (await queries.warehouses(session))[0].id
    await commands.reserve(session, [want(tea, 2)])
    with pytest.raises(OutOfStock):
        await commands.transfer(session, tea, Decimal(4), from_warehouse_id=main, to_warehouse_id=north, actor="anna")
    with pytest.raises(SameWarehouse):
        await commands.transfer(session, tea, Decimal(1), from_warehouse_id=main, to_warehouse_id=main, actor="anna")
    out, into = await commands.transfer(
        session, tea, Decimal(3), from_warehouse_id=main, to_warehouse_id=north, actor="anna"
    )
    assert (plain(out.value, into.value), out.source_id) == ("-6 6", into.source_id)
    assert plain((await level(session, tea)).value, (await level(session, tea, north)).value) == "4 6"
    assert await inventory_account(session) == 10


@pytest.mark.parametrize("change", [update(StockMove).values(quantity=1), delete(StockMove)])
async def test_a_move_is_never_changed(session: AsyncSession, change: Update | Delete) -> None:
    move = await received(session, await product(session), 2)
    with pytest.raises(DBAPIError, match="never changed"):
        await session.execute(change.where(StockMove.id == move.id))


@pytest.mark.parametrize("wrong", [{"on_hand": -1}, {"reserved": 3}, {"reserved": -1}, {"value": -1}, {"on_hand": 0}])
async def test_the_database_refuses_stock_that_cannot_be(session: AsyncSession, wrong: dict[str, int]) -> None:
    tea = await product(session)
    await received(session, tea, 2)
    with pytest.raises(DBAPIError, match="ck_stock_levels"):
        await session.execute(update(StockLevel).values(wrong).where(StockLevel.product_id == tea))


async def test_nothing_is_available_of_what_never_came_in(session: AsyncSession) -> None:
    tea = await product(session)
    assert await commands.available(session, [tea]) == {tea: ZERO}
