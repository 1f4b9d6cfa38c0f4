"""The declaration of a module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from access import Colleagues, Limit
from chassis.announced import Announced
from chassis.replication import Kind
from chassis.retention import Expiry
from chassis.service import Running
from chassis.worker import Task
from fastapi import APIRouter
from importing import Target
from jobs import JobKind
from numbering import Series
from records import Record, RecordRouter, routes

Tasks = Callable[[Running], Mapping[str, Task]]


def no_tasks(_running: Running) -> Mapping[str, Task]:
    """For modules without background tasks."""
    return {}


@dataclass(frozen=True)
class Module:
    """The parts that a module adds to its service.

    `records` are served exactly as declared; `routers` are the routes of other records and of process verbs. Derived
    from the records of both, and not declared again: their kinds, and the targets of imports into records with plain
    writes. `kinds` and `announced` are further ones, `imports` the targets with a parser of their own. The worker runs
    `jobs` and `tasks`. `numbers` are its series of numbers, `expiring` tables have a retention, and `limits` depend on
    the roles of a caller. A tenant can turn off a module with an `option`, by that name: its routes answer 404 then.
    `colleagues` finds the employees whose records a caller sees, who is limited to its own or to those of its teams.
    """

    records: Sequence[Record[Any, Any, Any]] = ()
    routers: Sequence[APIRouter] = ()
    kinds: Sequence[Kind] = ()
    announced: Sequence[Announced] = ()
    imports: Mapping[str, Target] = field(default_factory=dict)
    jobs: Sequence[JobKind] = ()
    tasks: Tasks = no_tasks
    numbers: Sequence[Series] = ()
    expiring: Sequence[Expiry] = ()
    limits: Sequence[Limit] = ()
    option: str | None = None
    colleagues: Colleagues | None = None

    @cached_property
    def all_routers(self) -> Sequence[APIRouter]:
        """All routes."""
        return (*map(routes, self.records), *self.routers)

    @property
    def all_kinds(self) -> Sequence[Kind]:
        """The replicated kinds, each once."""
        kinds = [each.record.kind for each in self._of_records() if each.record.kind is not None]
        return tuple({each.name: each for each in (*kinds, *self.kinds)}.values())

    @property
    def all_announced(self) -> Sequence[Announced]:
        """The announced kinds, each once."""
        announced = [each.record.announced for each in self._of_records() if each.record.announced is not None]
        return tuple({each.topic: each for each in (*announced, *self.announced)}.values())

    @property
    def all_imports(self) -> Mapping[str, Target]:
        """The targets of imports, by name."""
        plain = [each.record for each in self._of_records() if each.importable]
        targets = {**{record.plural: Target.of(record) for record in plain}, **self.imports}
        return {name: replace(target, module=self.option) for name, target in targets.items()}

    def _of_records(self) -> Sequence[RecordRouter]:
        return [router for router in self.all_routers if isinstance(router, RecordRouter)]
