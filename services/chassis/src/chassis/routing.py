"""Routers that are built when an application includes them.

Building a route takes milliseconds, for FastAPI reads the types of its parameters; a service has hundreds. Its worker
imports the same modules and serves none of them.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter


class Router(APIRouter):
    """A router whose routes are declared at once and built by `build`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._declared: list[Callable[[], None]] | None = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Declare a route; once the router is built, add it."""
        self.later(lambda: super(Router, self).add_api_route(path, endpoint, **options))

    def later(self, declare: Callable[[], None]) -> None:
        """Call `declare`, which adds routes, when the router is built."""
        if self._declared is None:
            declare()
        else:
            self._declared.append(declare)

    def build(self) -> "Router":
        """Add the routes that are declared so far, in their order. Twice is as good as once."""
        declared, self._declared = self._declared or [], None
        for declare in declared:
            declare()
        return self


def built(router: APIRouter) -> APIRouter:
    """A router with its routes, of whichever class."""
    return router.build() if isinstance(router, Router) else router
