"""The settings of the gateway beside those of every service."""

from typing import Annotated, Any

from chassis.settings import Settings
from contracts.kinds import Access
from contracts.scopes import audience_of
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from gateway.kinds import KINDS
from gateway.kinds.holders import Holdings, declared, missing


class System(BaseModel):
    """A spoke: the address of its port, the audience of tokens for it, and the kinds that it holds."""

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
    """Complete the short form of a system, its address alone, with the default audience."""
    if not isinstance(systems, dict):
        return systems
    full = {name: {"address": each} if isinstance(each, str) else each for name, each in systems.items()}
    return {
        name: {"audience": audience_of(name), **each} if isinstance(each, dict) else each for name, each in full.items()
    }


class GatewaySettings(Settings):
    """`systems` lists every spoke; the worker needs them.

    A system is its address, `{"crm": "http://127.0.0.1:8001"}`, with the audience `concord-<system>`, or an object
    `{"address": "https://shop.test", "audience": "shop-api", "kinds": {"product": "reads", "customer": "writes"}}`.
    Without `kinds` a system holds the kinds in the tables of `contracts.kinds`; a system that they do not name writes
    all.
    """

    port: int = 8003
    auth_audience: str = audience_of("gateway")
    systems: Annotated[dict[str, System], BeforeValidator(_in_full)] = Field(default_factory=dict)

    @property
    def holdings(self) -> Holdings:
        """The kinds that each system holds."""
        return {name: declared(name) if system.kinds is None else system.kinds for name, system in self.systems.items()}
