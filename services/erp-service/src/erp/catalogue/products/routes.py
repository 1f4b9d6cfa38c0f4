"""HTTP of product prices."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import requires
from chassis.db import Session
from contracts.pricing import Question
from fastapi import APIRouter, Query
from records import reads

from erp.catalogue.products import queries
from erp.catalogue.products.records import PRICE_LISTS, PRODUCTS, price_lists, prices, products, tax_rates
from erp.catalogue.products.rules import in_own_unit
from erp.catalogue.products.schemas import PriceAnswer, PriceQuestion
from erp.ledger import queries as ledger
from erp.parties.customers.records import CUSTOMERS

router = APIRouter(prefix="/v1/products", tags=["products"])
routers = (products, router, price_lists, prices, tax_rates)


@router.get("/{product_id}/price", dependencies=[requires("prices:read")])
async def read_price(product_id: UUID, session: Session, question: Annotated[PriceQuestion, Query()]) -> PriceAnswer:
    """The price of one unit for this customer, today or on another date, and its price list."""
    product = await reads.by_id(session, PRODUCTS, product_id)
    customer = None
    if question.customer_id:
        customer = await reads.by_id(session, CUSTOMERS, question.customer_id)
    asked = Question(
        customer_id=question.customer_id,
        customer_group=customer.segment if customer else None,
        quantity=in_own_unit(product.units, question.quantity, question.unit),
        currency=question.currency
        or (customer.currency if customer else None)
        or (await ledger.company(session)).currency,
        on=question.on or clock.today(),
    )
    answer = (await queries.prices(session, [product], question.customer_id))(product, asked)
    price_list = None
    if answer.price_list_id:
        price_list = await reads.by_id(session, PRICE_LISTS, answer.price_list_id)
    return PriceAnswer(
        product_id=product.id,
        amount=answer.amount,
        currency=answer.currency,
        unit=product.units["unit"],
        quantity=asked.quantity,
        on=asked.on,
        price_list_id=answer.price_list_id,
        price_list=price_list.name if price_list else None,
    )
