"""Reads of declared limits."""

from collections.abc import Collection
from decimal import Decimal

from access import Limit
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


def discount_limit(table: type[TenantSetting], declared_with: Collection[str]) -> Limit:
    """The greatest discount of a caller, by the limits that a service keeps in this table."""

    async def of(session: AsyncSession, roles: frozenset[str]) -> Decimal:
        declared, _ = await limits(session, table)
        return declared.of(roles)

    return Limit("discount", of, declared_with)
