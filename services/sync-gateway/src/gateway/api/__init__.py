"""HTTP of the gateway, one folder per subject."""

from chassis.auth import public
from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from gateway.api.decisions import routes as decisions
from gateway.api.deliveries import routes as deliveries
from gateway.api.mending import routes as mending
from gateway.api.policies import routes as policies
from gateway.api.quarantine import routes as quarantine
from gateway.api.records import routes as records
from gateway.api.systems import routes as systems

front = APIRouter(dependencies=[public], include_in_schema=False)


@front.get("/")
async def front_door() -> RedirectResponse:
    return RedirectResponse("/docs")


routers: list[APIRouter] = [
    systems.router,
    records.router,
    decisions.router,
    decisions.conflicts,
    deliveries.router,
    quarantine.router,
    mending.router,
    policies.router,
    front,
]
