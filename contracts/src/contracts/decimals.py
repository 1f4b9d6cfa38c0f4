"""How many decimals an amount is written with: those of its currency, and further ones only where they say something.

`165` in euros is `165.00`, a unit price of `0.1250` is `0.125`, and `165.00` in yen is `165`. Types say what is an
amount of money (`Monetary`). Quantities and rates have no zeros at their end: no unit declares decimals.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from inspect import isclass
from typing import Annotated, Any, Self, get_args, get_origin

from pydantic import BaseModel, JsonValue, model_validator

from contracts.values import CURRENCY_EXPONENTS, Monetary

_WIDE = Context(prec=100)


def in_decimals(amount: Decimal, currency: str) -> Decimal:
    """The amount with at least the decimals of its currency; nothing is rounded."""
    shortest = amount.normalize(_WIDE) + 0
    decimals = max(-int(shortest.as_tuple().exponent), CURRENCY_EXPONENTS.get(currency, 0))
    return shortest.quantize(Decimal(1).scaleb(-decimals), context=_WIDE)


class InCurrency(BaseModel):
    """The base of models with a `currency`: amounts in them, at any depth, have its decimals."""

    @model_validator(mode="after")
    def _amounts_have_the_decimals_of_the_currency(self) -> Self:
        if currency := getattr(self, "currency", None):
            _write(self, currency)
        return self


def _write(model: BaseModel, currency: str) -> None:
    found = _fields(type(model))
    for name in found.amounts:
        value = model.__dict__[name]
        if isinstance(value, Decimal):
            model.__dict__[name] = in_decimals(value, currency)
    for name in found.nested:
        for each in _models(model.__dict__[name]):
            _write(each, getattr(each, "currency", None) or currency)


def _models(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _models(each)


@dataclass(frozen=True, slots=True)
class _Fields:
    amounts: tuple[str, ...]
    nested: tuple[str, ...]


@cache
def _fields(model: type[BaseModel]) -> _Fields:
    """The fields of a model that are amounts, and those in which other models are."""
    types = {name: Annotated[field.annotation, *field.metadata, None] for name, field in model.model_fields.items()}
    return _Fields(
        tuple(name for name, shape in types.items() if is_amount(shape)),
        tuple(name for name, shape in types.items() if any(_models_in(shape))),
    )


def is_amount(shape: Any) -> bool:
    """Whether a value of this type is an amount of money, or none."""
    if get_origin(shape) is Annotated:
        inner, *notes = get_args(shape)
        return any(isinstance(note, Monetary) for note in notes) or is_amount(inner)
    return get_origin(shape) not in (list, tuple, dict) and any(is_amount(each) for each in get_args(shape))


def amount_names(shape: Any) -> frozenset[str]:
    """The names of fields at any depth of a type that are amounts of money."""
    models = {each for found in _models_in(shape) for each in (found, *_inside(found))}
    return frozenset(name for model in models for name in _fields(model).amounts)


def _inside(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for found in _models_in(field.annotation):
            yield found
            yield from _inside(found)


def _models_in(shape: Any) -> Iterator[type[BaseModel]]:
    if isclass(shape) and issubclass(shape, BaseModel):
        yield shape
    for each in get_args(shape):
        yield from _models_in(each)


def rewritten(value: JsonValue, names: Collection[str], currency: str | None) -> JsonValue:
    """A JSON value in which these fields, at any depth, have the decimals of the nearest enclosing currency."""
    if isinstance(value, Mapping):
        own = value.get("currency")
        currency = own if isinstance(own, str) else currency
        return {
            name: amount_text(item, currency) if name in names else rewritten(item, names, currency)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [rewritten(item, names, currency) for item in value]
    return value


def amount_text(value: JsonValue, currency: str | None) -> JsonValue:
    """The text of an amount with the decimals of its currency; anything else, and without a currency, as it is."""
    return format(in_decimals(Decimal(value), currency), "f") if currency and isinstance(value, str) else value
