"""A tenant is deleted with the rows of every record, and all that belongs to them."""

import pytest
from chassis.db import transaction
from chassis.testing import TENANT
from sqlalchemy import text
from tenants.deleting import delete_rows
from tenants.tables import rows_of

from .made import Made
from .subjects import having

pytestmark = pytest.mark.servers
AS_OWNER = text("select set_config('role', :role, true)")


@having()
async def test_no_row_of_a_deleted_tenant_remains(made: Made) -> None:
    async with transaction(made.sessions) as session:
        await session.execute(AS_OWNER, {"role": f"{made.subject.service.name}_owner"})
        connection = await session.connection()
        deleted = await delete_rows(connection, TENANT)
        assert deleted
        assert await rows_of(connection, TENANT) == {}
