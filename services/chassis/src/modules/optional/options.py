"""Which routes and scopes belong to a module that a tenant can turn off, and what callers may do without it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from chassis.auth import Principal
from chassis.routing import built
from contracts.scopes import SCOPES
from records import RecordRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from modules.module import Module
from modules.optional.models import OptionalModule


class OptionalModules:
    """The modules with an `option`, by its name; modules with the same one are turned off together."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._modules = modules
        self.names: Sequence[str] = tuple(dict.fromkeys(each.option for each in modules if each.option is not None))

    def module_of(self, path: str) -> str | None:
        """The option of the module whose record has a route (its timeline, notes, files), or that declares it."""
        below = (option for start, option in self._below.items() if path.startswith(start))
        return next(below, None) or self._declared.get(path)

    def scopes_without(self, off: Collection[str]) -> frozenset[str]:
        """The scopes of records that only modules that are off have."""
        gone = {stem for stem, options in self._stems.items() if options <= set(off)}
        return frozenset(scope for scope in SCOPES if scope.partition(":")[0] in gone)

    async def restrict(self, session: AsyncSession, caller: Principal) -> Principal:
        """The caller without the scopes of modules that its tenant has turned off."""
        wanted = select(OptionalModule.name).where(~OptionalModule.enabled)
        off = frozenset(await session.scalars(wanted)) & frozenset(self.names) if self.names else frozenset()
        if not off:
            return caller
        withheld = caller.scopes & self.scopes_without(off)
        return replace(caller, scopes=caller.scopes - withheld, withheld=withheld, without=off)

    @cached_property
    def _declared(self) -> Mapping[str, str | None]:
        """What the modules declare; a path that a required module has too is that one's."""
        routes = [
            (route.path, each.option)
            for each in sorted(self._modules, key=lambda module: module.option is None)
            for router in each.all_routers
            for route in built(router).routes
            if hasattr(route, "path")
        ]
        return dict(routes)

    @cached_property
    def _below(self) -> Mapping[str, str]:
        return {f"{record.record.path}/{{": option for option, record in self._records() if option is not None}

    @cached_property
    def _stems(self) -> Mapping[str, set[str | None]]:
        found: dict[str, set[str | None]] = {}
        for option, router in self._records():
            found.setdefault(router.record.scope, set()).add(option)
        return found

    def _records(self) -> Iterator[tuple[str | None, RecordRouter]]:
        for each in self._modules:
            yield from ((each.option, router) for router in each.all_routers if isinstance(router, RecordRouter))
