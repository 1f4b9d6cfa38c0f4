"""A service made of modules. Every service has roles, custom fields, files, imports, jobs and series of numbers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

import access
import audit
import custom_fields.routes
import documentation
import files
import jobs
import outbound
from annotations import annotated
from chassis.deprecated import Deprecation
from chassis.service import Running, Service
from chassis.worker import Task
from contracts.deprecations import DEPRECATED
from contracts.feed import declare_feed
from contracts.scopes import EVENT_SCOPES
from custom_fields import handlers
from custom_fields.events import kind_of
from files import FileSettings
from importing import IMPORT_KEYS, UPLOADS, ImportJobs, Target
from importing import routes as importing
from jobs import FINISHED_JOBS, JobKind
from jobs import routes as jobs_routes
from meta import meta_router
from numbering import Series
from numbering.routes import series_router
from records import RecordRouter
from records.own_filters import has_own_fields
from search import search_router
from sqlalchemy import MetaData

from modules.module import Module
from modules.optional import OptionalModules, modules_router

Named = TypeVar("Named")


class NamedTwice(Exception):
    """Two modules use the same name for a task or for a target of imports; this is a bug."""


def service(
    modules: Sequence[Module],
    *,
    name: str,
    title: str,
    description: str,
    settings: type[FileSettings],
    metadata: MetaData,
    versions: Path,
    tags: Mapping[str, str],
) -> Service:
    """The service of these modules. Raises `NamedTwice` when two of them use a name for different things."""
    listed = (
        with_custom_fields(name, lambda: _with_own_fields(modules)),
        *modules,
        imports_into(targets_of(modules)),
        Module(tasks=files.tasks),
        Module(routers=(audit.router,), tasks=audit.tasks),
        Module(routers=(outbound.router,), tasks=outbound.tasks),
        numbered(_all(module.numbers for module in modules)),
    )
    options = OptionalModules(modules)
    doors = (*access.routers, modules_router(options), documentation.router)
    listed = (*listed, Module(routers=doors, expiring=(access.ENDED_KEYS,)))
    over_all = [made(lambda: _records_of(listed)) for made in (meta_router, search_router)]
    listed = (*listed, Module(routers=over_all))
    listed = (*listed, running([kind for module in listed for kind in module.jobs]))

    def tasks(started: Running) -> Mapping[str, Task]:
        return _united(module.tasks(started) for module in listed)

    return Service(
        name=name,
        title=title,
        description=description,
        settings=settings,
        metadata=metadata,
        versions=versions,
        tags=tags,
        routers=files.attached(name, *annotated(*_all(module.all_routers for module in listed))),
        kinds=_all(module.all_kinds for module in listed),
        announced=_all(module.all_announced for module in listed),
        event_scopes=EVENT_SCOPES,
        declare_feed=declare_feed,
        deprecations={operation: Deprecation(*found) for operation, found in DEPRECATED[name].items()},
        tasks=tasks,
        expiring=_all(module.expiring for module in listed),
        authenticator=access.authenticator(
            _all(module.limits for module in listed),
            options,
            next((module.colleagues for module in listed if module.colleagues), access.nobody),
        ),
        owned=dict(_owned(_records_of(listed))),
    )


def targets_of(modules: Iterable[Module]) -> dict[str, Target]:
    """The targets of imports, by name. Raises `NamedTwice`."""
    return _united(module.all_imports for module in modules)


def with_custom_fields(system: str, records: Callable[[], Collection[str]]) -> Module:
    """The module of custom fields, in one system in which these records have such fields."""
    kind = kind_of(system)
    return Module(
        routers=(custom_fields.routes.routes(kind, records),),
        kinds=(kind,),
        tasks=lambda started: handlers.tasks(started, kind),
    )


def _with_own_fields(modules: Sequence[Module]) -> set[str]:
    return {router.record.name for router in _records_of(modules) if has_own_fields(router.record)}


def _records_of(modules: Sequence[Module]) -> Sequence[RecordRouter]:
    routers = _all(module.all_routers for module in modules)
    return [router for router in routers if isinstance(router, RecordRouter)]


def _owned(routers: Iterable[RecordRouter]) -> Iterable[tuple[str, str]]:
    """The tables of records with an owner, by the topics of their events."""
    for record in (each.record for each in routers):
        published = record.kind or record.announced
        if published is not None and hasattr(record.row, "owner_id"):
            yield published.topic, record.row.__tablename__


def imports_into(targets: Mapping[str, Target]) -> Module:
    """The module of imports."""
    return Module(
        routers=(importing.routes(targets),),
        jobs=ImportJobs(targets).kinds,
        expiring=(IMPORT_KEYS, UPLOADS),
    )


def numbered(series: Sequence[Series]) -> Module:
    """The module of series of numbers."""
    return Module(routers=(series_router(series),))


def running(kinds: Sequence[JobKind]) -> Module:
    """The module of jobs."""
    return Module(
        routers=(jobs_routes.router,),
        tasks=lambda started: jobs.tasks(started, kinds),
        expiring=(FINISHED_JOBS,),
    )


def _all(parts: Iterable[Sequence[Named]]) -> Sequence[Named]:
    return tuple(chain.from_iterable(parts))


def _united(parts: Iterable[Mapping[str, Named]]) -> dict[str, Named]:
    united: dict[str, Named] = {}
    for part in parts:
        if twice := united.keys() & part.keys():
            raise NamedTwice(f"Two modules name {', '.join(sorted(twice))}.")
        united |= part
    return united
