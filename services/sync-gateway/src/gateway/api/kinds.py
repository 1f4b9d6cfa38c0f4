"""Names of kinds and groups in requests."""

from typing import Annotated

from chassis.errors import NotFound
from fastapi import Depends, Path
from pydantic import AfterValidator, BaseModel, Field

from gateway.kinds import KINDS, UnknownKind, kind_spec


class Filters(BaseModel):
    """Query parameters of a list; undeclared ones are refused."""


class NoSuchKind(NotFound):
    code = "no-such-kind"
    title = "The hub has no records of this kind"
    detail = "It keeps: {kinds}."
    hint = "Use one of these kinds; GET /v1/policies describes them."


def _declared(name: str) -> str:
    try:
        return kind_spec(name).name
    except UnknownKind as error:
        raise ValueError(str(error)) from None


KindName = Annotated[str, AfterValidator(_declared), Field(examples=["customer"], json_schema_extra={"enum": [*KINDS]})]
"""A kind in a filter or a body: an unknown name is a malformed request."""


def _in_address(kind: Annotated[str, Path(examples=["customer"], json_schema_extra={"enum": [*KINDS]})]) -> str:
    if kind not in KINDS:
        raise NoSuchKind(kind=kind, kinds=", ".join(KINDS))
    return kind


KindInAddress = Annotated[str, Depends(_in_address)]
"""A kind in an address: an unknown name is answered with 404."""
