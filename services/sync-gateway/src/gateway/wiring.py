"""The parts of the gateway, in one list."""

from pathlib import Path

import access
import audit
import documentation
import jobs
import outbound
from access.me import me_router
from chassis.deprecated import Deprecation
from chassis.service import Service
from contracts.deprecations import DEPRECATED
from contracts.feed import declare_feed
from contracts.scopes import EVENT_SCOPES
from jobs import FINISHED_JOBS
from jobs import routes as jobs_routes

from gateway.api import routers
from gateway.api.systems.queries import reading_troubles
from gateway.resolve.resyncing import RESYNC
from gateway.settings import GatewaySettings
from gateway.store import publish
from gateway.store.tables import Base
from gateway.tags import TAGS
from gateway.worker import tasks as worker

SERVICE = Service(
    name="gateway",
    title="Sync gateway",
    description="Synchronises customers, contacts and other records of CRM and ERP: merges, delivers, explains.",
    tags=TAGS,
    settings=GatewaySettings,
    metadata=Base.metadata,
    versions=Path(__file__).parents[2] / "migrations" / "versions",
    routers=(
        *routers,
        *access.routers,
        audit.router,
        outbound.router,
        jobs_routes.router,
        me_router(),
        documentation.router,
    ),
    event_scopes=EVENT_SCOPES,
    declare_feed=declare_feed,
    deprecations={operation: Deprecation(*found) for operation, found in DEPRECATED["gateway"].items()},
    topics=publish.TOPICS,
    authenticator=access.authenticator(),
    expiring=(access.ENDED_KEYS, FINISHED_JOBS),
    tasks=lambda running: {
        **worker.tasks(running),
        **audit.tasks(running),
        **outbound.tasks(running),
        **jobs.tasks(running, (RESYNC,)),
    },
    troubles={"reading": reading_troubles},
)
