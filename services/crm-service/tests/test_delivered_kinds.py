"""The kinds that the ERP delivers: each value is read as it was written, and checked like one that is typed."""

import pytest
from chassis.errors import Malformed
from chassis.replication import Kind
from crm.catalogue.products import events as catalogue
from crm.receivables import events as receivables

from .products.values import VALUES as CATALOGUE
from .receivables.values import VALUES as RECEIVABLES

KINDS = (*catalogue.KINDS, *receivables.KINDS)
VALUES = {**CATALOGUE, **RECEIVABLES}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_delivered_is_read_again_as_it_came(kind: Kind) -> None:
    values = VALUES[kind.name]
    row = kind.create(values)
    for key, value in values.items():
        kind.by_name[key].write(row, key, value)
    assert kind.read(row) == {**values, "life": "live"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_that_lacks_what_makes_it_one_is_not_created(kind: Kind) -> None:
    for group in kind.required:
        with pytest.raises(Malformed):
            kind.create({**VALUES[kind.name], group: None})


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (catalogue.PRODUCT, "gtin", "4006381333930"),
        (catalogue.PRODUCT, "list_price", {"amount": "-1", "currency": "EUR"}),
        (catalogue.PRICE_LIST, "terms", {"currency": "EUR", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}),
        (catalogue.PRICE_LIST, "customer", "C-1"),
        (receivables.INVOICE, "lines", []),
        (receivables.INVOICE, "customer", "C-1"),
        (receivables.INVOICE, "settlement", {"state": "lost", "settled": "0", "open": "0"}),
        (receivables.PAYMENT, "state", "promised"),
        (receivables.PAYMENT, "payment", {"amount": 1.5, "currency": "EUR", "received_on": "2026-01-01"}),
    ],
)
def test_a_delivered_value_is_checked_like_one_that_is_typed(kind: Kind, key: str, value: object) -> None:
    with pytest.raises(Malformed):
        kind.by_name[key].write(kind.create(VALUES[kind.name]), key, value)
