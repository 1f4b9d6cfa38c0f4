"""State machines of hypothesis on a real database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from chassis.db import Role, Sessions, create_engine, session_factory
from erp.wiring import SERVICE
from hypothesis.stateful import RuleBasedStateMachine


class OnDatabase(RuleBasedStateMachine):
    """Its rules run transactions in an event loop of its own."""

    sessions: Sessions
    runner: asyncio.Runner


Machine = TypeVar("Machine", bound=OnDatabase)


@contextmanager
def running(machine: type[Machine], address: str, role: Role, pool_size: int) -> Iterator[type[Machine]]:
    """The machine, with sessions of this database."""
    with asyncio.Runner() as runner:
        engine = create_engine(address, SERVICE.name, role, pool_size=pool_size)
        machine.sessions, machine.runner = session_factory(engine), runner
        yield machine
        runner.run(engine.dispose())
