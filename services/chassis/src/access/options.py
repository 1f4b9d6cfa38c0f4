"""Modules that a tenant can turn off: what a service knows of them, and the answer of their routes then."""

from collections.abc import Sequence
from typing import Protocol

from chassis.auth import Principal
from chassis.errors import NotFound
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession


class ModuleOff(NotFound):
    code = "module-off"
    title = "The module is turned off"
    detail = "{module} is turned off for this tenant. Its data is kept."
    hint = "Somebody with the scope access:write can turn it on: PUT /v1/modules/{module}."


class Options(Protocol):
    """The optional modules of a service."""

    @property
    def names(self) -> Sequence[str]:
        """All of them."""
        ...

    def module_of(self, path: str) -> str | None:
        """The optional module that serves a route, by the route's path with its parameters' names."""
        ...

    async def restrict(self, session: AsyncSession, caller: Principal) -> Principal:
        """The caller without the scopes of modules that its tenant has turned off."""
        ...


class NoOptions:
    """For a service whose modules are all required."""

    names: Sequence[str] = ()

    def module_of(self, _path: str) -> str | None:
        """None: no route belongs to an optional module."""
        return None

    async def restrict(self, _session: AsyncSession, caller: Principal) -> Principal:
        """The caller as it is."""
        return caller


def check_module(caller: Principal, module: str | None) -> None:
    """Raises `ModuleOff` when the caller's tenant has turned this module off."""
    if module in caller.without:
        raise ModuleOff(module=module)


def options_of(request: Request) -> Options:
    """Dependency: the optional modules of this service."""
    options: Options = getattr(request.app.state.verifier, "options", NoOptions())
    return options
