"""What the ERP reads from the environment beside what every service reads."""

from chassis.settings import Settings as Common
from contracts.scopes import audience_of


class Settings(Common):
    """The port of `make run` and the audience of the service's tokens, unless others are set."""

    port: int = 8002
    auth_audience: str = audience_of("erp")
