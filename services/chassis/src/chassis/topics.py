"""The topics of a process: compacted, wide enough for every event, made where they are missing."""

import asyncio
from collections.abc import Iterable

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from chassis.broker_security import OPEN, BrokerSecurity
from chassis.bus import LARGEST_MESSAGE_BYTES

log = structlog.get_logger()
WEEK_MILLISECONDS = 7 * 24 * 3600 * 1000
TOPIC_SETTINGS = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(WEEK_MILLISECONDS),
    "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
}
SET_ON_THE_TOPIC = 1
"""Where a setting comes from, in the answer to DescribeConfigs: the topic itself, not the broker or a default."""


async def ensure_topics(
    servers: str,
    names: Iterable[str],
    replicas: int = 1,
    partitions: int = 6,
    timeout_seconds: float = 30,
    security: BrokerSecurity = OPEN,
) -> None:
    """Create the compacted topics that are missing, and wait until the broker serves them.

    Existing ones stay as they are, but for a message size that is too small for our events.
    """
    topics = [
        NewTopic(
            name,
            num_partitions=partitions,
            replication_factor=replicas,
            topic_configs=TOPIC_SETTINGS,
        )
        for name in names
    ]
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, **security.options())
    async with asyncio.timeout(timeout_seconds):
        try:
            await admin.start()
            answer = await admin.create_topics(topics)
            for name, code, *_ in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(name)
            while not await _served(admin, [topic.name for topic in topics]):  # noqa: ASYNC110  (only the broker knows)
                await asyncio.sleep(0.05)
            await _widen(admin, [topic.name for topic in topics])
        finally:
            await admin.close()


async def _widen(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """Raise `max.message.bytes` where a topic was made with less. What else is set on it is sent along and stays.

    A broker that does not permit it is reported: events that are too large for the topic are parked in the outbox.
    """
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    narrow = []
    for answer in await admin.describe_configs(asked):
        for code, message, _, name, settings in answer.resources:
            if code:
                log.warning("topic_settings_unknown", topic=name, error=message or for_code(code).__name__)
                continue
            held = {each[0]: each[1] for each in settings}
            own = {each[0]: each[1] for each in settings if each[3] == SET_ON_THE_TOPIC}
            if int(held["max.message.bytes"]) < LARGEST_MESSAGE_BYTES:
                wanted = {**own, "max.message.bytes": TOPIC_SETTINGS["max.message.bytes"]}
                narrow.append(ConfigResource(ConfigResourceType.TOPIC, name, wanted))
    for answer in await admin.alter_configs(narrow) if narrow else ():
        for code, message, _, name in answer.resources:
            if code:
                log.warning("topic_stays_narrow", topic=name, error=message or for_code(code).__name__)


async def _served(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    """A consumer that joins before every partition has its leader overlooks the topic for minutes."""
    found = await admin.describe_topics(names)
    return all(not t["error_code"] and all(p["leader"] >= 0 for p in t["partitions"]) for t in found)
