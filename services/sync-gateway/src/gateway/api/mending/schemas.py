"""Corrections of a steward to a link or a delivery, and their outcome."""

from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.errors import Malformed
from fastapi import Depends, Path
from localisation import Phrase
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.api.kinds import KindName
from gateway.api.records.schemas import LinkOut, Text
from gateway.store.deliveries import DeliveryKey

Reason = Annotated[
    str, Field(min_length=3, max_length=500, description=("The reason; it is stored in the decision log."))
]
LocalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S+$")]


def _in_address(
    delivery_id: Annotated[str, Path(examples=["0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10.erp"])],
) -> DeliveryKey:
    try:
        return DeliveryKey.read(delivery_id)
    except ValueError as error:
        raise Malformed(errors=[{"field": "delivery_id", "message": str(error)}]) from None


DeliveryInAddress = Annotated[DeliveryKey, Depends(_in_address)]


class Mend(BaseModel):
    """The reason of the correction."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The CRM was restored from a backup."}]}
    )

    reason: Reason


class Relink(Mend):
    """The local record to link."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"local_id": "0199d5a0-0000-7000-8000-000000000002", "reason": "Restored from a backup."}]
        }
    )

    local_id: LocalId


class Chosen(Mend):
    """The records to deliver again; omitted filters match all, but one is required."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"system": "erp", "kind": "customer", "reason": "The ERP was restored from a backup."}]
        }
    )

    canonical_id: UUID | None = None
    kind: KindName | None = None
    system: Text | None = None
    changed_since: AwareDatetime | None = Field(default=None, description="Records that changed at this time or later.")
    changed_until: AwareDatetime | None = Field(default=None, description="Records that changed before this time.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        chosen = (self.canonical_id, self.kind, self.system, self.changed_since, self.changed_until)
        if all(each is None for each in chosen):
            raise ValueError(Phrase("send a record, a kind, a system or a time: a resync of everything is not allowed"))
        return self


class Resync(Chosen):
    """The records to deliver again, a page of them."""

    after: Text | None = Field(default=None, description="`next` of the previous answer.")

    @field_validator("after")
    @classmethod
    def _is_a_delivery(cls, after: str | None) -> str | None:
        if after is not None:
            DeliveryKey.read(after)
        return after


class LinkMended(BaseModel):
    """The outcome of a correction of a link."""

    outcome: Literal["unlinked", "relinked", "unchanged"]
    detail: str
    link: LinkOut
    replaying: int = Field(description="The held messages of the local record that are now merged.")
    logged_as: UUID | None = Field(description="The entry of the decision log.")


class DeliveryDropped(BaseModel):
    """The groups that are no longer delivered to a system."""

    outcome: Literal["dropped", "unchanged"]
    detail: str
    groups: list[str]
    logged_as: UUID | None


class ResyncOut(BaseModel):
    """The number of records that are delivered again; with `next`, send the same request with it as `after`."""

    due: int
    next: str | None
