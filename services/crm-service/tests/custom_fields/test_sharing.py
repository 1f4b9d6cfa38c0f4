"""Declarations from before they were shared are announced once, tenant by tenant."""

import pytest
from chassis.db import transaction
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT, TENANT, rolled_back
from crm.wiring import SERVICE
from custom_fields import commands
from custom_fields.models import Declaration
from sqlalchemy import select, text

pytestmark = pytest.mark.servers
(KIND,) = [each for each in SERVICE.kinds if each.name == "custom_field"]


async def test_each_tenants_declarations_are_announced_once(address: str) -> None:
    async with rolled_back(address, SERVICE.name, "worker") as sessions:
        for tenant in (TENANT, OTHER_TENANT):
            async with transaction(sessions, tenant) as session:
                session.add(
                    Declaration(
                        tenant_id=tenant, record="customer", key="size", label="Size", type="text", choices=[], seq=0
                    )
                )
        async with transaction(sessions) as session:
            await session.execute(text("select set_config('app.tenant', '', true)"))  # As after a commit.
            assert set(await commands.unshared(session)) == {TENANT, OTHER_TENANT}
        for tenant in (TENANT, OTHER_TENANT):
            async with transaction(sessions, tenant) as session:
                assert [await commands.share(session, KIND), await commands.share(session, KIND)] == [1, 0]
                topics = await session.scalars(select(OutboxRow.topic).where(OutboxRow.tenant_id == tenant))
                assert topics.all() == ["crm.custom_field.v1"]
