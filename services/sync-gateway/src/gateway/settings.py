"""What only the gateway must be told."""

from typing import Annotated, Any

from chassis.settings import Settings
from contracts.kinds import Access
from contracts.scopes import audience_of
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from gateway.kinds import KINDS
from gateway.kinds.holders import Holdings, declared, missing


class System(BaseModel):
    """A spoke: where its port answers, the audience that tokens for it must name, and the kinds that it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    address: str
    audience: str
    kinds: dict[str, Access] | None = None

    @field_validator("kinds")
    @classmethod
    def _known_and_complete(cls, kinds: dict[str, Access] | None) -> dict[str, Access] | None:
        if unknown := sorted((kinds or {}).keys() - KINDS.keys()):
            raise ValueError(f"there is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
        if lacking := missing(kinds or {}):
            raise ValueError("; ".join(lacking))
        return kinds


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
    `{"address": "https://shop.test", "audience": "shop-api", "kinds": {"product": "reads", "customer": "writes"}}`.
    Without `kinds` a system holds what the tables of `contracts.kinds` say; one that they do not name writes all.
    """

    port: int = 8003
    auth_audience: str = audience_of("gateway")
    systems: Annotated[dict[str, System], BeforeValidator(_in_full)] = Field(default_factory=dict)

    @property
    def holdings(self) -> Holdings:
        """What each system holds."""
        return {name: declared(name) if system.kinds is None else system.kinds for name, system in self.systems.items()}
