"""HTTP of API keys."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.pages import Page, Paging, Sorting
from fastapi import APIRouter, Query, Response
from sqlalchemy import and_, not_, select

from access import commands as granting
from access.api_keys import commands
from access.api_keys.models import ApiKey
from access.api_keys.schemas import ApiKeyBody, ApiKeyOut, ApiKeySecret

Writer = Annotated[Principal, requires("access:write")]
READ = requires("access:read")
InForce = Annotated[bool | None, Query(description="Only keys that are accepted, or only others.")]
ORDERS = Sorting(
    {each.key: each for each in (ApiKey.created_at, ApiKey.name, ApiKey.expires_at, ApiKey.last_used_at)},
    ApiKey.id,
    "-created_at",
)
# Answers with a secret are not kept: a repeated request makes another key.
router = APIRouter(prefix="/v1/api-keys", tags=["access"])


@router.post("", status_code=201, dependencies=[audited])
async def create_api_key(body: ApiKeyBody, session: Session, caller: Writer, response: Response) -> ApiKeySecret:
    """Make a key for a machine. The key is shown here only, and is sent as a bearer token.

    Its scopes are among your own, and stay as they are when yours change. Requests are limited by key. `key:` and its
    id is the subject of what it does; roles that are assigned to this subject give it their limits.
    """
    granting.check_scopes(caller, body.scopes)
    row, key = await commands.create(session, caller.tenant, body.name, body.scopes, body.expires_at, caller.subject)
    add_facts(session, api_key_id=str(row.id), scopes=row.scopes)
    response.headers["Location"] = f"/v1/api-keys/{row.id}"
    response.headers["Cache-Control"] = "no-store"
    return ApiKeySecret(**ApiKeyOut.model_validate(row).model_dump(), key=key)


@router.get("", dependencies=[READ])
async def list_api_keys(session: Session, paging: Paging, in_force: InForce = None) -> Page[ApiKeyOut]:
    """The keys of the tenant without their secrets, the newest first; ended ones too, until their retention is over."""
    accepted = and_(ApiKey.revoked_at.is_(None), ApiKey.expires_at > clock.now())
    wanted = select(ApiKey)
    if in_force is not None:
        wanted = wanted.where(accepted if in_force else not_(accepted))
    return await paging.page(session, wanted, ORDERS, lambda row: ApiKeyOut.model_validate(row[0]))


@router.get("/{api_key_id}", dependencies=[READ])
async def read_api_key(api_key_id: UUID, session: Session) -> ApiKeyOut:
    """One key without its secret, with its last use."""
    row = await session.get(ApiKey, api_key_id)
    if row is None:
        raise NotFound(id=api_key_id)
    return ApiKeyOut.model_validate(row)


@router.delete("/{api_key_id}", dependencies=[audited])
async def revoke_api_key(api_key_id: UUID, session: Session, caller: Writer) -> ApiKeyOut:
    """Revoke a key: it is refused within five seconds. No version is needed, since a key never changes otherwise."""
    return ApiKeyOut.model_validate(await commands.revoke(session, api_key_id, caller.subject))
