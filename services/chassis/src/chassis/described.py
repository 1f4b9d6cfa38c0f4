"""Completes the OpenAPI document with what FastAPI does not derive: headers, preconditions, problems.

Everything is derived from the routes: a route that depends on `SeenVersion` needs `If-Match`, and may answer 412 and
428.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chassis.auth import AnyOf, dependants
from chassis.errors import MEDIA_TYPE
from chassis.pages import PageRequest
from chassis.preconditions import if_match, if_match_once_there

Operation = dict[str, Any]
HEADERS = {
    "ETag": (
        "The version of the record; send it as `If-Match` to change it. The tag of a read identifies the whole "
        "answer: sent as `If-None-Match`, an unchanged answer is a 304 without a body."
    ),
    "Location": "The address of the new record.",
    "Link": "The address of the next page, with `rel=next`; missing on the last one.",
}


class ShownAs:
    """Annotates stored JSON that is answered as it is: the API's document shows it as a model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self.model.__pydantic_core_schema__)


class FieldError(BaseModel):
    """The error of one field."""

    field: str = Field(
        description=("The path of the field in the request; empty for the whole body."), examples=["lines[0].item_id"]
    )
    code: str = Field(description="A stable code of the mistake, independent of the text.", examples=["too-long"])
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457; further members contain the facts. The catalogue is at /problems."""

    type: str = Field(examples=["/problems/stale-version"])
    title: str
    status: int
    detail: str | None = None
    hint: str = Field(description="What to do next.")
    correlation_id: str | None = None
    errors: list[FieldError] | None = None


ProblemFacts = Annotated[dict[str, Any], ShownAs(ProblemDocument)]
"""A problem inside an answer, with all its members."""


class MalformedProblem(ProblemDocument):
    """The request is malformed. `errors` lists all invalid fields."""

    errors: list[FieldError] | None = None


class ConflictProblem(ProblemDocument):
    """A rule or the current state forbids the operation. Further members depend on the `type`."""

    owner: str | None = Field(default=None, description="`owned-elsewhere`: the system that owns the `fields`.")
    fields: list[str] | None = Field(default=None, description="The fields concerned.")
    field: str | None = Field(default=None, description="The field concerned.")
    state: str | None = Field(default=None, description="The current state of the record.")
    allowed: list[str] | None = Field(default=None, description="What the current state allows instead.")


class StaleVersionProblem(ProblemDocument):
    """The record was changed by another request. The `ETag` of this answer is that of `current`."""

    current: dict[str, Any] = Field(description="The current record, as a read answers it.")
    base: int | str | list[int | str] = Field(description="The version that was sent in `If-Match`.")
    yours: Any = Field(description="The body that was sent.")


REFUSED: dict[str, tuple[str, type[ProblemDocument]]] = {
    "401": ("The request has no valid token.", ProblemDocument),
    "403": ("The token lacks a scope.", ProblemDocument),
    "404": ("The record does not exist.", ProblemDocument),
    "409": ("A rule or the current state forbids the operation.", ConflictProblem),
    "412": ("The record has changed since it was read.", StaleVersionProblem),
    "422": ("The request is malformed.", MalformedProblem),
    "428": ("`If-Match` is missing.", ProblemDocument),
}


def complete(app: FastAPI, document: dict[str, Any]) -> None:
    """Add to each operation what its route declares, the schemas of all problems, and the examples of batches."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for _, shape in REFUSED.values():
        own = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs", {}), **{shape.__name__: own})
    for route in iter_route_contexts(app.routes):
        for method in getattr(route, "methods", None) or ():
            operation = document["paths"].get(route.path, {}).get(method.lower())
            if operation is not None and "responses" in operation:
                _describe(_Described(route, method, document["paths"]), operation)
                _summarise(str(route.name), operation)
    for name, schema in schemas.items():
        item = schemas.get(f"{name.removesuffix('Batch')}Item", {})
        if name.endswith("Batch") and (body := _example_of(item.get("properties", {}).get("body", {}), schemas)):
            schema.setdefault("examples", [{"items": [{"body": body}]}])


def _summarise(name: str, operation: Operation) -> None:
    """The first statement of the description, in place of the name of the function."""
    if operation.get("summary") == name.replace("_", " ").title() and (text := operation.get("description")):
        sentence, _, _ = " ".join(text.split("\n\n")[0].split()).partition(". ")
        operation["summary"] = re.split(r"[;:] | \(", sentence)[0].removesuffix(".")


def _example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The first example of the model that a schema refers to, or of the first of several."""
    first = schema.get("anyOf", [schema])[0]
    return next(iter(schemas.get(first.get("$ref", "").rpartition("/")[2], {}).get("examples", [])), None)


class _Described:
    """What the declaration of a route says."""

    def __init__(self, route: Any, method: str, paths: dict[str, Any]) -> None:
        self.route, self.method, self._paths = route, method, paths
        tree = list(dependants(route.dependant))
        self.calls = {each.call for each in tree}
        fields: Iterable[str] = getattr(route.response_model, "model_fields", ())
        self._sets_headers = route.dependant.response_param_name is not None
        self._tagged = self._sets_headers and "version" in fields
        self.takes_parameters = any((each.query_params or each.path_params or each.body_params) for each in tree)

    def headers(self) -> Iterator[str]:
        if self._tagged:
            yield "ETag"
        if self._sets_headers and self.route.status_code == 201 and self._is_collection():
            yield "Location"
        if any(getattr(each, "__annotations__", {}).get("return") is PageRequest for each in self.calls):
            yield "Link"

    def statuses(self) -> Iterator[str]:
        yield from ("401", "403")
        if "{" in self.route.path:
            yield "404"
        if self.method != "GET":
            yield "409"
        if self.calls & {if_match, if_match_once_there}:
            yield from ("412", "428")
        if self.takes_parameters:
            yield "422"

    def _is_collection(self) -> bool:
        """Whether single records of this collection can be read by id."""
        name = self.route.path.rpartition("/")[2]
        return any(f"/{name}/{{" in path and path.endswith("}") and "get" in item for path, item in self._paths.items())


def _describe(described: _Described, operation: Operation) -> None:
    answers = operation["responses"]
    for status, answer in answers.items():
        if status.startswith("2"):
            for name in described.headers():
                answer.setdefault("headers", {})[name] = _header(name)
    for status in described.statuses():
        text, shape = REFUSED[status]
        schema = {"$ref": f"#/components/schemas/{shape.__name__}"}
        answers.setdefault(status, {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}})
    for each in described.calls:
        if isinstance(each, AnyOf):
            operation["security"] = [{"bearer": [scope]} for scope in sorted(each.scopes)]
    if if_match in described.calls:
        for parameter in operation["parameters"]:
            if parameter["name"] == "If-Match":
                parameter.update(required=True, schema={"type": "string", "title": "If-Match", "examples": ['"7"']})


def _header(name: str) -> dict[str, Any]:
    return {"description": HEADERS[name], "schema": {"type": "string"}}
