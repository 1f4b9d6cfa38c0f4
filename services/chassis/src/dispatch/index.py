"""Finding the route of a request among hundreds, by its method and its first segments."""

from collections import defaultdict
from collections.abc import Iterable
from re import Pattern
from typing import Any, NamedTuple

from fastapi.routing import APIRoute, RouteContext

FIRST = 2
"""The number of segments that are compared: `/v1/customers`."""


class Found(NamedTuple):
    """A route and the values in the address."""

    route: Any
    path_params: dict[str, Any]


class _Entry(NamedTuple):
    pattern: Pattern[str]
    route: Any


class Index:
    """Routes by method and first segments, in the order of their declaration: the first that matches is served."""

    def __init__(self, contexts: Iterable[RouteContext]) -> None:
        self._entries: dict[tuple[str, str], list[_Entry]] = defaultdict(list)
        self._left: set[str] = set()
        for context in contexts:
            path = context.path or ""
            start = _start(path)
            if not isinstance(context.original_route, APIRoute) or "{" in start:
                self._left.add(_first(path))
                continue
            for method in context.methods or ():
                self._entries[method, start].append(_Entry(context.path_regex, context))

    def find(self, method: str, path: str) -> Found | None:
        """The route; None if no route has this address and method, or if a route that is not indexed might."""
        for entry in self._entries.get((method, _start(path)), ()):
            match = entry.pattern.match(path)
            if match and _first(path) not in self._left:
                convert = entry.route.param_convertors
                return Found(
                    entry.route, {name: convert[name].convert(text) for name, text in match.groupdict().items()}
                )
        return None


def _first(path: str) -> str:
    return path.split("/", 2)[1] if "/" in path else path


def _start(path: str) -> str:
    """The first segments, without a verb (`:batch`) at the end of the last."""
    return "/".join(path.split("/", FIRST + 1)[: FIRST + 1]).partition(":")[0]
