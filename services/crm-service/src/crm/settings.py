"""The settings of the CRM beside those of every service."""

from contracts.scopes import audience_of
from files import FileSettings
from pydantic import Field


class Settings(FileSettings):
    """The port, the audience of tokens, the limits of mail, and how often forms are sent and calendars are read without
    a token."""

    port: int = 8001
    auth_audience: str = audience_of("crm")
    mail_limit_bytes: int = Field(default=25 * 1024 * 1024, gt=0, le=100 * 1024 * 1024)
    mail_private_networks: bool = False
    mail_fetch_seconds: int = Field(default=60, ge=1, le=3600)
    form_address_per_minute: int = Field(default=20, ge=1)
    form_per_minute: int = Field(default=300, ge=1)
    calendar_address_per_minute: int = Field(default=60, ge=1)
    calendar_per_minute: int = Field(default=20, ge=1)
