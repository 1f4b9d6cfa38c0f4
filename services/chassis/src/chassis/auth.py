"""Authentication and authorisation: bearer tokens, scopes of routes, the service's own identity.

Every route declares its scopes in its decorator, so that they are checked before a session is opened:

    @router.get("", dependencies=[requires("customers:read")])
    @router.get("/livez", dependencies=[public])

`undeclared_routes` lists the routes that declare neither. A scope that a route needs only for certain fields, or for
records in a certain state, is checked by `FieldScopes` or `Principal.require`.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import get_annotations
from typing import Annotated, Any, Protocol
from uuid import UUID

import jwt
import structlog
from fastapi import Depends, FastAPI, Request, Security, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from localisation import Phrase

from chassis.errors import Forbidden, Unauthenticated
from chassis.issuer_keys import Keys
from chassis.settings import Issuer

log = structlog.get_logger()
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CACHED_SECONDS = 60
CACHED_TOKENS = 10_000
PORT = "/replication/"


class ScopeMissing(Forbidden):
    code = "scope-missing"
    title = "The token lacks a scope"
    detail = "This operation needs: {needed}. The token lacks: {missing}."
    hint = "Ask for a token with the missing scope."


class TenantMissing(Forbidden):
    code = "tenant-missing"
    title = "The token contains no tenant"
    hint = "Ask for a token whose claim `tenant` is the UUID of your tenant."


class IssuerNotOfTenant(Forbidden):
    code = "issuer-not-of-tenant"
    title = "The issuer of the token is not trusted for its tenant"
    detail = "{issuer} is not trusted for the tenant {tenant}."
    hint = "Use an issuer of that tenant, or add the tenant to this issuer in AUTH_ISSUERS."


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: subject, tenant, scopes, and roles (`roles`, RFC 9068 section 2.2.3.1), on which limits depend.

    `by_roles`: the token names no scope of ours, so roles decide, within `most`, what its issuer may grant.
    `without` are the modules that the tenant has turned off, and `withheld` the caller's scopes that only they have.
    Whoever verifies a caller that is `without` some admits it to the routes of the others (`admit`). `owners` are those
    whose rows the caller sees (`visibility`); None is all.
    """

    subject: str
    tenant: UUID
    scopes: frozenset[str]
    issuer: str
    roles: frozenset[str] = frozenset()
    by_roles: bool = False
    most: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    owners: frozenset[UUID] | None = None

    def require(self, *scopes: str) -> None:
        """Raises `ScopeMissing` (403, with `WWW-Authenticate`) unless the token has all of these scopes."""
        if missing := [scope for scope in scopes if scope not in self.scopes]:
            needed = " ".join(scopes)
            problem = ScopeMissing(needed=needed, missing=" ".join(missing))
            problem.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise problem


class Verifier:
    """Verifies a token and returns its principal. Verified tokens are cached up to 60 s, and never past their
    expiry. `ours` are the scopes of the services: roles decide for a token that names none of them. The clocks of
    issuers may differ by `leeway_seconds`."""

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        audience: str,
        clock: Callable[[], float] = time.time,
        ours: Collection[str] = (),
        leeway_seconds: float = 0,
    ) -> None:
        self._issuers = issuers
        self._keys = {name: Keys(issuer.jwks, issuer=name) for name, issuer in issuers.items()}
        self._audience = audience
        self._clock = clock
        self._ours = frozenset(ours)
        self._leeway_seconds = leeway_seconds
        self._verified: dict[str, tuple[float, Principal]] = {}

    def report(self) -> None:
        """Log every issuer that is trusted for all tenants, so that this is never unintended."""
        for name, issuer in self._issuers.items():
            if issuer.tenants is None:
                log.info("issuer_of_all_tenants", issuer=name, bind_by="tenants in AUTH_ISSUERS")

    async def verify(self, token: str) -> Principal:
        """The principal of a token. Raises `Unauthenticated` with the reason, `TenantMissing` or
        `IssuerNotOfTenant`."""
        good_until, principal = self._verified.get(token, (0.0, None))
        if principal is not None and self._clock() < good_until:
            return principal
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError as error:
            raise Unauthenticated(detail=Phrase("{error}.", error=error)) from None
        principal = self._principal(claims)
        if len(self._verified) >= CACHED_TOKENS:
            self._verified.clear()
        self._verified[token] = (min(self._clock() + CACHED_SECONDS, float(claims["exp"])), principal)
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise Unauthenticated(detail="The token is not signed with an accepted asymmetric algorithm.")
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise Unauthenticated(detail="The issuer of the token is not trusted by this service.")
        key = await self._keys[issuer].find(header.get("kid"))
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._audience,
            issuer=issuer,
            leeway=self._leeway_seconds,
            options={"require": ["iss", "aud", "exp", "sub"], "verify_iat": False},
        )

    def _principal(self, claims: dict[str, Any]) -> Principal:
        issuer, scopes = claims["iss"], frozenset(str(claims.get("scope", "")).split())
        allowed, speaks_for = self._issuers[issuer].scopes, self._issuers[issuer].tenants
        try:
            tenant = UUID(claims["tenant"])
        except (KeyError, ValueError, AttributeError, TypeError):
            raise TenantMissing() from None
        if speaks_for is not None and tenant not in speaks_for:
            raise IssuerNotOfTenant(issuer=issuer, tenant=str(tenant))
        roles = claims.get("roles")
        known = frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset()
        if self._ours and not scopes & self._ours:
            return Principal(claims["sub"], tenant, frozenset(), issuer, known, by_roles=True, most=allowed)
        return Principal(claims["sub"], tenant, scopes if allowed is None else scopes & allowed, issuer, known)


class Authenticator(Protocol):
    """Verifies the bearer tokens of a service's callers: a `Verifier`, or what a service puts in its place."""

    def report(self) -> None:
        """Log what an operator should know of it, at the start."""

    async def verify(self, token: str) -> Principal:
        """The caller of a token. Raises `Unauthenticated`."""


_bearer = HTTPBearer(bearerFormat="JWT", scheme_name="bearer", auto_error=False)


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Dependency: the verified caller. Raises `Unauthenticated` (401, with `WWW-Authenticate`)."""
    # FastAPI calls it once for each set of scopes, and once without, in one request.
    known: Principal | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    try:
        if credentials is None:
            raise Unauthenticated()
        principal: Principal = await request.app.state.verifier.verify(credentials.credentials)
    except Unauthenticated as problem:
        problem.headers["WWW-Authenticate"] = "Bearer" if credentials is None else 'Bearer error="invalid_token"'
        raise
    structlog.contextvars.bind_contextvars(subject=principal.subject, tenant=str(principal.tenant))
    if not request.url.path.startswith(PORT):
        request.app.state.rates.take(principal)
    if principal.without:
        request.app.state.verifier.admit(principal, request.scope["route"].path)
    request.state.caller = principal
    return principal


async def _authorised(needed: SecurityScopes, principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
    principal.require(*needed.scopes)
    return principal


def requires(*scopes: str) -> Any:
    """Declares the scopes of a route: in its decorator, or as `Annotated[Principal, requires(...)]`."""
    if not scopes:
        raise ValueError("name at least one scope, or declare the route public")
    return Security(_authorised, scopes=list(scopes))


signed_in: Any = Security(_authorised, scopes=[])
"""Declares a route that every valid token may call."""


@dataclass(frozen=True)
class AnyOf:
    """Requires at least one of these scopes, of a route whose record decides which one: it is checked when the record
    is read."""

    scopes: frozenset[str]

    async def __call__(self, principal: Annotated[Principal, Depends(authenticated)]) -> Principal:
        """Raises `ScopeMissing` when the token has none of them."""
        if not principal.scopes & self.scopes:
            principal.require(*sorted(self.scopes))
        return principal


def requires_any(scopes: Iterable[str]) -> Any:
    """Declares that a route needs one of these scopes; like `requires`."""
    return Depends(AnyOf(frozenset(scopes)))


def authorisations(endpoint: Callable[..., Any]) -> list[params.Depends]:
    """The `requires` declarations on the parameters of an endpoint; as dependencies of its route they are checked
    first.

    Parameters are resolved in their order, and a session or a stored answer could otherwise precede the check.
    """
    return [mark for mark in marks_of(endpoint) if isinstance(mark, params.Depends) and _is_check(mark.dependency)]


def marks_of(endpoint: Callable[..., Any]) -> list[Any]:
    """What is declared at the parameters of an endpoint: `Annotated[..., mark]`."""
    return [mark for each in get_annotations(endpoint).values() for mark in getattr(each, "__metadata__", ())]


@dataclass(frozen=True)
class FieldScopes:
    """Fields of a body, each with the scope that a request containing it needs in addition to the scopes of the route.

    `openapi` is passed as the route's `openapi_extra`, so that the published documents contain it.
    """

    scopes: Mapping[str, str]

    @property
    def openapi(self) -> dict[str, Any]:
        """The extension `x-field-scopes` of an operation."""
        return {"x-field-scopes": dict(self.scopes)}

    def check(self, caller: Principal, named: Iterable[str]) -> None:
        """Raises `ScopeMissing` when a field is present, even if empty, whose scope the caller lacks."""
        caller.require(*sorted({self.scopes[field] for field in named if field in self.scopes}))


async def _anyone() -> None:
    """Marks a route that needs no token."""


public = Depends(_anyone)


def undeclared_routes(app: FastAPI) -> list[str]:
    """The routes that declare neither a scope nor `public`; a test of every service expects none."""
    return [
        f"{'/'.join(sorted(route.methods or [])) or 'MOUNT'} {route.path}"
        for route in iter_route_contexts(app.routes)
        if route.path != app.openapi_url and not _declares(getattr(route, "dependant", None))
    ]


def _declares(dependant: Dependant | None) -> bool:
    return any(each.call is _anyone or _is_check(each.call) for each in dependants(dependant))


def _is_check(call: Any) -> bool:
    return call is _authorised or isinstance(call, AnyOf)


def dependants(dependant: Dependant | None) -> Iterator[Dependant]:
    """The dependency declarations of a route and of its dependencies."""
    if dependant is not None:
        yield dependant
        for each in dependant.dependencies:
            yield from dependants(each)
