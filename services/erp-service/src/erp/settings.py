"""The settings of the ERP beside those of every service."""

from contracts.scopes import audience_of
from files import FileSettings


class Settings(FileSettings):
    """The defaults of the port and of the audience of the service's tokens."""

    port: int = 8002
    auth_audience: str = audience_of("erp")
