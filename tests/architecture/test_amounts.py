"""Amounts of money in answers have the decimals of a currency: no model shows one without saying which."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import pytest
from chassis.routing import built
from chassis.service import Service
from contracts.decimals import InCurrency, is_amount
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from fastapi.routing import APIRoute
from pydantic import BaseModel

NOT_SAID = {
    "StatementHead.opening_balance",  # The bank account's; its currency is that of the statement's lines.
    "StatementHead.closing_balance",
    "Statement.opening_balance",
    "Statement.closing_balance",
    "StatementOut.opening_balance",
    "StatementOut.closing_balance",
    "InvoiceLineOut.net",  # Taken from the whole invoice, which has one.
    "InvoiceLineOut.unit_price",
}


def models_in(shape: Any) -> Iterator[type[BaseModel]]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        yield shape
    for each in get_args(shape):
        yield from models_in(each)


def without_currency(model: type[BaseModel], inside: tuple[type[BaseModel], ...] = ()) -> Iterator[str]:
    """Amounts in a model of answers for which neither it nor a model around it has a currency."""
    if model in inside or (issubclass(model, InCurrency) and "currency" in model.model_fields):
        return
    for name, field in model.model_fields.items():
        if is_amount(Annotated[field.annotation, *field.metadata, None]):
            yield f"{model.__name__.removesuffix('Read')}.{name}"  # The shape of reads has the same fields.
        for each in models_in(field.annotation):
            yield from without_currency(each, (*inside, model))


@pytest.mark.parametrize("service", [CRM, ERP], ids=lambda service: service.name)
def test_every_amount_of_an_answer_has_a_currency(service: Service) -> None:
    answers = {
        model
        for router in service.routers
        for route in built(router).routes
        if isinstance(route, APIRoute)
        for model in models_in(route.response_model)
    }
    found = {place for model in answers for place in without_currency(model)}
    assert sorted(found - NOT_SAID) == []
