"""Settings: read once at start from the environment, passed down, never changed."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class Issuer(BaseModel):
    """Whom we trust to sign tokens: where its keys are, and the scopes it may grant (none named: all)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    jwks: str
    scopes: frozenset[str] | None = None


class Settings(BaseSettings):
    """What every service reads. A service adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str = Field(repr=False)
    kafka_bootstrap_servers: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    auth_issuers: dict[str, Issuer] = Field(default_factory=dict)
    auth_audience: str = "concord"
    service_key_file: Path | None = None
    service_issuer: str | None = None
    log_level: str = "info"
    body_limit_bytes: int = Field(default=1024 * 1024, gt=0)

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str) -> str:
        if not url.startswith("postgresql://"):
            raise ValueError("must start with postgresql://")
        return url

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("must be debug, info, warning or error")
        return level.lower()


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load(settings: type[AnySettings]) -> AnySettings:
    """The settings of this process; else end it with one sentence for each variable that is wrong."""
    try:
        return settings()
    except ValidationError as error:
        raise SystemExit("\n".join(_sentence(dict(each)) for each in error.errors())) from None
    except SettingsError as error:
        name = str(error).split('"')[1] if '"' in str(error) else str(error)
        raise SystemExit(f"The environment variable {name.upper()} is not valid JSON.") from None


def _sentence(error: dict[str, object]) -> str:
    path = error["loc"]
    name, *rest = [str(part) for part in path] if isinstance(path, tuple) else [str(path)]
    where = f" (at {'.'.join(rest)})" if rest else ""
    if error["type"] == "missing" and not rest:
        return f"The environment variable {name.upper()} is missing: set it before the start."
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"The environment variable {name.upper()} is wrong{where}: {reason}."
