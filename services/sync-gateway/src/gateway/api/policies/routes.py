"""HTTP of the policies."""

from typing import Annotated

from chassis import clock
from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute, SeenVersion, etag
from fastapi import APIRouter, Depends, Path, Query, Response

from gateway.api.kinds import KindInAddress, KindName
from gateway.api.policies import queries
from gateway.api.policies.queries import policies, simulated
from gateway.api.policies.schemas import (
    ChoiceBody,
    ChosenPolicyOut,
    OtherPolicy,
    Policies,
    RollbackBody,
    Simulation,
    SimulationOut,
)
from gateway.kinds import GroupSpec
from gateway.resolve import policies as commands
from gateway.resolve.log import Author
from gateway.store.policies import current

router = APIRouter(tags=["policies"], route_class=IdempotentRoute)
READ = requires("sync:read")
Reader = Annotated[Principal, READ]
Writer = Annotated[Principal, requires("policies:write")]


async def _declared(
    kind: KindInAddress, group: Annotated[str, Path(max_length=200, examples=["email", "tag:*"])]
) -> GroupSpec:
    return queries.declared(kind, group)


Group = Annotated[GroupSpec, Depends(_declared)]


@router.get("/v1/policies")
async def list_policies(session: Session, caller: Reader, kind: Annotated[KindName | None, Query()] = None) -> Policies:
    """The rule that decides each group of each kind between concurrent edits, in your tenant."""
    found = policies(await current(session), caller.tenant)
    return Policies(items=[each for each in found if kind in (None, each.kind)])


@router.post("/v1/policies:simulate", dependencies=[READ])
async def simulate_policy(body: Simulation, session: Session) -> SimulationOut:
    """The results of the newest conflicts of a group under another policy. Changes nothing."""
    return await simulated(session, body)


@router.get("/v1/policies/{kind}/{group}")
async def read_policy(
    caller: Reader, kind: KindInAddress, group: Group, session: Session, response: Response
) -> ChosenPolicyOut:
    """The policy of one group with all its versions, and the `ETag` to choose another one."""
    return await _shown(session, kind, group, caller, response)


@router.put("/v1/policies/{kind}/{group}", dependencies=[audited])
async def choose_policy(
    caller: Writer,
    kind: KindInAddress,
    group: Group,
    body: ChoiceBody,
    session: Session,
    seen: SeenVersion,
    response: Response,
) -> ChosenPolicyOut:
    """Choose the policy of a group for your tenant. Every later merge uses it, without a restart.

    Groups that the systems rely on keep their policy. Values that are merged already stay as they are; what waits for
    a steward still waits. Every decision names the version that made it.
    """
    seen.check(*await _in_force(session, kind, group, caller))
    add_facts(session, policy=body.policy, reason=body.reason)
    await commands.choose(session, kind, group, body.policy, _author(caller, body.reason))
    return await _shown(session, kind, group, caller, response)


@router.post("/v1/policies/{kind}/{group}/simulate", dependencies=[READ])
async def simulate_choice(kind: KindInAddress, group: Group, body: OtherPolicy, session: Session) -> SimulationOut:
    """What would have come out of the newest conflicts of the group under another policy. Changes nothing."""
    return await simulated(session, Simulation(kind=kind, group=group.pattern, **dict(body)))


@router.post("/v1/policies/{kind}/{group}/rollback", dependencies=[audited])
async def roll_back_policy(
    kind: KindInAddress, group: Group, body: RollbackBody, session: Session, caller: Writer, response: Response
) -> ChosenPolicyOut:
    """Put an earlier version in force again, as a new version; version 1 is the built-in policy."""
    add_facts(session, version=body.version, reason=body.reason)
    await commands.roll_back(session, kind, group, body.version, _author(caller, body.reason))
    return await _shown(session, kind, group, caller, response)


def _author(caller: Principal, reason: str) -> Author:
    return Author(caller.subject, reason, clock.now())


async def _in_force(session: Session, kind: str, group: GroupSpec, caller: Principal) -> tuple[int, ChosenPolicyOut]:
    found = await queries.policy_of(session, kind, group, caller.tenant)
    return found.version, found


async def _shown(
    session: Session, kind: str, group: GroupSpec, caller: Principal, response: Response
) -> ChosenPolicyOut:
    found = await queries.policy_of(session, kind, group, caller.tenant)
    response.headers["ETag"] = etag(found.version)
    return found
