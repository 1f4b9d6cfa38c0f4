"""Settings: read once at start from the environment, passed down, never changed."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import unquote
from uuid import UUID
from zoneinfo import ZoneInfo

import browsers
import local_stack
import sealing
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from chassis import connection
from chassis.broker_security import BrokerSecurity, Mechanism, Protocol

SASL = ("SASL_PLAINTEXT", "SASL_SSL")
TLS = ("SSL", "SASL_SSL")
IDLE_SECONDS = 300
"""An export holds its transaction while a slow client reads."""

DISCOVERABLE = re.compile(r"https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d{1,5})?(/[^\s?#]*)?")
"""The name of an issuer whose discovery document can be read: by TLS, or on this machine."""

SealingKey = Annotated[str, AfterValidator(sealing.checked_key)]
Origin = Annotated[str, AfterValidator(browsers.checked_origin)]


class Issuer(BaseModel):
    """A trusted issuer of tokens: its keys, the scopes it may grant and the tenants of its tokens.

    If `scopes` or `tenants` is None, it is not limited. Without `jwks` its name is its address, where its discovery
    document names its keys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    jwks: str | None = None
    scopes: frozenset[str] | None = None
    tenants: frozenset[UUID] | None = None


class Settings(BaseSettings):
    """The settings of every service. A service adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(connection.check)] = Field(repr=False, pattern="^postgresql://")
    kafka_bootstrap_servers: str | None = None
    kafka_replicas: int = Field(default=1, ge=1)
    kafka_most_partitions: int | None = Field(default=None, ge=1)
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism | None = Field(default=None, validate_default=True)
    kafka_username: str | None = Field(default=None, validate_default=True)
    kafka_password: str | None = Field(default=None, validate_default=True, repr=False)
    kafka_ca_file: FilePath | None = None
    kafka_certificate_file: FilePath | None = None
    kafka_key_file: FilePath | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    auth_issuers: dict[str, Issuer] = Field(default_factory=dict)
    auth_audience: str = "concord"
    auth_leeway_seconds: int = Field(default=30, ge=0, le=300)
    sign_in_issuer: str | None = None
    sign_in_client: str = "concord"
    service_key_file: Path | None = None
    service_issuer: str | None = None
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otel_exporter_otlp_endpoint: str | None = Field(default=None, pattern="^https?://[^\\s?#@]+$")
    otel_exporter_otlp_headers: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict, repr=False)
    otel_traces_sampler_arg: float = Field(default=0.1, ge=0, le=1)
    body_limit_bytes: int = Field(default=1024 * 1024, gt=0)
    delivery_limit_bytes: int = Field(default=8 * 1024 * 1024, gt=0)
    body_seconds: float = Field(default=30.0, gt=0, le=3600)
    upload_seconds: float = Field(default=300.0, gt=0, le=3600)
    statement_seconds: int = Field(default=30, ge=1, le=3600)
    lock_seconds: int = Field(default=10, ge=1, le=3600)
    client_requests_per_minute: int | None = Field(default=None, ge=1)
    tenant_requests_per_minute: int | None = Field(default=None, ge=1)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("*",)
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1",)
    upload_limit_bytes: int = Field(default=32 * 1024 * 1024, gt=0, le=1024 * 1024 * 1024)
    company_time_zone: str = "UTC"
    webhooks_private_networks: bool = False
    sealing_keys: Annotated[tuple[SealingKey, ...], NoDecode] = Field(default=(), repr=False)
    retention_days: int = Field(default=30, ge=1, le=36_500)
    audited_list_items: int = Field(default=1000, ge=1)
    exports_per_day: dict[str, Annotated[int, Field(ge=0)]] = {"everyone": 20, "admin": 100}

    @field_validator("cors_origins", "allowed_hosts", "trusted_proxies", "sealing_keys", mode="before")
    @classmethod
    def _between_commas(cls, value: object) -> object:
        return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value

    @field_validator("otel_exporter_otlp_headers", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        pairs = value.split(",") if isinstance(value, str) else None
        return (
            value if pairs is None else {k.strip(): unquote(v.strip()) for k, _, v in (p.partition("=") for p in pairs)}
        )

    @field_validator("auth_issuers")
    @classmethod
    def _has_keys(cls, issuers: dict[str, Issuer]) -> dict[str, Issuer]:
        for name, issuer in issuers.items():
            if issuer.jwks is None and not DISCOVERABLE.fullmatch(name):
                raise ValueError(
                    f"{name!r} has no `jwks`, and its name is not an address like https://login.example.com"
                )
        return issuers

    @field_validator("sign_in_issuer")
    @classmethod
    def _is_trusted(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and (name not in info.data.get("auth_issuers", {}) or not DISCOVERABLE.fullmatch(name)):
            raise ValueError("it is not the address of an issuer in AUTH_ISSUERS")
        return name

    @field_validator("company_time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        zone_of(name)
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return zone_of(self.company_time_zone)

    @field_validator("kafka_sasl_mechanism", "kafka_username", "kafka_password")
    @classmethod
    def _only_and_always_with_sasl(cls, value: str | None, info: ValidationInfo) -> str | None:
        protocol = info.data.get("kafka_security_protocol")
        if protocol in SASL and value is None:
            raise ValueError(f"KAFKA_SECURITY_PROTOCOL={protocol} needs it")
        if protocol not in (None, *SASL) and value is not None:
            raise ValueError(f"KAFKA_SECURITY_PROTOCOL={protocol} does not use it; one of {', '.join(SASL)} does")
        return value

    @field_validator("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
    @classmethod
    def _only_with_tls(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        protocol = info.data.get("kafka_security_protocol")
        if protocol not in (None, *TLS) and value is not None:
            raise ValueError(f"KAFKA_SECURITY_PROTOCOL={protocol} does not use it; one of {', '.join(TLS)} does")
        if info.field_name == "kafka_key_file" and value is not None and not info.data.get("kafka_certificate_file"):
            raise ValueError("it belongs to a certificate: set KAFKA_CERTIFICATE_FILE too")
        return value

    @property
    def timeouts(self) -> dict[str, str]:
        """The timeouts of the API's connections in PostgreSQL: for a statement, for a lock, and for an idle
        transaction."""
        return {
            "statement_timeout": f"{self.statement_seconds}s",
            "lock_timeout": f"{self.lock_seconds}s",
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        }

    @property
    def broker_security(self) -> BrokerSecurity:
        """How every client of Kafka connects."""
        return BrokerSecurity(
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            self.kafka_password,
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_key_file,
        )


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises `ValueError` for any other text."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise ValueError(f"{name!r} is not the IANA name of a time zone, like Europe/Berlin") from None


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load(settings: type[AnySettings], service: str) -> AnySettings:
    """The settings of this process; on an error it exits with one sentence for each invalid variable.

    If the environment names no database, the settings are those of the stack that runs here; the environment takes
    precedence.
    """
    if not os.environ.get("DATABASE_URL"):
        told = local_stack.environment_of(service)
        os.environ.update({name: value for name, value in told.items() if not os.environ.get(name)})
    try:
        return settings()
    except ValidationError as error:
        raise SystemExit(
            "\n".join(_sentence(each["loc"], each["type"], each["msg"]) for each in error.errors())
        ) from None
    except SettingsError as error:
        raise SystemExit(f"A variable of the environment is not valid JSON: {error}.") from None


def _sentence(path: tuple[int | str, ...], kind: str, reason: str) -> str:
    name = str(path[0]).upper()
    if name == "DATABASE_URL" and kind == "missing":
        return local_stack.missing()
    if kind == "missing" and len(path) == 1:
        return f"The environment variable {name} is missing: set it before the start."
    where = f" (at {'.'.join(str(part) for part in path[1:])})" if len(path) > 1 else ""
    return f"The environment variable {name} is wrong{where}: {reason.removeprefix('Value error, ')}."
