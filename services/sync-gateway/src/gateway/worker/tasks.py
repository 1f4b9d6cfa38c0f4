"""The tasks of the gateway's worker beside relaying: read all spokes, deliver to each, replay, set the gauges."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from statistics import quantiles

from access.identity import ServiceIdentity
from chassis import clock
from chassis.bus import BrokerAway, Consumer, Positions, Reach
from chassis.client import create_client
from chassis.db import Sessions, transaction
from chassis.health import watched
from chassis.members import member, take_out_dead
from chassis.service import Running
from chassis.settings import Settings
from chassis.topics import Logs, Topics, watch
from chassis.worker import Task, any_of, every, pause
from contracts.events import partitions_of

from gateway.deliver.loop import Delivering
from gateway.deliver.spoke import Spoke
from gateway.deliver.watch import Watching
from gateway.ingest.consume import Ingest
from gateway.ingest.handing import announce
from gateway.ingest.held_back import HeldBackIngest
from gateway.kinds.holders import Holdings, source_topics
from gateway.settings import GatewaySettings
from gateway.store import backlog, positions, systems
from gateway.store.backlog import Backlog
from gateway.store.holding import hold
from gateway.store.publish import CONFLICTS
from gateway.store.registrations import Connected, Registration
from gateway.store.sent import Sent
from gateway.store.state import State
from gateway.worker.connections import Connections
from gateway.worker.gauges import observe
from gateway.worker.poll import Poll

GROUP = "sync-gateway"
GAUGES_SECONDS = 5.0
BACKLOG_SECONDS = 1.0
STATUS_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0


def tasks(running: Running) -> Mapping[str, Task]:
    """The tasks of the gateway's worker."""
    settings = _complete(running.settings)
    holdings = settings.holdings
    sent = Sent()
    deliveries: dict[str, Delivering] = {}

    def settled(state: State) -> None:
        announce(state, deliveries, clock.now())

    def make(name: str, held: Holdings) -> Delivering:
        return Delivering(running.sessions, name, held, sent, settled)

    deliveries |= {name: make(name, holdings) for name in settings.systems}

    def due() -> None:
        for delivering in deliveries.values():
            delivering.due.set()

    ingest = Ingest(running.sessions, holdings, due, sent, deliveries)

    def overdue(name: str) -> None:
        if name in deliveries:
            deliveries[name].due.set()

    poll = Poll(settings.systems, overdue)

    def serve(name: str, registered: Registration, delivering: Delivering) -> Mapping[str, Task]:
        identity = _identity_for(settings, registered.audience)
        return _serving(running, registered.address, identity, delivering, poll.restored[name])

    connections = Connections(running.sessions, poll, holdings, deliveries, make, serve)

    async def replay() -> None:
        await ingest.replay()

    async def look(stop: asyncio.Event) -> None:
        await poll.run(running.engine, stop)

    async def gauges() -> None:
        async with transaction(running.sessions) as session:
            await observe(session, list(deliveries))
            for name, delivering in deliveries.items():
                if percentiles := _percentiles(delivering.seconds):
                    await systems.note_latency(session, name, percentiles)

    return {
        "ingest": _reading(running, ingest, holdings, poll),
        "poll": look,
        "replay": _whenever(poll.replaying, replay),
        "held back": _whenever(poll.resumed, HeldBackIngest(running.sessions, holdings, due).run),
        "hub gauges": every(GAUGES_SECONDS, gauges),
        "systems": connections.run,
        **_declared(running, settings, deliveries, poll),
    }


def _declared(
    running: Running, settings: GatewaySettings, deliveries: Mapping[str, Delivering], poll: Poll
) -> dict[str, Task]:
    """The tasks of the systems in the settings."""
    found: dict[str, Task] = {}
    for name, delivering in deliveries.items():
        identity = identity_towards(settings, name)
        found |= _serving(running, settings.systems[name].address, identity, delivering, poll.restored[name])
    return found


def _complete(settings: Settings) -> GatewaySettings:
    if not isinstance(settings, GatewaySettings) or not settings.systems:
        raise SystemExit('The environment variable SYSTEMS is missing: name every system, {"crm": "http://..."}.')
    return settings


def _whenever(found: asyncio.Event, action: Callable[[], Awaitable[None]]) -> Task:
    """Act whenever the poll has found something to do."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await pause(stop, LONGEST_WAIT_SECONDS, found)
            if found.is_set() and not stop.is_set():
                found.clear()
                await action()

    return loop


def _reading(running: Running, ingest: Ingest, declared: Holdings, poll: Poll) -> Task:
    """Read the topics of all systems. The task returns when they have changed, and is started again."""
    sessions, servers = running.sessions, running.settings.kafka_bootstrap_servers or ""

    async def load() -> Positions:
        async with transaction(sessions) as session:
            ingest.logs = await positions.logs(session)
            return await positions.positions(session)

    async def forget(lost: Positions) -> None:
        async with transaction(sessions) as session:
            await positions.advance(session, lost)

    async def read(stop: asyncio.Event) -> None:
        poll.topics_changed.clear()
        async with transaction(sessions) as session:
            await hold(session, declared)
            holdings = await Connected(declared).current(session)
            await backlog.forget_others(session, [*source_topics(holdings), CONFLICTS])
        over = asyncio.Event()
        following = asyncio.create_task(_follow_topics(sessions, declared, holdings, poll, stop, over))
        try:
            async with member(running.engine, GROUP) as name:
                await read_as(name, holdings, over)
        finally:
            following.cancel()

    async def read_as(name: str, holdings: Holdings, stop: asyncio.Event) -> None:
        sources = source_topics(holdings)
        security = running.settings.broker_security
        widths = {topic: partitions_of(topic) for topic in sources}
        replicas, most = running.settings.kafka_replicas, running.settings.kafka_most_partitions
        topics = Topics(servers, widths, replicas, security=security, most=most)
        wanted = [*sources, CONFLICTS]
        consumer = Consumer(servers, GROUP, wanted, load, ingest.handle, forget, security, name)
        seen = asyncio.Event()

        async def found(logs: Logs) -> None:
            async with transaction(sessions) as session:
                await positions.begin_anew(session, logs)
            if seen.is_set() and any(ingest.logs.get(topic) != log_id for topic, log_id in logs.items()):
                consumer.rewind()
            seen.set()

        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(_follow_pauses(poll, consumer, holdings, stop)),
                group.create_task(_watch_backlog(sessions, consumer, stop)),
                group.create_task(watch(topics, Reach("ingest"), found, stop)),
            ]
            await any_of(seen, stop)
            await any_of(poll.looked, stop)
            await take_out_dead(sessions, servers, GROUP, security)
            await consumer.run(stop)
            for each in watching:
                each.cancel()

    return read


async def _follow_topics(
    sessions: Sessions, declared: Holdings, read: Holdings, poll: Poll, stop: asyncio.Event, over: asyncio.Event
) -> None:
    """Set `over` when other topics must be read than those of `read`, or at the stop of the process."""
    watched("topics")
    connected = Connected(declared)
    try:
        while not stop.is_set():
            await pause(stop, LONGEST_WAIT_SECONDS, poll.topics_changed)
            poll.topics_changed.clear()
            async with transaction(sessions) as session:
                if set(source_topics(await connected.current(session))) != set(source_topics(read)):
                    return
    finally:
        over.set()


async def _follow_pauses(poll: Poll, consumer: Consumer, holdings: Holdings, stop: asyncio.Event) -> None:
    watched("pauses")
    while not stop.is_set():
        poll.pauses_changed.clear()
        consumer.paused_topics = set(source_topics(holdings, poll.paused))
        await pause(stop, LONGEST_WAIT_SECONDS, poll.pauses_changed)


async def _watch_backlog(sessions: Sessions, consumer: Consumer, stop: asyncio.Event) -> None:
    async with transaction(sessions) as session:
        unread = Backlog(await backlog.known(session))

    all_read: Positions | None = None

    async def look() -> None:
        nonlocal all_read
        try:
            ends = await consumer.ends()
        except BrokerAway:
            return  # What was known stays; the watch of the topics says that the broker is away.
        if ends == all_read:
            return
        async with transaction(sessions) as session:
            found = unread.note(await positions.positions(session), ends, clock.now())
            await backlog.write(session, found)
        all_read = ends if not any(found.values()) else None

    watched("backlog")
    await every(BACKLOG_SECONDS, look)(stop)


def identity_towards(settings: GatewaySettings, name: str) -> ServiceIdentity:
    """The identity of the gateway for calls to one system: its tokens are valid for no other."""
    return _identity_for(settings, settings.systems[name].audience)


def _identity_for(settings: GatewaySettings, audience: str) -> ServiceIdentity:
    if settings.service_key_file is None or settings.service_issuer is None:
        raise SystemExit("The environment variables SERVICE_KEY_FILE and SERVICE_ISSUER are missing: set both.")
    return ServiceIdentity(settings.service_key_file, settings.service_issuer, audience)


def _serving(
    running: Running, address: str, identity: ServiceIdentity, delivering: Delivering, restored: asyncio.Event
) -> dict[str, Task]:
    """The two tasks of a system: deliver to it, and watch its status."""
    watching = Watching(running.sessions, delivering, identity, restored)

    async def deliver(stop: asyncio.Event) -> None:
        async with create_client(address) as client:
            await delivering.run(Spoke(client, identity), stop)

    async def watch_system(stop: asyncio.Event) -> None:
        async with create_client(address, timeout_seconds=STATUS_SECONDS) as client:
            await watching.run(client, stop)

    return {f"deliver {delivering.system}": deliver, f"watch {delivering.system}": watch_system}


def _percentiles(seconds: Iterable[float]) -> dict[str, float]:
    values = list(seconds)
    if len(values) < 2:
        return {}
    cuts = quantiles(values, n=100, method="inclusive")
    return {"p50_seconds": round(cuts[49], 4), "p99_seconds": round(cuts[98], 4), "count": len(values)}
