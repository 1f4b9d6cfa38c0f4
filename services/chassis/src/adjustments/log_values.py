"""Errors of the database in logs, without the values that their texts contain."""

import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError


def without_values(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Of an error of the database, or one that it has caused, log where it was raised and its class.

    Its text contains the statement's parameters and the row: personal values.
    """
    told = event.get("exc_info")
    error = sys.exception() if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException) and any(isinstance(each, DBAPIError) for each in _chain(error)):
        del event["exc_info"]
        classes = " <- ".join(type(each).__name__ for each in _chain(error))
        event["exception"] = "".join([*traceback.format_tb(error.__traceback__), classes])
        event["sqlstate"] = next((each.sqlstate for each in _chain(error) if hasattr(each, "sqlstate")), None)
    return event


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
