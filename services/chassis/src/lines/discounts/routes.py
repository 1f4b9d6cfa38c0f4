"""HTTP of limits on discounts."""

from collections.abc import Sequence

from chassis import tenant_settings
from chassis.auth import requires
from chassis.db import Session
from chassis.preconditions import SeenIfThere, etag
from chassis.tenant_settings import TenantSetting
from contracts.discount import DiscountLimits
from fastapi import APIRouter, Response

from lines.discounts import queries
from lines.discounts.schemas import LimitsOut

PATH = "/v1/discount-limits"


def limits_router(table: type[TenantSetting], tag: str, read: str, write: Sequence[str]) -> APIRouter:
    """The router of a service that keeps the limits in this table, for callers with these scopes."""
    router = APIRouter(tags=[tag])

    @router.get(PATH, dependencies=[requires(read)])
    async def read_discount_limits(session: Session, response: Response) -> LimitsOut:
        """Who may give how much discount, as fractions of the catalogue price."""
        found, version = await queries.limits(session, table)
        return _answer(found, version, response)

    @router.put(PATH, dependencies=[requires(*write)])
    async def declare_discount_limits(
        body: DiscountLimits, session: Session, seen: SeenIfThere, response: Response
    ) -> LimitsOut:
        """Declare who may give how much discount."""
        document = body.model_dump(mode="json")
        version = await tenant_settings.declare(session, table, queries.NAME, document, seen.check)
        return _answer(body, version, response)

    return router


def _answer(limits: DiscountLimits, version: int, response: Response) -> LimitsOut:
    response.headers["ETag"] = etag(version)
    return LimitsOut(version=version, **dict(limits))
