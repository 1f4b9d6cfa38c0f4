"""Reads of declared limits."""

from chassis import gather, tenant_settings
from chassis.tenant_settings import TenantSetting
from contracts.discount import DiscountLimits
from sqlalchemy.ext.asyncio import AsyncSession

NAME = "discount-limits"


async def limits(session: AsyncSession, table: type[TenantSetting]) -> tuple[DiscountLimits, int]:
    """The limits on discounts and their version; version 0 are the built-in ones. The items of a batch share them."""

    async def read(_: object) -> list[tuple[str, tuple[DiscountLimits, int]]]:
        document, version = await tenant_settings.read(session, table, NAME)
        return [(NAME, (DiscountLimits.model_validate(document), version))]

    return (await gather.each_once(session, NAME, [NAME], read))[NAME]
