"""Who is calling, and what the caller may do."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal, signed_in
from chassis.db import Session
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from access.limits import Limit, limits_of
from access.options import Options, options_of

Find = Callable[[AsyncSession, str], Awaitable[Any]]
"""The row of the employee whose tokens have a subject; None when there is none."""


class Myself(BaseModel):
    """The employee who calls."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    canonical_id: UUID | None
    name: str
    email: str | None


class Me(BaseModel):
    """Who is calling, and what he may do."""

    subject: str
    tenant: UUID
    roles: list[str] = Field(description="Those in the token, and those that are assigned to the subject here.")
    scopes: list[str] = Field(description="Those that the token names, or those of the roles when it names none.")
    modules: list[str] = Field(description="The optional modules that are on. Scopes of one that is off are not shown.")
    limits: dict[str, Decimal] = Field(description="`discount`: the greatest discount, as a fraction of the price.")
    locale: str | None = Field(description="The language of the employee; null when none is known.")
    time_zone: str = Field(description="The time zone of the company, which decides what day it is.")
    employee: Myself | None = Field(description="The employee whose `subject` it is; null when there is none.")


async def nobody(_session: AsyncSession, _subject: str) -> None:
    """For services that know no employees."""


def me_router(find: Find = nobody, tag: str = "access") -> APIRouter:
    """`GET /v1/me` of a service, which finds employees so."""
    router = APIRouter(prefix="/v1/me", tags=[tag])

    @router.get("")
    async def read_me(
        request: Request,
        session: Session,
        caller: Annotated[Principal, signed_in],
        limits: Annotated[Sequence[Limit], Depends(limits_of)],
        options: Annotated[Options, Depends(options_of)],
    ) -> Me:
        """Who is calling and what he may do: subject, roles, scopes, limits, and the employee whose `subject` it is.

        Every valid token may ask, so that a front end can show what its user may do.
        """
        row = await find(session, caller.subject)
        return Me(
            subject=caller.subject,
            tenant=caller.tenant,
            roles=sorted(caller.roles),
            scopes=sorted(caller.scopes),
            modules=sorted(set(options.names) - caller.without),
            limits={limit.name: await limit.of(session, caller.roles) for limit in limits},
            locale=getattr(row, "language", None),
            time_zone=request.app.state.settings.company_time_zone,
            employee=Myself.model_validate(row) if row else None,
        )

    return router
