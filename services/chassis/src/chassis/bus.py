"""Kafka behind a small interface: a producer that never hangs, a consumer that stores its positions in our database.

Three defaults of the client lose data and are overridden: automatic commits, starting at the end, one acknowledgement.
Every await has a timeout, because an idempotent producer waits for dead brokers without limit.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from adjustments import header_names
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from chassis import telemetry
from chassis.broker_security import OPEN, BrokerSecurity
from chassis.health import BROKER, beat, failing, vital
from chassis.worker import pause

header_names.install()
log = structlog.get_logger()
RETRY_SECONDS = 1.0
FETCH_MILLISECONDS = 1000
"""The broker answers a fetch at once when there is a message; without one it holds the fetch for this time. The client
must not fetch some partitions while messages of others wait for the handler: those would wait for that fetch to end."""

FETCH_BYTES, PARTITION_BYTES = 4 * 1024 * 1024, 1024 * 1024
"""What one fetch answers at most, in all and of one partition, unless a single message is larger. Fetched messages wait
in memory until the handler has taken those before them."""

POLL_MILLISECONDS = 500
LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024
"""The limit of producer, topics and consumer; the broker's own limits must not be lower. Documents stay below it."""

Headers = tuple[tuple[str, bytes | None], ...]
"""In their order. A name may repeat, and a header may have no value."""


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka message. `offset` and `partition` are -1 before it is sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1
    offset: int = -1


class Refused(Exception):
    """The broker refuses this message permanently."""


class BrokerAway(Exception):
    """The broker did not acknowledge in time; the message must be sent again."""


class Reach:
    """Whether the broker answers a task: sets a gauge, logs once when the connection is lost and once when it is
    back."""

    def __init__(self, task: str) -> None:
        self.task = task
        self._lost_at: float | None = None
        self._vital = vital(f"{BROKER} of {task}")
        self._gauge = telemetry.BROKER_REACHABLE.labels(task)

    def lost(self, error: BrokerAway) -> None:
        """Record that the broker does not answer."""
        self._gauge.set(0)
        self._vital.note(str(error))
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            log.warning("broker_away", task=self.task, error=str(error))

    def back(self) -> None:
        """Record that the broker answers."""
        self._gauge.set(1)
        self._vital.clear()
        if self._lost_at is not None:
            log.warning("broker_back", task=self.task, away_seconds=round(time.monotonic() - self._lost_at, 1))
            self._lost_at = None


class Producer:
    """Sends batches; a producer that hangs is abandoned and replaced."""

    def __init__(self, servers: str, timeout_seconds: float = 10, security: BrokerSecurity = OPEN) -> None:
        self.servers = servers
        self.security = security
        self.timeout_seconds = timeout_seconds
        self._client: AIOKafkaProducer | None = None

    async def send(self, messages: Sequence[Message]) -> list[Refused | None]:
        """Send in order and wait for all acknowledgements; a refused message has its refusal as result.

        Raises `BrokerAway` when any other message is not acknowledged: then none counts as sent.
        """
        if not messages:
            return []
        certain: list[Refused | None] = []
        for result in await self._attempt(messages):
            if isinstance(result, MessageSizeTooLargeError):
                break
            certain.append(result)
        if len(certain) == len(messages):
            return certain
        await self.stop()
        rest = messages[len(certain) :]
        if len(messages) == 1:
            return [Refused("the broker says that the message is too large")]
        # The broker refuses a whole batch of the client: halve it, in order, to find the refused message.
        middle = max(1, len(rest) // 2)
        return [*certain, *await self.send(rest[:middle]), *await self.send(rest[middle:])]

    async def _attempt(self, messages: Sequence[Message]) -> list[Refused | MessageSizeTooLargeError | None]:
        """The result of each message. From the first message that is too large for the broker on, the results are
        unknown."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                client = await self._started()
                pending = [await self._enqueue(client, message) for message in messages]
                results = await asyncio.gather(*pending, return_exceptions=True)
        except (TimeoutError, KafkaError, OSError) as error:
            await self.stop()
            raise BrokerAway(str(error) or type(error).__name__) from error
        outcomes = [result if isinstance(result, BaseException) else None for result in results]
        for outcome in outcomes:
            if isinstance(outcome, MessageSizeTooLargeError):
                break
            if outcome is not None and not isinstance(outcome, Refused):
                await self.stop()
                raise BrokerAway(str(outcome) or type(outcome).__name__) from outcome
        return outcomes

    async def _enqueue(self, client: AIOKafkaProducer, message: Message) -> Awaitable[object]:
        try:
            sending: Awaitable[object] = await client.send(
                message.topic, value=message.value, key=message.key, headers=list(message.headers)
            )
        except MessageSizeTooLargeError:
            refused: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            size = len(message.value or b"")
            refused.set_exception(Refused(f"the message has {size} bytes; the limit is {LARGEST_MESSAGE_BYTES}"))
            return refused
        return sending

    async def _started(self) -> AIOKafkaProducer:
        if self._client is None:
            self._client = AIOKafkaProducer(
                bootstrap_servers=self.servers,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=256 * 1024,
                max_request_size=LARGEST_MESSAGE_BYTES,
                request_timeout_ms=int(self.timeout_seconds * 1000),
                **self.security.options(),
            )
            await self._client.start()
        return self._client

    async def stop(self) -> None:
        """Close within seconds in any case."""
        client, self._client = self._client, None
        if client is None:
            return
        # The client's own stop waits for dead brokers. A sender that is still running would send old messages after
        # newer ones.
        if (sender := client._sender.sender_task) is not None:
            sender.cancel()
        for closing in (client.client.close(), client.stop()):
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                await asyncio.wait_for(closing, timeout=2)


Positions = dict[tuple[str, int], int]
Load = Callable[[], Awaitable[Positions]]
Handle = Callable[[list[Message]], Awaitable[None]]
Forget = Callable[[Positions], Awaitable[None]]


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Passes batches to the handler. After every rebalance or failure it starts at the positions that the handler
    stored.

    `handle` stores the position of its batch in its own transaction; `load` reads the next offset per partition.
    `forget` resets positions that the broker no longer has, because it lost its log and began a new one. `name` is the
    client id in the broker's lists of members.
    """

    def __init__(
        self,
        servers: str,
        group: str,
        topics: Sequence[str],
        load: Load,
        handle: Handle,
        forget: Forget,
        security: BrokerSecurity = OPEN,
        name: str = "consumer",
    ) -> None:
        self.topics = list(topics)
        self.load = load
        self.handle = handle
        self.forget = forget
        self._astray = False
        self.paused_topics: set[str] = set()
        self.client = AIOKafkaConsumer(
            bootstrap_servers=servers,
            group_id=group,
            client_id=name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=500,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=FETCH_MILLISECONDS,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
            metadata_max_age_ms=10_000,
            **security.options(),
        )

    def rewind(self) -> None:
        """Before the next batch, read the positions from the database again, because they were changed."""
        self._astray = True

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing to save: every batch has stored its own position."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Continue at the positions of our database, not at Kafka's."""
        self._pause()
        try:
            await self._rewind(assigned)
        except Exception:
            # The client would only log the error, and read on from another position.
            log.exception("positions_unknown")
            self._astray = True

    async def _rewind(self, partitions: set[TopicPartition]) -> None:
        stored = await self.load()
        ends = await self.client.end_offsets(list(partitions)) if partitions else {}
        lost: Positions = {}
        for partition in partitions:
            offset = stored.get((partition.topic, partition.partition), 0)
            if offset > ends[partition]:
                log.error("broker_lost_messages", topic=partition.topic, stored=offset, end=ends[partition])
                lost[(partition.topic, partition.partition)] = offset = 0
            self.client.seek(partition, offset)
        if lost:
            await self.forget(lost)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; a failing batch is read again after a pause, without limit, and never skipped."""
        try:
            await self.client.start()
            self.client._fetcher._prefetch_backoff = FETCH_MILLISECONDS / 1000
            self.client.subscribe(self.topics, listener=self)
            while not stop.is_set():
                if not await self._step():
                    self._astray = True
                    await pause(stop, RETRY_SECONDS)
        finally:
            with contextlib.suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(self.client.stop(), timeout=5)

    async def _step(self) -> bool:
        """Process one batch. Returns False when it failed: the stored positions are then read again."""
        batch: list[Message] = []
        try:
            if self._astray:
                await self._rewind(self.client.assignment())
                self._astray = False
            batch = await self._fetch()
            # The partitions may have been reassigned in the meantime, and the new ones may be at other positions.
            if batch and not self._astray:
                await self.handle(batch)
                self._observe(batch)
        except Exception as error:
            failing(error, messages=len(batch), first=(batch[0].topic, batch[0].offset) if batch else None)
            return False
        beat()
        return True

    async def _fetch(self) -> list[Message]:
        self._pause()
        fetched = await self.client.getmany(timeout_ms=POLL_MILLISECONDS, max_records=500)
        return [
            Message(r.topic, r.key, r.value, tuple(r.headers), r.partition, r.offset)
            for records in fetched.values()
            for r in records
        ]

    async def ends(self, timeout_seconds: float = 5) -> Positions:
        """The offset after the last message of every assigned partition. Raises `BrokerAway`.

        Every answer to a fetch contains it; the broker is asked about partitions that are not fetched.
        """
        paused = self.client.paused()
        found: dict[TopicPartition, int] = {}
        unknown: list[TopicPartition] = []
        for partition in self.client.assignment():
            end = None if partition in paused else self.client.highwater(partition)
            if end is None:
                unknown.append(partition)
            else:
                found[partition] = end
        try:
            async with asyncio.timeout(timeout_seconds):
                found |= await self.client.end_offsets(unknown) if unknown else {}
        except (TimeoutError, KafkaError, OSError) as error:
            raise BrokerAway(str(error) or type(error).__name__) from error
        return {(partition.topic, partition.partition): end for partition, end in found.items()}

    def _pause(self) -> None:
        paused: set[TopicPartition] = self.client.paused()
        wanted = {p for p in self.client.assignment() if p.topic in self.paused_topics}
        self.client.resume(*(paused - wanted))
        self.client.pause(*(wanted - paused))

    def _observe(self, batch: list[Message]) -> None:
        for message in batch:
            end = self.client.highwater(TopicPartition(message.topic, message.partition)) or 0
            lag = max(0, end - message.offset - 1)
            telemetry.CONSUMER_LAG.labels(message.topic, str(message.partition)).set(lag)
            telemetry.CONSUMER_OFFSET.labels(message.topic, str(message.partition)).set(message.offset)
