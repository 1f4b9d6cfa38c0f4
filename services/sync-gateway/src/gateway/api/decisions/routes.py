"""HTTP of the decision log and of open conflicts."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.audit import audited
from chassis.auth import FieldScopes, Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute
from contracts.scopes import WRITE_SCOPES
from fastapi import APIRouter, Body, Query

from gateway.api.decisions import queries
from gateway.api.decisions.schemas import Choice, ChosenOut, ConflictFilters, DecisionFilters, DecisionOut, Pick
from gateway.resolve import conflicts as commands
from gateway.resolve.conflicts import Chosen
from gateway.resolve.values import Named, Own
from gateway.store import decisions

router = APIRouter(tags=["decisions"], route_class=IdempotentRoute)
conflicts = APIRouter(tags=["conflicts"], route_class=IdempotentRoute)
READ = requires("sync:read")
Steward = Annotated[Principal, requires("sync:write")]
VALUES = FieldScopes(WRITE_SCOPES)
"""A value needs the scope that it needs in the system that owns it."""


@router.get("/v1/decisions", dependencies=[READ])
async def list_decisions(
    session: Session, paging: Paging, filters: Annotated[DecisionFilters, Query()]
) -> Page[DecisionOut]:
    """Every conflict, the newest first: all values with their authors, the winner, the rule."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: DecisionOut.of(row[0]))


@router.get("/v1/decisions/{decision_id}", dependencies=[READ])
async def read_decision(decision_id: UUID, session: Session) -> DecisionOut:
    """One decision."""
    return DecisionOut.of(await decisions.by_id(session, decision_id))


@router.post("/v1/decisions/{decision_id}/restore", dependencies=[audited], openapi_extra=VALUES.openapi)
async def restore_value(
    decision_id: UUID, session: Session, caller: Steward, body: Annotated[Pick | None, Body()] = None
) -> ChosenOut:
    """Restore a value that lost, in every system, as an edit of the caller.

    Select the value if several lost. A steward overrides the policy: an edit that was refused because only another
    system writes the group can be restored too, until that system writes it again. A value that needs a scope of its
    own in its system needs it here too (`x-field-scopes`: kind, or kind.group).
    """
    await _may_write(session, caller, decision_id)
    chosen = await commands.restore(
        session, decision_id, Named(body.origin, body.event_id) if body else Named(), caller.subject, clock.now()
    )
    return _told(chosen, "restored")


@conflicts.get("/v1/conflicts", dependencies=[READ])
async def list_conflicts(
    session: Session, paging: Paging, filters: Annotated[ConflictFilters, Query()]
) -> Page[DecisionOut]:
    """The open conflicts, the newest first: parked groups with all their values. All other groups are synchronised."""
    return await paging.page(session, queries.open_ones(filters), queries.ORDERS, lambda row: DecisionOut.of(row[0]))


@conflicts.post("/v1/conflicts/{conflict_id}/resolve", dependencies=[audited], openapi_extra=VALUES.openapi)
async def resolve_conflict(conflict_id: UUID, body: Choice, session: Session, caller: Steward) -> ChosenOut:
    """Resolve a conflict with the value of one system, or with another value, which is delivered to every system.

    The answer is 409, with the reason, when the conflict is no longer open.
    """
    await _may_write(session, caller, conflict_id)
    chosen = await commands.resolve(session, conflict_id, _chosen(body), caller.subject, clock.now())
    return _told(chosen, "resolved")


def _chosen(body: Choice) -> Named | Own:
    return Own(body.value) if "value" in body.model_fields_set else Named(body.origin, body.event_id)


async def _may_write(session: Session, caller: Principal, decision_id: UUID) -> None:
    """Raises `ScopeMissing` for a value that the caller's token may not write in the system that owns it."""
    row = await decisions.by_id(session, decision_id)
    VALUES.check(caller, (row.kind, f"{row.kind}.{row.group_key}"))


def _told(chosen: Chosen, verb: str) -> ChosenOut:
    group, kind = chosen.row.group_key, chosen.row.kind
    goes_to = f"it is delivered to {' and '.join(chosen.due_in)}" if chosen.due_in else "no system is connected yet"
    return ChosenOut.model_validate(
        {
            "outcome": verb if chosen.changed else "unchanged",
            "detail": f"{group} of the {kind} is {verb}; {goes_to}."
            if chosen.changed
            else f"{group} of the {kind} shows this value already; nothing was written.",
            "value": chosen.register.value,
            "rev": chosen.register.rev,
            "due_in": chosen.due_in,
            "logged_as": chosen.logged.id if chosen.logged else None,
            "decision": DecisionOut.of(chosen.row),
        }
    )
