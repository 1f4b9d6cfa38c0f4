"""What a request without a token may do: send a form. The key in the address names the tenant and the form."""

import ipaddress
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from chassis.auth import Principal
from chassis.db import acting_for, caller_of
from chassis.edge import BodyLimit, Takes
from chassis.errors import Malformed, Problem
from chassis.preconditions import CLAIMS_LATER, KeyedRequest
from fastapi import Depends, Header, Path, Request
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.forms import commands
from crm.sales.forms.models import Form, FormUnknown, NotASubmission, OriginRefused
from crm.sales.forms.rules import KEY, MOST_FIELDS, tenant_of
from crm.settings import Settings

SUBMISSION_BYTES = 64 * 1024
ISSUER = "forms"
JSON, FIELDS = "application/json", "application/x-www-form-urlencoded"
FormRequest = Annotated[Request, Takes(lambda settings: BodyLimit(SUBMISSION_BYTES, settings.body_seconds))]
FormKey = Annotated[str, Path(alias="key", pattern=f"^{KEY}$")]
_VALUE = {"anyOf": [{"type": "string", "maxLength": 10_000}, {"type": "boolean"}, {"type": "null"}]}
_SHAPE = {
    "type": "object",
    "maxProperties": MOST_FIELDS + 1,
    "additionalProperties": _VALUE,
    "description": "The fields of the form, by name.",
}
_EXAMPLE = {"name": "Ana Trujillo", "email": "ana@trujillo.example", "wish": "Tea for three shops"}
_CONTENT = {"schema": _SHAPE, "examples": {"1": {"value": _EXAMPLE}}}
DESCRIBED: dict[str, Any] = {
    "security": [],
    "requestBody": {"required": True, "content": {JSON: _CONTENT, FIELDS: _CONTENT}},
}


class Visitor:
    """A visitor who sends a form, in the transaction of the form's tenant."""

    def __init__(self, request: Request, session: AsyncSession, form: Form, key: str | None) -> None:
        self.session, self.form = session, form
        self.origin = request.headers.get("origin")
        self.actor = caller_of(session).subject
        self._keyed = KeyedRequest(request, session, caller_of(session), key)

    async def sent(self) -> dict[str, Any]:
        """The fields, once for an `Idempotency-Key`. Raises `Malformed`, `NotASubmission`, and what a key raises."""
        body = await self._keyed.request.body()
        await self._keyed.claim(body)
        return _fields(self._keyed.request.headers.get("content-type", ""), body)


async def visitor(
    request: Request,
    form_key: FormKey,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)] = None,
) -> AsyncIterator[Visitor]:
    """Dependency: who sends a form. Raises `TooManyRequests`, `FormUnknown`, `OriginRefused`."""
    settings: Settings = request.app.state.settings
    rates = request.app.state.rates
    rates.count(settings.form_address_per_minute, "An address", "form address", _network(request))
    try:
        caller = Principal(f"form:{form_key}", tenant_of(form_key), frozenset(), ISSUER)
    except ValueError:
        raise FormUnknown() from None
    async with acting_for(request.app.state.sessions, caller) as session:
        form = await commands.open_form(session, form_key)
        rates.count(settings.form_per_minute, "All visitors of a form together", "form", form_key)
        origin = request.headers.get("origin")
        try:
            if origin is not None and form.origins and origin.lower() not in form.origins:
                raise OriginRefused(origin=origin[:200])
            yield Visitor(request, session, form, idempotency_key)
        except Problem as problem:
            problem.headers.update(shared_with(origin))
            raise


Visit = Annotated[Visitor, Depends(visitor, scope="function"), CLAIMS_LATER]


def shared_with(origin: str | None) -> dict[str, str]:
    """The headers that let a page of this website read the answer."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def _network(request: Request) -> str:
    """The address of the client; of IPv6 the network, because a client has all addresses of its own."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _fields(declared: str, body: bytes) -> dict[str, Any]:
    media_type = declared.partition(";")[0].strip().lower()
    try:
        if media_type == FIELDS:
            text = body.decode()
            return dict(
                parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=MOST_FIELDS + 1)
            )
        if media_type != JSON:
            raise NotASubmission()
        found = orjson.loads(body)
    except ValueError:
        raise Malformed(errors=[{"field": "", "code": "unreadable", "message": "the fields cannot be read"}]) from None
    if not isinstance(found, dict) or len(found) > MOST_FIELDS + 1:
        message = "send one object with the fields of the form"
        raise Malformed(errors=[{"field": "", "code": "unreadable", "message": message}])
    return found
