"""Shapes of requests and responses."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from annotations.schemas import TimelineEntry, TimelineFilters
from contracts.decimals import InCurrency
from contracts.values import Amount
from pydantic import ConfigDict, Field

MOST_TYPES = 20


class EntryType(StrEnum):
    """What an entry is about."""

    CHANGE = "change"
    LEAD = "lead"
    DEAL = "deal"
    INTERACTION = "interaction"
    TASK = "task"
    CALENDAR_EVENT = "calendar_event"
    QUOTE = "quote"
    ORDER = "order"
    SHIPMENT = "shipment"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"


class HistoryEntryOut(TimelineEntry, InCurrency):
    """One entry: a change of the record, or another record of it. The actor of a change by the hub is `gateway`."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    type: EntryType
    record_id: UUID = Field(description="The id of the record that `type` names; for a change, the record's own.")
    title: str | None = Field(description="The subject, name, number or reference of that record.")
    state: str | None = Field(description="The current state of that record; the channel of an interaction.")
    amount: Amount | None = Field(description="The total of a document, the amount of a deal or a payment.")
    currency: str | None


class HistoryFilters(TimelineFilters):
    """Filters of a timeline; all given filters must match."""

    type: Annotated[list[EntryType], Field(max_length=MOST_TYPES)] = Field(
        default=[], description="Only entries of these types; each needs the scope that reads its records."
    )
