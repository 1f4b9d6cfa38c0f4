"""Systems that are registered over HTTP, beside those of the settings, and how processes notice a change.

`system_changes` has one row, whose number rises with each registration, change and removal. A merge locks it for
reading and so knows every system: a registration waits for the merges under way, and its comparison contains their
records. What is only due at a new system is found by `gateway.store.holding`, in the worker, for all tenants.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, Self
from uuid import UUID

from contracts.kinds import Access
from sqlalchemy import BigInteger, Column, Integer, Table, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds.holders import Holdings, Limited
from gateway.store import policies
from gateway.store.systems import SYSTEMS
from gateway.store.tables import Base

CHANGES = Table(
    "system_changes",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False, server_default="0"),
    Column("policies", BigInteger, nullable=False, server_default="0"),
)
KEY = "hashtextextended('registrations', 0)"
ALONE = text(f"select pg_advisory_xact_lock({KEY})")
NUMBER = text(f"""
    with locked as materialized (select pg_advisory_xact_lock_shared({KEY}))
    select changes.number, changes.policies from system_changes changes cross join locked for share of changes
    """)  # noqa: S608  (a constant only)
"""The row lock reads the newest number after the wait. The advisory lock is fair: merges that follow each other closely
never let a registration wait for long, as locks of a row alone would."""

RAISE = update(CHANGES).values(number=CHANGES.c.number + 1)
RAISE_POLICIES = update(CHANGES).values(policies=CHANGES.c.policies + 1)
REGISTERED = SYSTEMS.c.registration.is_not(None), ~SYSTEMS.c.leaving
LEFT = text("""
    with gone as (delete from systems where name = :name and leaving returning name),
    refused as (delete from refused_kinds where system in (select name from gone))
    delete from deliveries where system in (select name from gone)
    """)

Events = Literal["kafka", "http"]


@dataclass(frozen=True)
class Registration:
    """How a system is reached, what it holds, for which tenants (None is all), and how it sends its events.

    `senders` are the subjects of the tokens with which it sends events over HTTP.
    """

    address: str
    audience: str
    kinds: dict[str, Access]
    tenants: list[str] | None
    events: Events
    senders: list[str]
    registered_by: str
    registered_at: str

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The registration in a row of `systems`."""
        kinds = {kind: Access(access) for kind, access in stored["kinds"].items()}
        return cls(**{**stored, "kinds": kinds})

    @property
    def held(self) -> Limited:
        """What the system holds."""
        tenants = None if self.tenants is None else frozenset(UUID(each) for each in self.tenants)
        return Limited(self.kinds, tenants, topics=self.events == "kafka")


class Changes(NamedTuple):
    """The numbers of changes of registrations, and of policies."""

    registrations: int
    policies: int


class Connected:
    """What systems hold: those of the settings, and the registered ones, which never replace them. With the policies
    that tenants have chosen."""

    def __init__(self, declared: Holdings) -> None:
        self.holdings = declared
        self._declared = declared
        self.policies = policies.NO_CHOICES
        self._number = self._policies = 0

    async def current(self, session: AsyncSession) -> Holdings:
        """What systems hold; no registration and no policy changes until the transaction ends."""
        return await self.at(session, Changes(*(await session.execute(NUMBER)).one()))

    async def at(self, session: AsyncSession, changes: Changes) -> Holdings:
        """What systems hold after these numbers of changes, which the transaction has locked."""
        number, chosen = changes
        if chosen != self._policies:
            self.policies, self._policies = await policies.current(session), chosen
        if number != self._number:
            held = {name: each.held for name, each in (await registrations(session)).items()}
            self.holdings, self._number = {**held, **self._declared}, number
        return self.holdings


async def registrations(session: AsyncSession) -> dict[str, Registration]:
    """Every registered system, by name."""
    rows = await session.execute(select(SYSTEMS.c.name, SYSTEMS.c.registration).where(*REGISTERED))
    return {row.name: Registration.of(row.registration) for row in rows}


async def registration(session: AsyncSession, name: str) -> Registration | None:
    """The registration of one system; None when it has none."""
    return (await registrations(session)).get(name)


async def is_declared(session: AsyncSession, name: str) -> bool:
    """Whether the settings of the gateway name the system."""
    found = select(SYSTEMS.c.name).where(SYSTEMS.c.name == name, SYSTEMS.c.registration.is_(None))
    return await session.scalar(found) is not None


async def connect(session: AsyncSession, name: str, wanted: Registration) -> None:
    """Register a system, or change its registration. Workers notice within seconds."""
    await _raise(session)
    values = {"registration": asdict(wanted), "leaving": False}
    row = insert(SYSTEMS).values(name=name, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


async def disconnect(session: AsyncSession, name: str) -> None:
    """Remove a system: nothing is delivered to it any more. Links and merged values stay, so it may join again."""
    await _raise(session)
    await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name, *REGISTERED).values(leaving=True))


async def policies_change(session: AsyncSession) -> None:
    """Wait for the merges under way; later ones read the policies again."""
    await session.execute(ALONE)
    await session.execute(RAISE_POLICIES)


async def _raise(session: AsyncSession) -> None:
    await session.execute(ALONE)
    await session.execute(RAISE)


async def forget_removed(session: AsyncSession) -> None:
    """Delete what was due at removed systems, for all tenants."""
    for name in (await session.scalars(select(SYSTEMS.c.name).where(SYSTEMS.c.leaving))).all():
        await session.execute(LEFT, {"name": name})
