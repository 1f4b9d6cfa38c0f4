"""Answers that are written as JSON once: FastAPI would check them against their shape, and write them again."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response


class Answer(Response):
    """JSON in the place of a declared shape, with the headers that were set so far and the status of its route."""

    media_type = "application/json"

    def __init__(self, content: Any, headers: Mapping[str, str]) -> None:
        super().__init__(orjson.dumps(content), headers=dict(headers))
