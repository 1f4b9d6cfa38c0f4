"""HTTP of outbound topics."""

from typing import Annotated

from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.preconditions import SeenIfThere, SeenVersion, etag
from contracts.text import ShortText
from fastapi import APIRouter, Depends, Path, Request, Response

from outbound import commands, queries
from outbound.schemas import OutboundTopicBody, OutboundTopicList, OutboundTopicOut

READ = requires("outbound:read")
Writer = Annotated[Principal, requires("outbound:write")]
Kind = Annotated[ShortText, Path(description="A kind of record, for example `customer`.")]
router = APIRouter(prefix="/v1/outbound-topics", tags=["outbound topics"])


def event_scopes(request: Request) -> commands.Scopes:
    """The scope of each topic of the service."""
    scopes: commands.Scopes = request.app.state.event_scopes
    return scopes


Scopes = Annotated[commands.Scopes, Depends(event_scopes)]


@router.get("", dependencies=[READ])
async def list_outbound_topics(session: Session, scopes: Scopes) -> OutboundTopicList:
    """The kinds that the tenant publishes to topics of its own, how far each is, and those that it could publish.

    The gateway publishes merged kinds, as golden records; CRM and ERP those that only they have.
    """
    return OutboundTopicList(items=await queries.topics(session), kinds=commands.publishable(scopes))


@router.get("/{kind}", dependencies=[READ])
async def read_outbound_topic(kind: Kind, session: Session, response: Response) -> OutboundTopicOut:
    """One topic, with the `ETag` to change it."""
    found = await queries.topic(session, kind)
    if found is None:
        raise NotFound(kind=kind)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put("/{kind}", dependencies=[audited])
async def declare_outbound_topic(
    kind: Kind,
    body: OutboundTopicBody,
    session: Session,
    caller: Writer,
    scopes: Scopes,
    seen: SeenIfThere,
    response: Response,
) -> OutboundTopicOut:
    """Publish a kind to `<tenant>.<kind>.v1` on Kafka, or change what is published.

    The topic has the events of the feed in the same form, from the present state of each record on: in order for each
    record, at least once (`ce_id` tells repetitions). If `without` changes, everything is published again. On a broker
    with permissions an operator grants them to the services and to who reads the topic.
    """
    add_facts(session, without=sorted(body.without), enabled=body.enabled)
    found = await commands.declare(session, kind, body, caller, scopes, seen.check)
    response.headers["ETag"] = etag(found.version)
    return found


@router.delete("/{kind}", status_code=204, dependencies=[audited])
async def withdraw_outbound_topic(kind: Kind, session: Session, caller: Writer, seen: SeenVersion) -> None:
    """Publish a kind no more. Events that are in the topic stay there, until an operator deletes it."""
    await commands.withdraw(session, kind, caller, seen.check)
