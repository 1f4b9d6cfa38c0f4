"""The contents of a stack: the processes of each service, their addresses and environments. Pure."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stack.keys import AUDIENCES, Issuer
from stack.ports import HOST

SERVICES = ("crm", "erp", "gateway")
SYSTEMS = ("crm", "erp")

LOCAL_PAGES = "http://localhost:*,http://127.0.0.1:*"
"""The origins of web pages that are developed on this machine, on any port."""

Program = Callable[[str, str], list[str]]


def python_program(service: str, verb: str) -> list[str]:
    """The command of one verb of a service."""
    return [sys.executable, "-m", service, verb]


@dataclass(frozen=True)
class Process:
    """One process, for example `crm-api` or `crm-worker`."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    ready_path: str = "/readyz/database"
    """`/readyz` also checks the other processes of a service."""

    @property
    def ready_url(self) -> str:
        """Answers 200 when the process serves requests."""
        return f"http://{HOST}:{self.port}{self.ready_path}"


@dataclass(frozen=True)
class Plan:
    """The configuration of all processes, by service: ports, databases, keys, broker."""

    api_ports: Mapping[str, int]
    worker_ports: Mapping[str, int]
    databases: Mapping[str, str]
    bootstrap_servers: str
    issuers: tuple[Issuer, ...]
    gateway: Issuer
    program: Program = python_program
    systems: Mapping[str, Any] | None = None
    """The spokes that the gateway connects to; None: the addresses of the CRM and the ERP of this plan."""
    cors_origins: str = LOCAL_PAGES
    most_partitions: int | None = None
    files_url: str | None = None
    sealing_keys: str | None = None
    """The keys that seal secrets in the databases, separated by commas."""
    has_mail: bool = False
    """Whether there is a mail server on this machine, which the CRM may use."""
    broker_logins: Mapping[str, Mapping[str, str]] | None = None
    """The variables with which each service logs in at the broker; None: at a broker without users."""
    sign_in_port: int | None = None
    """The port of the local issuer of sign-in; None: people sign in elsewhere, or not at all."""

    @property
    def sign_in_url(self) -> str | None:
        """The address and name of the local issuer of sign-in."""
        return None if self.sign_in_port is None else f"http://{HOST}:{self.sign_in_port}"

    def url(self, service: str) -> str:
        """The address of the REST interface of a service."""
        return f"http://{HOST}:{self.api_ports[service]}"

    def processes(self) -> list[Process]:
        """All processes, in the order in which they are started."""
        of_services = [process for service in SERVICES for process in (self._api(service), self._worker(service))]
        return of_services if self.sign_in_port is None else [*of_services, self._sign_in(self.sign_in_port)]

    def migration(self, service: str) -> tuple[list[str], dict[str, str]]:
        """The command that migrates a service's database, and its environment."""
        return self.program(service, "migrate"), {"DATABASE_URL": self.databases[service]}

    def environment(self, service: str) -> dict[str, str]:
        """The environment variables of every process of a service."""
        trusted = {issuer.name: issuer.trust for issuer in self.issuers}
        if self.sign_in_url is not None:
            trusted[self.sign_in_url] = {"scopes": None, "tenants": None}
        environment = {
            "DATABASE_URL": self.databases[service],
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "HOST": HOST,
            "CORS_ORIGINS": self.cors_origins,
            "AUTH_AUDIENCE": AUDIENCES[service],
            "AUTH_ISSUERS": json.dumps(trusted),
        }
        if self.sign_in_url is not None:
            environment["SIGN_IN_ISSUER"] = self.sign_in_url
        if self.sealing_keys is not None:
            environment["SEALING_KEYS"] = self.sealing_keys
        if self.most_partitions is not None:
            environment["KAFKA_MOST_PARTITIONS"] = str(self.most_partitions)
        if self.broker_logins is not None:
            environment |= self.broker_logins[service]
        if self.files_url is not None and service in SYSTEMS:
            environment["FILES_URL"] = self.files_url
        if self.has_mail and service == "crm":
            environment |= {"MAIL_PRIVATE_NETWORKS": "true", "MAIL_FETCH_SECONDS": "2"}
        if service == "gateway":
            environment["SERVICE_KEY_FILE"] = str(self.gateway.private_file)
            environment["SERVICE_ISSUER"] = self.gateway.name
            environment["SYSTEMS"] = json.dumps(self.systems or {system: self.url(system) for system in SYSTEMS})
        return environment

    def _sign_in(self, port: int) -> Process:
        folder = self.issuers[0].folder.parent
        environment = {"HOST": HOST, "PORT": str(port), "DATA_DIR": str(folder)}
        command = self.program("stack.sign_in", "serve")
        return Process("sign-in", tuple(command), environment, port, "/.well-known/openid-configuration")

    def _api(self, service: str) -> Process:
        port = self.api_ports[service]
        environment = {**self.environment(service), "PORT": str(port)}
        return Process(f"{service}-api", tuple(self.program(service, "api")), environment, port)

    def _worker(self, service: str) -> Process:
        port = self.worker_ports[service]
        environment = {**self.environment(service), "METRICS_PORT": str(port)}
        return Process(f"{service}-worker", tuple(self.program(service, "worker")), environment, port)
