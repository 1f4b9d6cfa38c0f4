"""Preconditions of a request: the version that the caller has seen (If-Match), and idempotent POSTs.

    async def change(id: UUID, patch: Patch, session: Session, seen: SeenVersion) -> ...:
        row = await queries.for_update(session, id)
        seen.check(row.version, current=OrderOut.of(row))

    router = APIRouter(route_class=IdempotentRoute)

A POST with an `Idempotency-Key` is executed once per tenant, subject, address and key. An advisory lock, held until the
transaction ends, serialises requests of the same key; the answer is stored in the transaction of the change. So a crash
keeps both or neither. After an error the key can be used again, because nothing was changed. `chassis.retention`
removes a key after `RETENTION_DAYS`.
"""

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response, params
from fastapi.routing import APIRoute
from sqlalchemy import LargeBinary, Text, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis.answers import Answer
from chassis.auth import Principal, authenticated, authorisations, marks_of
from chassis.db import Base, Session
from chassis.errors import Conflict, Malformed, PreconditionFailed, PreconditionRequired

_DIGEST = re.compile(r'-[0-9a-f]+"$')
_TAGS = re.compile(r'\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*')


class StaleVersion(PreconditionFailed):
    code = "stale-version"
    title = "The record has changed since you read it"
    detail = "You sent version {base}."
    hint = "Compare `current` with `yours`, and send your change again with the `ETag` of this answer."


class KeyInUse(Conflict):
    code = "idempotency-key-in-use"
    title = "The first request with this Idempotency-Key is still running"
    hint = "Send the same request again later; it will get the answer of the first."


class KeyReused(Malformed):
    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another body"
    hint = "Use a new key for a new request."


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


class Seen:
    """The versions that the caller has seen, and the body that it sent."""

    def __init__(self, header: str, body: bytes) -> None:
        self._header, self._body = header, body

    def includes(self, version: int) -> bool:
        """Whether the caller has seen this version, or has sent `*`."""
        return self._header == "*" or etag(version) in self._tags()

    def _tags(self) -> list[str]:
        return [_version_of(tag) for tag in re.findall(r'(?:W/)?"[^"]*"', self._header)]

    def check(self, version: int, current: Any) -> None:
        """Raises `StaleVersion`, with all three versions, unless the caller has seen `version` (or sends `*`)."""
        if self.includes(version):
            return
        tags = self._tags()
        base = [int(tag[1:-1]) if tag[1:-1].isdecimal() else tag for tag in tags]
        stale = StaleVersion(current=current, base=base[0] if len(base) == 1 else base, yours=_json(self._body))
        stale.headers["ETag"] = etag(version)
        raise stale


def _version_of(tag: str) -> str:
    """The `"7"` of `"7-0d1f"`: the suffix is a digest of the answer that was read."""
    return _DIGEST.sub('"', tag)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


async def if_match(
    request: Request, header: Annotated[str | None, Header(alias="If-Match", examples=['"7"'])] = None
) -> Seen:
    """Dependency: the versions that the caller has seen. Raises `PreconditionRequired` (428) without `If-Match`."""
    if header is None:
        raise PreconditionRequired()
    if not _TAGS.fullmatch(header.strip()):
        raise Malformed(errors=[{"field": "If-Match", "message": 'send the ETag as it was, quotes included: "7"'}])
    return Seen(header.strip(), await request.body())


SeenVersion = Annotated[Seen, Depends(if_match)]


class _Unseen(Seen):
    """The caller sent no version: valid as long as there is no record."""

    def __init__(self) -> None:
        super().__init__("", b"")

    def check(self, version: int, current: Any) -> None:
        raise PreconditionRequired()


async def if_match_once_there(
    request: Request,
    header: Annotated[str | None, Header(alias="If-Match", description="Required when it is declared already.")] = None,
) -> Seen:
    """Dependency of a PUT that also creates: the versions that the caller has seen; `check` raises (428) without
    `If-Match`."""
    return _Unseen() if header is None else await if_match(request, header)


SeenIfThere = Annotated[Seen, Depends(if_match_once_there)]


class IdempotencyKey(Base):
    """The stored answer of a POST; `digest` is computed from tenant, subject, address and key."""

    __tablename__ = "idempotency_keys"

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    status: Mapped[int]
    headers: Mapped[list[list[str]]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class _AnsweredBefore(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


class _Claim:
    """The lock on a key, held until the transaction ends."""

    def __init__(self, session: AsyncSession, digest: str, fingerprint: str) -> None:
        self.session, self.digest, self.fingerprint = session, digest, fingerprint

    async def take(self) -> None:
        """Raises `KeyInUse`, `KeyReused`, or the stored answer."""
        lock = int.from_bytes(bytes.fromhex(self.digest[:16]), signed=True)
        if not await self.session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
            raise KeyInUse()
        # A statement of its own, after the lock: its snapshot includes what the previous holder committed.
        known = await self.session.get(IdempotencyKey, self.digest)
        if known is None:
            return
        if known.fingerprint != self.fingerprint:
            raise KeyReused()
        response = Response(known.body, known.status)
        response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in known.headers]
        response.headers["Idempotent-Replayed"] = "true"
        raise _AnsweredBefore(response)

    async def keep(self, response: Response) -> None:
        headers = [[name.decode(), value.decode("latin-1")] for name, value in response.raw_headers]
        await self.session.execute(
            insert(IdempotencyKey).values(
                digest=self.digest,
                fingerprint=self.fingerprint,
                status=response.status_code,
                headers=headers,
                body=bytes(response.body),
            )
        )


@dataclass(frozen=True)
class KeyedRequest:
    """A request, and its `Idempotency-Key` if it has one."""

    request: Request
    session: AsyncSession
    principal: Principal
    key: str | None

    async def claim(self, *contents: str | bytes) -> None:
        """Claim the key for a request with these contents. Raises `KeyInUse`, `KeyReused`, or the stored answer."""
        if self.key is None:
            return
        parts = (str(self.principal.tenant), self.principal.issuer, self.principal.subject)
        digest = sha256(orjson.dumps((*parts, self.request.url.path, self.key))).hexdigest()
        written = (each.encode() if isinstance(each, str) else each for each in (self.request.url.query, *contents))
        claim = _Claim(self.session, digest, sha256(b"\n".join(written)).hexdigest())
        await claim.take()
        self.request.state.claim = claim


async def keyed_request(
    request: Request,
    session: Session,
    principal: Annotated[Principal, Depends(authenticated)],
    key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)] = None,
) -> KeyedRequest:
    """Dependency: the request with its key."""
    return KeyedRequest(request, session, principal, key)


CLAIMS_LATER = object()
"""Marks a parameter of an endpoint that claims the key itself."""

ClaimsLater = Annotated[KeyedRequest, Depends(keyed_request), CLAIMS_LATER]
"""For an endpoint that streams its body: it claims the key itself, when it knows the contents."""


async def _claim(keyed: ClaimsLater) -> None:
    await keyed.claim(await keyed.request.body())


def _claims_later(endpoint: Callable[..., Any]) -> bool:
    return any(mark is CLAIMS_LATER for mark in marks_of(endpoint))


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotentRoute(APIRoute):
    """A route whose POSTs honour `Idempotency-Key`. Scopes are checked before a stored answer is returned."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        **options: Any,
    ) -> None:
        dependencies = [*(dependencies or ()), *authorisations(endpoint)]
        if "POST" in (methods or ()) and not _claims_later(endpoint):
            dependencies = [*dependencies, Depends(_claim)]
        super().__init__(path, endpoint, methods=methods, dependencies=dependencies, **options)

    def get_route_handler(self) -> Handler:
        return self.around(super().get_route_handler())

    def around(self, handle: Handler) -> Handler:
        """The handler, which answers a repeated POST from what is stored, and stores the answer of a new one."""

        async def once(request: Request) -> Response:
            try:
                response = await handle(request)
            except _AnsweredBefore as before:
                return before.response
            if isinstance(response, Answer):
                response.status_code = self.status_code or response.status_code
            claim: _Claim | None = getattr(request.state, "claim", None)
            if claim is not None:
                await claim.keep(response)
            return response

        return once
