"""The writing operations of a service, as its OpenAPI document lists them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
WRITING = ("post", "put", "patch", "delete")
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    """One operation. `body` is the schema of what it is sent, None when it is sent nothing.

    For a patch, and for the items of a batch, that is the schema of a new record of the same collection.
    """

    service: str
    method: str
    path: str
    media_type: str
    body: Schema | None
    parameters: Mapping[str, Schema]
    required: tuple[str, ...]

    @property
    def is_patch(self) -> bool:
        return self.method == "patch"

    @property
    def is_batch(self) -> bool:
        return self.path.endswith(":batch")

    @property
    def collection(self) -> str:
        """`/v1/orders` of `/v1/orders/{order_id}` and of `/v1/orders:batch`."""
        return self.path.partition("/{")[0].partition(":")[0]

    def __str__(self) -> str:
        return f"{self.service} {self.method.upper()} {self.path}"


class Document:
    """An OpenAPI document, with what is referred to in its place."""

    def __init__(self, service: str, document: Schema) -> None:
        self.service = service
        self.document = document

    def resolved(self, schema: Schema) -> Schema:
        """The schema that a reference names."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def operations(self) -> list[Operation]:
        """What a user may write; the replication port is the gateway's."""
        return [
            self._operation(method, path, item[method])
            for path, item in self.document["paths"].items()
            if path.startswith("/v1/")
            for method in WRITING
            if method in item
        ]

    def has(self, method: str, path: str) -> bool:
        return method in self.document["paths"].get(path, {})

    def address_of(self, collection: str, method: str) -> str | None:
        """The path of one record of a collection, when it takes this method."""
        found = (path for path in self.document["paths"] if re.fullmatch(re.escape(collection) + r"/\{\w+\}", path))
        return next((path for path in found if self.has(method, path)), None)

    def creation(self, collection: str) -> Schema | None:
        """The schema of a new record of a collection."""
        post = self.document["paths"].get(collection, {}).get("post", {})
        content = post.get("requestBody", {}).get("content", {})
        return self.resolved(content["application/json"]["schema"]) if "application/json" in content else None

    def _operation(self, method: str, path: str, declared: Schema) -> Operation:
        content = declared.get("requestBody", {}).get("content", {})
        media_type = next(iter(content), "application/json")
        body = self.resolved(content[media_type]["schema"]) if content else None
        collection = path.partition("/{")[0].partition(":")[0]
        creation = self.creation(collection)
        if method == "patch" and creation is not None:
            body = creation
        if path.endswith(":batch") and creation is not None:
            body = {"type": "object", "properties": {"items": _items(creation)}, "required": ["items"]}
        parameters = declared.get("parameters", [])
        return Operation(
            self.service,
            method,
            path,
            media_type,
            body,
            {each["name"]: each["schema"] for each in parameters if each["in"] in ("path", "query")},
            tuple(each["name"] for each in parameters if each["in"] == "path"),
        )


def _items(creation: Schema) -> Schema:
    item = {"type": "object", "properties": {"body": creation}, "required": ["body"]}
    return {"type": "array", "items": item, "minItems": 1, "maxItems": 200}
