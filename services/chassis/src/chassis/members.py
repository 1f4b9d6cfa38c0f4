"""The members of a consumer group, and removal of dead ones.

Kafka keeps the partitions of a killed process until its session times out, and a restarted broker starts the timeout
again. The database knows at once: each member holds an advisory lock on its name while its process runs. A member that
joins removes the members whose locks are free.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.group import LeaveGroupRequest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.broker_security import OPEN, BrokerSecurity
from chassis.db import Sessions, transaction

log = structlog.get_logger()
HOLD = text("select pg_advisory_lock(hashtextextended('member ' || :name, 0))")
IS_DEAD = text("select pg_try_advisory_xact_lock(hashtextextended('member ' || :name, 0))")
RETRY_SECONDS = 0.1


@asynccontextmanager
async def member(engine: AsyncEngine, group: str) -> AsyncIterator[str]:
    """The name of a new member of a group, locked while its process runs.

    A member whose connection to the database breaks may be treated as dead: it is removed, and joins again.
    """
    name = f"{group}-{uuid4().hex}"
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(HOLD, {"name": name})
        try:
            yield name
        finally:
            # The lock belongs to the connection, which must not return to the pool.
            await connection.invalidate()


async def take_out_dead(
    sessions: Sessions, servers: str, group: str, security: BrokerSecurity = OPEN, timeout_seconds: float = 10
) -> list[str]:
    """Remove dead members from a group; returns their names. If that fails, the group waits for their sessions to time
    out."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, **security.options())
    try:
        async with asyncio.timeout(timeout_seconds):
            await admin.start()
            return await _take_out(admin, sessions, group)
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("members_unknown", group=group, error=str(error) or type(error).__name__)
        return []
    finally:
        await admin.close()


async def _take_out(admin: AIOKafkaAdminClient, sessions: Sessions, group: str) -> list[str]:
    coordinator, members = await _members(admin, group)
    dead = {name: member_id for member_id, name in members.items() if await _is_dead(sessions, group, name)}
    for name, member_id in dead.items():
        await admin._send_request(LeaveGroupRequest(group, member_id), coordinator)
        log.info("dead_member_taken_out", group=group, member=name)
    return list(dead)


async def _members(admin: AIOKafkaAdminClient, group: str) -> tuple[int, dict[str, str]]:
    """The group's coordinator, and its members' names by id. A broker that has just started needs some time for
    this."""
    while True:
        try:
            coordinator = await admin.find_coordinator(group)
            (answer,) = await admin.describe_consumer_groups([group], coordinator)
            (found,) = answer.groups
            if found[0]:
                raise for_code(found[0])(group)
        except KafkaError as error:
            if not error.retriable:
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return coordinator, {each[0]: each[1] for each in found[5]}


async def _is_dead(sessions: Sessions, group: str, name: str) -> bool:
    """Whether a member with a name of ours has no process; for other members Kafka's session timeout applies."""
    if not name.startswith(f"{group}-"):
        return False
    async with transaction(sessions) as session:
        return bool(await session.scalar(IS_DEAD, {"name": name}))
