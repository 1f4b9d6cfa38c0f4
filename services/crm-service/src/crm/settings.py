"""The settings of the CRM beside those of every service."""

from chassis.settings import Settings as Common
from contracts.scopes import audience_of


class Settings(Common):
    """The defaults of the port and of the audience of the service's tokens."""

    port: int = 8001
    auth_audience: str = audience_of("crm")
