"""What a bearer token permits: an API key its scopes, another token the scopes that it names, or those of its roles."""

from collections.abc import Callable, Sequence

from chassis import clock
from chassis.auth import Principal, Verifier
from chassis.db import transaction
from contracts.scopes import SCOPES
from fastapi import FastAPI

from access import queries
from access.api_keys import rules
from access.api_keys.verifying import ISSUER, Keys
from access.colleagues import Colleagues, nobody
from access.first_use import Use, note_first, use_of
from access.limits import Limit
from access.options import NoOptions, Options, check_module
from access.remembered import Remembered
from access.tenants import check_active

NOTED_SECONDS = 3600
ALL_REQUIRED = NoOptions()
ROLES_SECONDS = 10
"""How long a process uses roles and assignments as it has read them."""


class Callers:
    """Verifies the tokens and API keys of a service's callers. Roles of a caller are read once in ten seconds."""

    def __init__(
        self,
        app: FastAPI,
        limits: Sequence[Limit] = (),
        options: Options = ALL_REQUIRED,
        colleagues: Colleagues = nobody,
    ) -> None:
        settings = app.state.settings
        self.limits = tuple(limits)
        self._app, self.options, self._colleagues = app, options, colleagues
        self._tokens = Verifier(
            settings.auth_issuers,
            settings.auth_audience,
            ours=SCOPES,
            leeway_seconds=settings.auth_leeway_seconds,
        )
        self._keys = Keys(app)
        self._known = Remembered(self._with_roles, ROLES_SECONDS)
        self._used = Remembered(self._note_first_use, NOTED_SECONDS)

    def report(self) -> None:
        """Log every issuer that is trusted for all tenants."""
        self._tokens.report()

    async def verify(self, token: str) -> Principal:
        """The caller of a token or of an API key. Raises as `Verifier.verify`."""
        by_key = token.startswith(rules.PREFIX)
        caller = await self._keys.verify(token) if by_key else await self._tokens.verify(token)
        await self._used.get(use_of(token, caller, clock.today()))
        return await self._known.get(caller)

    def admit(self, caller: Principal, path: str) -> None:
        """Raises `ModuleOff` for a route of a module that the caller's tenant has turned off."""
        check_module(caller, self.options.module_of(path))

    async def _with_roles(self, caller: Principal) -> Principal:
        async with transaction(self._app.state.sessions, caller.tenant) as session:
            await check_active(session, caller)
            return await self.options.restrict(session, await queries.with_roles(session, caller, self._colleagues))

    async def _note_first_use(self, use: Use) -> bool:
        async with transaction(self._app.state.sessions, use.caller.tenant) as session:
            await note_first(session, use, "key" if use.caller.issuer == ISSUER else "token")
        return True


def authenticator(
    limits: Sequence[Limit] = (), options: Options = ALL_REQUIRED, colleagues: Colleagues = nobody
) -> Callable[[FastAPI], Callers]:
    """What a service verifies its callers with; roles bear these limits, a tenant can turn off these modules."""
    return lambda app: Callers(app, limits, options, colleagues)
