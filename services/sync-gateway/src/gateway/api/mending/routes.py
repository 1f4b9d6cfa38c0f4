"""HTTP for the correction of links and deliveries."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Response
from jobs.schemas import JobOut

from gateway.api.mending.schemas import (
    Chosen,
    DeliveryDropped,
    DeliveryInAddress,
    LinkMended,
    Mend,
    Relink,
    Resync,
    ResyncOut,
)
from gateway.api.records.schemas import LinkOut
from gateway.api.systems.queries import check_system
from gateway.resolve import deliveries, links, resyncing
from gateway.resolve.deliveries import Wanted
from gateway.resolve.links import Mended
from gateway.resolve.log import Author
from gateway.store.deliveries import DeliveryKey

router = APIRouter(tags=["mending"], route_class=IdempotentRoute)
Steward = Annotated[Principal, requires("sync:write")]


@router.post("/v1/links/{link_id}/unlink", dependencies=[audited])
async def unlink_record(link_id: UUID, body: Mend, session: Session, caller: Steward) -> LinkMended:
    """Remove a link, and deliver the record to that system again.

    The system uses the local record with the canonical id, or creates one. For a local record that no longer exists.
    """
    return _told(await links.unlink(session, link_id, _author(caller, body)), "unlinked")


@router.post("/v1/links/{link_id}/relink", dependencies=[audited])
async def relink_record(link_id: UUID, body: Relink, session: Session, caller: Steward) -> LinkMended:
    """Link the record to another local record of the system. Held messages of that one are merged then.

    For a local record that replaces another: "has linked it already" in the quarantine.
    """
    return _told(await links.relink(session, link_id, body.local_id, _author(caller, body)), "relinked")


@router.post("/v1/deliveries/{delivery_id}/drop", dependencies=[audited])
async def drop_delivery(delivery: DeliveryInAddress, body: Mend, session: Session, caller: Steward) -> DeliveryDropped:
    """Drop a delivery: the system keeps its version of the record until the record changes again."""
    system = delivery.system
    dropped = await deliveries.drop(session, delivery.canonical_id, system, _author(caller, body))
    named = ", ".join(dropped.groups)
    return DeliveryDropped(
        outcome="dropped" if dropped.groups else "unchanged",
        detail=f"{system} keeps its version without {named}." if named else f"Nothing was due in {system}.",
        groups=dropped.groups,
        logged_as=dropped.logged.id if dropped.logged else None,
    )


@router.post("/v1/records:resync", dependencies=[audited])
async def resync_records(body: Resync, session: Session, caller: Steward) -> ResyncOut:
    """Deliver records again with all their groups: one record, a kind, a system, or a time range.

    At most 1,000 records of a system in one call; `next` of the answer is the position for the next call.
    `POST /v1/resync` does all of it as a job.
    """
    if body.system is not None:
        await check_system(session, body.system)
    after = DeliveryKey.read(body.after) if body.after else None
    wanted = Wanted(body.canonical_id, body.kind, body.system, body.changed_since, body.changed_until, after)
    add_facts(session, wanted=body.model_dump(mode="json", exclude_none=True))
    done = await deliveries.resync(session, wanted, _author(caller, body))
    return ResyncOut(due=done.due, next=done.next)


@router.post("/v1/resync", status_code=202, dependencies=[audited])
async def start_resync(body: Chosen, session: Session, caller: Steward, response: Response) -> JobOut:
    """Deliver records again with all their groups, as a job: one record, a kind, a system, or a time range.

    It goes in pages: the next one becomes due when the systems have answered most of the last one, so edits and other
    tenants are not held up. A tenant has one at a time. `GET /v1/jobs/{job_id}` shows the progress.
    """
    if body.system is not None:
        await check_system(session, body.system)
    add_facts(session, wanted=body.model_dump(mode="json", exclude_none=True))
    wanted = Wanted(body.canonical_id, body.kind, body.system, body.changed_since, body.changed_until)
    job = await resyncing.begin(session, wanted, body.reason, caller.subject)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobOut.of(job, caller)


def _author(caller: Principal, body: Mend) -> Author:
    return Author(caller.subject, body.reason, clock.now())


def _told(mended: Mended, verb: str) -> LinkMended:
    link = mended.link
    about = f"{link.kind} {link.canonical_id}"
    detail = {
        "unlinked": f"{about} is no longer linked to {link.local_id} of {link.system}; it is delivered there again.",
        "relinked": f"{about} is linked to {link.local_id} of {link.system}; it is delivered there again.",
    }[verb]
    return LinkMended.model_validate(
        {
            "outcome": verb if mended.logged else "unchanged",
            "detail": detail if mended.logged else f"{about} is {link.local_id} of {link.system} already.",
            "link": LinkOut.model_validate(link.shown()),
            "replaying": mended.replaying,
            "logged_as": mended.logged.id if mended.logged else None,
        }
    )
