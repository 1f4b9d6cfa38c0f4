"""Bodies in which everything is wrong, made from the documents of the APIs."""

import re
from typing import Any

from chassis.service import Service
from chassis.testing import application

Json = dict[str, Any]
UNKNOWN = "colour_of_it"
VALIDATORS_WORDS = re.compile(
    r"\bInput\b|Value error|Assertion|[Ff]ield required|[Ee]xtra inputs|valid (string|integer|dictionary|list|UUID)"
    r"|pydantic|unable to parse|JSON object"
)


def documented(service: Service) -> Json:
    """The OpenAPI document of a service, made once."""
    return application(service).openapi()


class Wrong:
    """A body of wrong values, and the pointers of all that is wrong with it."""

    def __init__(self, schemas: Json) -> None:
        self.schemas = schemas
        self.pointers: set[str] = set()

    @property
    def fields(self) -> set[str]:
        return {each.removeprefix(".") for each in self.pointers}

    def resolved(self, schema: Json) -> Json:
        """Of several that are possible the first that is an object or a list."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        if options := schema.get("anyOf") or schema.get("oneOf"):
            found = [self.resolved(each) for each in options]
            return next((each for each in found if each.get("type") in ("object", "array")), found[0])
        return schema

    def of(self, schema: Json, pointer: str = "") -> Any:
        schema = self.resolved(schema)
        if schema.get("type") == "object" and "properties" in schema:
            found = {name: self.of(each, f"{pointer}.{name}") for name, each in schema["properties"].items()}
            if schema.get("additionalProperties") is False:
                found[UNKNOWN] = 1
                self.pointers.add(f"{pointer}.{UNKNOWN}")
            return found
        if schema.get("type") == "array" and self.resolved(schema["items"]).get("properties"):
            return [self.of(schema["items"], f"{pointer}[0]")]
        if not schema.get("type") and not schema.get("enum"):
            return None
        self.pointers.add(pointer)
        return 17 if schema.get("type") in ("object", "array") else [[]]


def check(errors: list[Json], pointers: set[str]) -> None:
    """Each of the pointers is named, each error has a code, and no text is the validator's."""
    named = {each["field"] for each in errors}
    assert pointers <= named, sorted(pointers - named)
    for each in errors:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", each["code"]), each
        assert each["message"], each
        assert not VALIDATORS_WORDS.search(each["message"]), each
