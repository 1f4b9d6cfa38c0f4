"""What only the gateway must be told."""

from chassis.settings import Settings


class GatewaySettings(Settings):
    """`systems` names every spoke and its address: `{"crm": "http://127.0.0.1:8001"}`. Its worker needs at least one."""

    port: int = 8003
    systems: dict[str, str] = {}
