"""HTTP of calendar files."""

from typing import Annotated, Any
from uuid import UUID

from chassis.audit import add_facts, audited
from chassis.auth import Principal, public, requires
from chassis.db import Session
from chassis.edge import BodyLimit, Takes
from chassis.pages import Page, Paging, Sorting
from chassis.preconditions import IdempotentRoute
from chassis.routing import Router
from fastapi import APIRouter, Query, Request, Response
from records import reads
from sqlalchemy import select

from crm.activities.calendar.queries import caller_id
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.calendar_files import commands, queries
from crm.activities.calendar_files.models import CalendarSubscription, NotACalendar
from crm.activities.calendar_files.public import Subscriber
from crm.activities.calendar_files.schemas import (
    CalendarImport,
    SubscriptionBody,
    SubscriptionOut,
    SubscriptionSecret,
)
from crm.people.employees.records import EMPLOYEES

CALENDAR = "text/calendar"
FILE_BYTES = 1024 * 1024
ADDRESS = "/v1/calendar.ics"
READ = requires("activities:read")
Writer = Annotated[Principal, requires("activities:write")]
FileRequest = Annotated[Request, Takes(lambda settings: BodyLimit(FILE_BYTES, settings.body_seconds))]
_CONTENT = {CALENDAR: {"schema": {"type": "string", "format": "binary"}}}
A_FILE: dict[str, Any] = {"requestBody": {"required": True, "content": _CONTENT}}
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": _CONTENT}}
ORDERS = Sorting({"created_at": CalendarSubscription.created_at}, CalendarSubscription.id, "-created_at")


class Ics(Response):
    """A calendar file."""

    media_type = CALENDAR


files = Router(tags=["calendar"], route_class=IdempotentRoute)
# Answers with a secret are not kept: a repeated request makes another subscription.
subscriptions = APIRouter(prefix="/v1/calendar-subscriptions", tags=["calendar"])
routers = (files, subscriptions)


@files.get("/v1/calendar-events/{calendar_event_id}/ics", dependencies=[READ], responses=AS_FILE, response_class=Ics)
async def export_calendar_event(calendar_event_id: UUID, session: Session) -> Response:
    """One event as an iCalendar file."""
    event = await reads.by_id(session, CALENDAR_EVENTS, calendar_event_id)
    return Ics(await commands.file_of_event(session, event))


@files.get("/v1/calendar:ics", dependencies=[READ], responses=AS_FILE, response_class=Ics)
async def export_calendar(
    session: Session, employee_id: Annotated[UUID | None, Query(description="Default: the caller.")] = None
) -> Response:
    """The calendar of an employee as an iCalendar file: events and bookings that have not ended three months ago."""
    if employee_id is None:
        employee_id = await queries.own_id(session)
    else:
        await reads.by_id(session, EMPLOYEES, employee_id)
    return Ics(await commands.file_of(session, employee_id, await caller_id(session)))


@files.post("/v1/calendar:import", openapi_extra=A_FILE)
async def import_calendar(request: FileRequest, session: Session, caller: Writer) -> CalendarImport:
    """Store the events of an iCalendar file in the caller's calendar: at most 1 MiB and 500 events.

    An event is known by its UID: importing a file again changes what has changed in it. An event that cannot be stored
    is refused alone, with the reason. An event that replaces an occurrence of another one is stored beside it.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CALENDAR:
        raise NotACalendar()
    return await commands.take(session, await request.body(), caller.subject)


@files.get(ADDRESS, dependencies=[public], responses=AS_FILE, response_class=Ics, openapi_extra={"security": []})
async def read_subscribed_calendar(subscriber: Subscriber) -> Response:
    """The calendar of a subscription, for calendar programs: no token, but the secret in the address."""
    content = await commands.subscribed(subscriber.session, subscriber.presented)
    return Ics(content, headers={"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"})


@subscriptions.post("", status_code=201, dependencies=[audited])
async def subscribe_to_calendar(
    body: SubscriptionBody, request: Request, session: Session, _caller: Writer, response: Response
) -> SubscriptionSecret:
    """Make an address at which a calendar program reads the caller's calendar. It is shown here only: whoever has it
    can read the calendar, until it is revoked."""
    row, token = await commands.subscribe(session, body.name, only_times=body.only_times)
    add_facts(session, calendar_subscription_id=str(row.id))
    response.headers["Cache-Control"] = "no-store"
    url = str(request.base_url.replace(path=ADDRESS, query=f"token={token}"))
    return SubscriptionSecret(**SubscriptionOut.model_validate(row).model_dump(), url=url)


@subscriptions.get("", dependencies=[READ])
async def list_calendar_subscriptions(session: Session, paging: Paging) -> Page[SubscriptionOut]:
    """The subscriptions of the caller's calendar without their secrets, the newest first; revoked ones too."""
    wanted = select(CalendarSubscription).where(CalendarSubscription.employee_id == await caller_id(session))
    return await paging.page(session, wanted, ORDERS, lambda row: SubscriptionOut.model_validate(row[0]))


@subscriptions.delete("/{calendar_subscription_id}", dependencies=[audited])
async def revoke_calendar_subscription(
    calendar_subscription_id: UUID, session: Session, _caller: Writer
) -> SubscriptionOut:
    """Revoke a subscription: its address is refused from now on. No version is needed, since it never changes."""
    return SubscriptionOut.model_validate(await commands.revoke(session, calendar_subscription_id))
