"""HTTP of the policies."""

from typing import Annotated

from chassis.auth import requires
from chassis.db import Session
from fastapi import APIRouter, Query

from gateway.api.kinds import KindName
from gateway.api.policies.queries import policies, simulated
from gateway.api.policies.schemas import Policies, Simulation, SimulationOut

router = APIRouter(tags=["policies"])
READ = requires("sync:read")


@router.get("/v1/policies", dependencies=[READ])
async def list_policies(kind: Annotated[KindName | None, Query()] = None) -> Policies:
    """The rule that decides each group of each kind between concurrent edits."""
    return Policies(items=[each for each in policies() if kind in (None, each.kind)])


@router.post("/v1/policies:simulate", dependencies=[READ])
async def simulate_policy(body: Simulation, session: Session) -> SimulationOut:
    """The results of the newest conflicts of a group under another policy. Changes nothing."""
    return await simulated(session, body)
