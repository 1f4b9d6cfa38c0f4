"""Sparse answers: `fields=name,updated_at` leaves out all other fields."""

from typing import Annotated, Any

import orjson
from chassis.errors import Malformed
from fastapi import Depends, Query, Response
from pydantic import BaseModel

ALWAYS = {"id", "version"}


class FieldsWanted:
    """The parameter `fields`; the dependency behind `Sparse`."""

    def __init__(
        self,
        fields: Annotated[
            str | None,
            Query(max_length=2000, description="Names, with commas: other fields than these and the id are left out."),
        ] = None,
    ) -> None:
        self.names = {name.strip() for name in fields.split(",") if name.strip()} if fields else None

    def check(self, shape: type[BaseModel]) -> None:
        """Raises `Malformed` for a name that the shape does not have."""
        known = shape.model_fields.keys()
        if unknown := sorted((self.names or set()) - known):
            message = f"unknown: {', '.join(unknown)}; the fields are: {', '.join(known)}"
            raise Malformed(errors=[{"field": "fields", "code": "choice", "message": message}])

    def of(self, shown: Any) -> dict[str, Any]:
        """The fields that are wanted of a record, in JSON form."""
        document: dict[str, Any] = shown.model_dump(mode="json", by_alias=True, include=ALWAYS | (self.names or set()))
        return document


Sparse = Annotated[FieldsWanted, Depends()]


def answer(content: Any, response: Response) -> Any:
    """A response in the place of a declared shape: the content as JSON, with the headers that were set so far."""
    return Response(orjson.dumps(content), headers=dict(response.headers), media_type="application/json")
