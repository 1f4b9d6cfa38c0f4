"""The topics of a process: compacted, with a sufficient message size, created whenever they are missing.

Every topic that is created has an id of its own. A topic of the same name with another id is a new log: the broker has
lost the old one, and stored positions are invalid.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from chassis.broker_security import OPEN, BrokerSecurity
from chassis.bus import LARGEST_MESSAGE_BYTES, BrokerAway, Reach
from chassis.health import watched
from chassis.metadata import describe
from chassis.worker import pause

log = structlog.get_logger()
WEEK_MILLISECONDS = 7 * 24 * 3600 * 1000
TOPIC_SETTINGS = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(WEEK_MILLISECONDS),
    "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
}
SET_ON_THE_TOPIC = 1
"""The source of a setting in the answer to DescribeConfigs: the topic itself, not the broker or a default."""

LOOK_SECONDS = 2.0
FOUND_SECONDS = 30.0
"""Logs that have not changed are passed on again after this time: the database may have been restored meanwhile."""

AWAY_SECONDS = 1.0

Logs = Mapping[str, UUID]
"""Topic -> the id of its log."""


class Topics:
    """Creates missing topics, and returns the log of each. A failing client is replaced.

    `partitions`, at most `most`, apply to created topics; an existing topic keeps its own.
    """

    def __init__(
        self,
        servers: str,
        partitions: Mapping[str, int],
        replicas: int = 1,
        timeout_seconds: float = 30,
        security: BrokerSecurity = OPEN,
        most: int | None = None,
    ) -> None:
        self.servers = servers
        self.names = list(partitions)
        self.replicas = replicas
        self.partitions = {name: min(width, most or width) for name, width in partitions.items()}
        self.timeout_seconds = timeout_seconds
        self.security = security
        self._admin: AIOKafkaAdminClient | None = None
        self._widened: set[str] = set()

    async def look(self) -> Logs:
        """The logs of all topics, each served by the broker when this returns. Raises `BrokerAway`."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._look(await self._started())
        except (TimeoutError, KafkaError, OSError) as error:
            await self.close()
            raise BrokerAway(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Close the connection to the broker."""
        admin, self._admin = self._admin, None
        if admin is not None:
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                await asyncio.wait_for(admin.close(), timeout=2)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _started(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self.servers, **self.security.options())
            await self._admin.start()
        return self._admin

    async def _look(self, admin: AIOKafkaAdminClient) -> Logs:
        found = await describe(admin, self.names)
        if missing := [each["name"] for each in found if each["error_code"] == UnknownTopicOrPartitionError.errno]:
            await self._create(admin, missing)
        while not all(map(_is_served, found)):
            await asyncio.sleep(0.05)
            found = await describe(admin, self.names)
        if narrow := sorted(set(self.names) - self._widened):
            await _widen(admin, narrow)
            self._widened.update(narrow)
        return {each["name"]: each["topic_id"] for each in found if each["topic_id"] is not None}

    async def _create(self, admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
        log.info("topics_made", topics=names)
        wanted = [NewTopic(name, self.partitions[name], self.replicas, topic_configs=TOPIC_SETTINGS) for name in names]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(name)


async def ensure_topics(
    servers: str,
    names: Iterable[str],
    replicas: int = 1,
    partitions: int = 6,
    timeout_seconds: float = 30,
    security: BrokerSecurity = OPEN,
) -> Logs:
    """Create missing topics, and wait until the broker serves all of them. Raises `BrokerAway`.

    Existing topics are not changed, except for a message size that is too small for our events.
    """
    widths = dict.fromkeys(names, partitions)
    async with Topics(servers, widths, replicas, timeout_seconds, security) as topics:
        return await topics.look()


async def watch(topics: Topics, reach: Reach, found: Callable[[Logs], Awaitable[None]], stop: asyncio.Event) -> None:
    """Check the topics every other second until `stop`, and pass on their logs when they have changed; the broker may
    be unavailable for any time."""
    watched(f"topics of {reach.task}")
    known, again_at = None, 0.0
    try:
        while not stop.is_set():
            try:
                logs = await topics.look()
            except BrokerAway as error:
                reach.lost(error)
                await pause(stop, AWAY_SECONDS)
                continue
            reach.back()
            if logs != known or time.monotonic() >= again_at:
                await found(logs)
                known, again_at = logs, time.monotonic() + FOUND_SECONDS
            await pause(stop, LOOK_SECONDS)
    finally:
        await topics.close()


def _is_served(topic: Mapping[str, Any]) -> bool:
    """A consumer that joins before every partition has its leader overlooks the topic for minutes.

    Raises errors that waiting does not resolve, for example a missing permission to describe the topic.
    """
    code = topic["error_code"]
    if code and not for_code(code).retriable:
        raise for_code(code)(topic["name"])
    return not code and all(each["leader"] >= 0 for each in topic["partitions"])


async def _widen(admin: AIOKafkaAdminClient, names: list[str]) -> None:
    """Raises `max.message.bytes` of a topic that was created with less. Its other settings are sent along unchanged.

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
