"""What FastAPI cannot know of our answers, completed in the OpenAPI document: headers, preconditions, problems.

Everything is read from the routes: a route that depends on `SeenVersion` needs `If-Match`, and may answer 412 and 428.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field

from chassis.auth import dependants
from chassis.errors import MEDIA_TYPE
from chassis.pages import PageRequest
from chassis.preconditions import if_match, if_match_once_there

Operation = dict[str, Any]
HEADERS = {
    "ETag": (
        "The version of the record; send it as `If-Match` to change it. That of a read stands for all of the answer: "
        "with it as `If-None-Match`, the same answer is a 304 without a body."
    ),
    "Location": "The address of the new record.",
    "Link": "The address of the next page, with `rel=next`; missing on the last one.",
}


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Its path as it was sent; empty for the whole.", examples=["lines[0].item_id"])
    code: str = Field(description="The same for the same mistake, whatever the text says.", examples=["too-long"])
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457; further members carry the facts. The catalogue stands at /problems."""

    type: str = Field(examples=["/problems/stale-version"])
    title: str
    status: int
    detail: str | None = None
    hint: str = Field(description="What to do next.")
    correlation_id: str | None = None
    errors: list[FieldError] | None = None


class MalformedProblem(ProblemDocument):
    """The request cannot be understood. `errors` names all fields at fault, where fields are."""

    errors: list[FieldError] | None = None


class ConflictProblem(ProblemDocument):
    """A rule or the present state forbids it. What is known beyond the text depends on the `type`."""

    owner: str | None = Field(default=None, description="`owned-elsewhere`: the system that keeps the `fields`.")
    fields: list[str] | None = Field(default=None, description="The fields that it is about.")
    field: str | None = Field(default=None, description="The field that it is about.")
    state: str | None = Field(default=None, description="The present state of the record.")
    allowed: list[str] | None = Field(default=None, description="What the present state allows instead.")


class StaleVersionProblem(ProblemDocument):
    """Somebody else was faster. The `ETag` of this answer is that of `current`."""

    current: dict[str, Any] = Field(description="The record as it is now, as a read answers it.")
    base: int | str | list[int | str] = Field(description="The version that was sent in `If-Match`.")
    yours: Any = Field(description="The body that was sent.")


REFUSED: dict[str, tuple[str, type[ProblemDocument]]] = {
    "401": ("There is no valid token.", ProblemDocument),
    "403": ("The token lacks a scope.", ProblemDocument),
    "404": ("There is no such record.", ProblemDocument),
    "409": ("A rule or the present state forbids it.", ConflictProblem),
    "412": ("The record has changed since it was read.", StaleVersionProblem),
    "422": ("The request is malformed.", MalformedProblem),
    "428": ("`If-Match` is missing.", ProblemDocument),
}


def complete(app: FastAPI, document: dict[str, Any]) -> None:
    """Add to each operation what its route says, and the shapes of all problems to the schemas."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for _, shape in REFUSED.values():
        own = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs", {}), **{shape.__name__: own})
    for route in iter_route_contexts(app.routes):
        for method in getattr(route, "methods", None) or ():
            operation = document["paths"].get(route.path, {}).get(method.lower())
            if operation is not None and "responses" in operation:
                _describe(_Described(route, method, document["paths"]), operation)


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
        if any(isinstance(each, type) and issubclass(each, PageRequest) for each in self.calls):
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
        """Whether one of its records can be read by id."""
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
    if if_match in described.calls:
        for parameter in operation["parameters"]:
            if parameter["name"] == "If-Match":
                parameter.update(required=True, schema={"type": "string", "title": "If-Match", "examples": ['"7"']})


def _header(name: str) -> dict[str, Any]:
    return {"description": HEADERS[name], "schema": {"type": "string"}}
