"""HTTP of leads and of their rules."""

from typing import Annotated
from uuid import UUID

from chassis import tenant_settings
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute, SeenIfThere, etag
from fastapi import APIRouter, Response
from records import ActionRouter, answered, reads, routes

from crm.sales.leads import commands, duplicates, queries
from crm.sales.leads.duplicates import LeadDuplicates
from crm.sales.leads.models import LeadSetting
from crm.sales.leads.records import LEADS
from crm.sales.leads.rules import LeadRules, points
from crm.sales.leads.schemas import Convert, Disqualify, LeadOut, LeadRulesOut, LeadScore

READ, WRITE = requires("leads:read"), requires("leads:write")
Reader = Annotated[Principal, READ]
Converter = Annotated[Principal, requires("leads:write", "customers:write", "contacts:write", "deals:write")]
router = ActionRouter(LEADS)


@router.get("/{lead_id}/score", dependencies=[READ])
async def explain_lead_score(lead_id: UUID, session: Session) -> LeadScore:
    """The score of a lead by the present rules, with the rules that give its points."""
    row = await reads.by_id(session, LEADS, lead_id)
    rules, _ = await queries.rules(session)
    found = points(rules.scoring, vars(row))
    return LeadScore(score=sum(rule.points for rule in found), rules=found)


@router.get("/{lead_id}/duplicates")
async def list_lead_duplicates(lead_id: UUID, session: Session, caller: Reader) -> LeadDuplicates:
    """Leads, contacts and customers that may be the same: an equal e-mail or phone, or a similar name.

    The score is the sum of the points of what matches, at most 100. Contacts and customers are compared if the token
    may read them.
    """
    row = await reads.by_id(session, LEADS, lead_id)
    return LeadDuplicates(items=await duplicates.duplicates(session, row, caller.scopes))


@router.post("/{lead_id}/contact", dependencies=[WRITE])
async def contact_lead(lead_id: UUID, session: Session, response: Response) -> LeadOut:
    """Note that the lead was contacted."""
    return await answered(session, LEADS, await commands.move(session, lead_id, "contact"), response)


@router.post("/{lead_id}/qualify", dependencies=[WRITE])
async def qualify_lead(lead_id: UUID, session: Session, response: Response) -> LeadOut:
    """Note that the lead is worth a deal."""
    return await answered(session, LEADS, await commands.move(session, lead_id, "qualify"), response)


@router.post("/{lead_id}/disqualify", dependencies=[WRITE])
async def disqualify_lead(lead_id: UUID, body: Disqualify, session: Session, response: Response) -> LeadOut:
    """Close a lead that becomes no customer, with one of the declared reasons."""
    return await answered(session, LEADS, await commands.move(session, lead_id, "disqualify", body.reason), response)


@router.post("/{lead_id}/reopen", dependencies=[WRITE])
async def reopen_lead(lead_id: UUID, session: Session, response: Response) -> LeadOut:
    """Reopen a disqualified lead; it is new again."""
    return await answered(session, LEADS, await commands.move(session, lead_id, "reopen"), response)


@router.post("/{lead_id}/assign", dependencies=[WRITE])
async def assign_lead(lead_id: UUID, session: Session, response: Response) -> LeadOut:
    """Give a lead to the employee whose turn it is by the rules; without a rule for it, its owner stays."""
    return await answered(session, LEADS, await commands.assign(session, lead_id), response)


@router.post("/{lead_id}/convert")
async def convert_lead(
    lead_id: UUID, body: Convert, session: Session, caller: Converter, response: Response
) -> LeadOut:
    """Make a customer, a contact and a deal of a lead, all or nothing; those that are named are linked.

    A customer or a contact that has the e-mail or the phone of the lead is offered instead: 409 with `candidates`,
    unless one is named or `allow_duplicate` is true.
    """
    return await answered(session, LEADS, await commands.convert(session, lead_id, body, caller), response)


rules = APIRouter(prefix="/v1/lead-rules", tags=["leads"], route_class=IdempotentRoute)
routers = (routes(LEADS), router, rules)


@rules.get("", dependencies=[READ])
async def read_lead_rules(session: Session, response: Response) -> LeadRulesOut:
    """How leads are scored and assigned, and for which reasons they are disqualified."""
    return _tagged(*await queries.rules(session), response)


@rules.put("", dependencies=[WRITE])
async def declare_lead_rules(body: LeadRules, session: Session, seen: SeenIfThere, response: Response) -> LeadRulesOut:
    """Declare the rules. A lead gets its new score when it is changed next."""
    document = body.model_dump(mode="json")
    version = await tenant_settings.declare(session, LeadSetting, queries.NAME, document, seen.check)
    return _tagged(body, version, response)


def _tagged(found: LeadRules, version: int, response: Response) -> LeadRulesOut:
    response.headers["ETag"] = etag(version)
    return LeadRulesOut(version=version, **dict(found))
