"""What only the gateway must be told."""

from chassis.settings import Settings
from pydantic import Field


class GatewaySettings(Settings):
    """`systems` names every spoke and its address: `{"crm": "http://127.0.0.1:8001"}`; its worker needs them."""

    port: int = 8003
    systems: dict[str, str] = Field(default_factory=dict)
