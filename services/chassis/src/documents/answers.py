"""A document as the answer of a route."""

from typing import Any

from fastapi import Response


class Pdf(Response):
    """A document to print or to send."""

    media_type = "application/pdf"


PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
"""The declaration of a route that answers a `Pdf`, for the API's document."""
