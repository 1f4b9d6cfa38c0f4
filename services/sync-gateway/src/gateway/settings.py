"""What only the gateway must be told."""

from typing import Annotated, Any

from chassis.settings import Settings
from contracts.scopes import audience_of
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class System(BaseModel):
    """A spoke: where its port answers, and the audience that tokens for it must name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    address: str
    audience: str


def _in_full(systems: Any) -> Any:
    """Complete the short form of a system, its address alone, and the audience that follows from its name."""
    if not isinstance(systems, dict):
        return systems
    full = {name: {"address": each} if isinstance(each, str) else each for name, each in systems.items()}
    return {
        name: {"audience": audience_of(name), **each} if isinstance(each, dict) else each for name, each in full.items()
    }


class GatewaySettings(Settings):
    """`systems` names every spoke; the worker needs them.

    A system is its address, `{"crm": "http://127.0.0.1:8001"}`, where its tokens name `concord-<system>`, or an object
    `{"address": "https://shop.test", "audience": "shop-api"}`.
    """

    port: int = 8003
    auth_audience: str = audience_of("gateway")
    systems: Annotated[dict[str, System], BeforeValidator(_in_full)] = Field(default_factory=dict)
