"""Records that the checks deliver, by kind: a whole one, and another value of one of its groups."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from contracts.conformance.port import Port, Record


@dataclass
class Sample:
    """A record that fits the published shapes; `changed` is a group that differs from it, with a new value.

    `needed` are the records that it refers to, which were delivered before it.
    """

    values: dict[str, Any]
    changed: tuple[str, Any]
    references: dict[str, Any] = field(default_factory=dict)
    needed: list[tuple[str, Record]] = field(default_factory=list)


def _unique(words: str) -> str:
    return f"{words} {uuid.uuid4().hex[:12]}"


def _customer() -> Sample:
    values = {"name": {"name": _unique("Conformance"), "kind": "company"}, "life": "live"}
    return Sample(values, ("website", "https://example.com/conformance"))


def _product() -> Sample:
    return Sample({"name": _unique("Conformance"), "life": "live"}, ("description", "Packed by the dozen."))


def _contact() -> Sample:
    return Sample({"name": _unique("Maria Conformance"), "life": "live"}, ("position", "Sales Representative"))


SAMPLES = {"customer": _customer, "product": _product, "contact": _contact}
"""Kinds whose records need no others. Orders are delivered with a customer (`order`)."""

ORDER = "order"
KINDS = (*SAMPLES, ORDER)


async def sample_of(port: Port) -> Sample:
    """A new sample of the port's kind. What it refers to is delivered first."""
    if port.kind in SAMPLES:
        return SAMPLES[port.kind]()
    customer = Record()
    await port.create(customer, _customer().values, kind="customer")
    values = {
        "state": "draft",
        "customer": customer.local_id,
        "currency": "EUR",
        "dates": {"ordered_on": "2026-11-28"},
        "life": "live",
    }
    references = {"customer": {"kind": "customer", "canonical_id": customer.canonical_id}}
    return Sample(values, ("reference", _unique("PO")), references, [("customer", customer)])
