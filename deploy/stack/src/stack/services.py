"""The whole product on this machine, for `make run` and for end-to-end tests."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from stack.broker.access import Access
from stack.broker.secured import SecuredKafka
from stack.errors import CannotStart
from stack.folder import claim
from stack.jars import class_path
from stack.java import java
from stack.kafka import Kafka
from stack.keys import FIRST_TENANT, SCOPES, gateway_issuer, local_issuer, sealing_key
from stack.mail import LOCK as MAIL_LOCK
from stack.mail import USERS, MailServer
from stack.part import Part, ServicePart
from stack.plan import LOCAL_PAGES, SERVICES, Plan, Program, python_program
from stack.ports import free_port, is_free
from stack.postgres import Postgres
from stack.process import Child, StoppedAtExit
from stack.provision import provision
from stack.published import publish, withdraw

PARTITIONS = 2
"""One machine has no use for more, and the broker is back sooner after a crash."""

MIGRATE_SECONDS = 120.0
SERVICE_PATIENCE_SECONDS = 5.5
SERVER_PATIENCE_SECONDS = 3.5


class Stack(StoppedAtExit):
    """The servers and services that `make run` starts, in one folder; each part can be stopped or killed alone.

    Parts are called `postgres`, `kafka`, `crm-api`, `crm-worker`, `erp-api`, `erp-worker`, `gateway-api`,
    `gateway-worker`, and `sign-in` if there is a port for it. Without ports, free ones are selected; the broker's stays
    the same in a folder. A given database or broker is used instead of an embedded one; `systems` replaces our CRM and
    ERP as the spokes of the gateway. `most_partitions` bounds the partitions of topics on our own broker; if `secured`,
    that broker has TLS, users and permissions. `with_mail` adds the part `mail`, a server for two mailboxes. `fast` is
    for tests: see Postgres.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fast: bool = False,
        ports: Mapping[str, int] | None = None,
        databases: Mapping[str, str] | None = None,
        bootstrap_servers: str | None = None,
        systems: Mapping[str, Any] | None = None,
        cors_origins: str = LOCAL_PAGES,
        most_partitions: int = PARTITIONS,
        secured: bool = False,
        with_mail: bool = False,
        program: Program = python_program,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.fixed_ports = dict(ports or {})
        self.databases = dict(databases or {})
        self.systems = systems
        self.cors_origins = cors_origins
        self.most_partitions = most_partitions
        self.program = program
        self.say = say
        self.issuer = local_issuer(self.folder)
        self.gateway_issuer = gateway_issuer(self.folder)
        self.postgres: Postgres | None = None
        if any(service not in self.databases for service in SERVICES):
            self.postgres = Postgres(self.folder / "postgres", fast=fast, log=self.logs / "postgres.log")
        self.access = Access(self.folder / "broker") if secured else None
        self.kafka: Kafka | None = None
        if bootstrap_servers is None:
            self.kafka = self._broker(self.fixed_ports.get("kafka"))
        else:
            self.fixed_ports.pop("kafka", None)
        self.mail: MailServer | None = None
        if with_mail:
            mail_ports = {f"{name}_port": self.fixed_ports.get(name) for name in ("smtp", "imap")}
            self.mail = MailServer(self.folder / "mail", USERS, self.logs / "mail.log", **mail_ports)
        self._bootstrap_servers = bootstrap_servers
        self._services: dict[str, ServicePart] = {}
        self._plan: Plan | None = None
        self._claim: IO[str] | None = None

    @property
    def parts(self) -> dict[str, Part]:
        """All parts by name: the embedded servers, then the processes of the services."""
        servers: dict[str, Part | None] = {"postgres": self.postgres, "kafka": self.kafka, "mail": self.mail}
        return {name: each for name, each in {**servers, **self._services}.items() if each is not None}

    @property
    def plan(self) -> Plan:
        """Ports, addresses and environments. Raises CannotStart before the first start."""
        if self._plan is None:
            raise CannotStart("The stack has not been started.")
        return self._plan

    @property
    def urls(self) -> dict[str, str]:
        """The address of the REST interface of each service: `crm`, `erp`, `gateway`."""
        return {service: self.plan.url(service) for service in SERVICES}

    @property
    def bootstrap(self) -> str:
        """The broker's bootstrap servers."""
        return self.plan.bootstrap_servers

    @property
    def admin_url(self) -> str:
        """The superuser's address of the embedded PostgreSQL. Raises CannotStart when the databases are external."""
        if self.postgres is None:
            raise CannotStart("The databases are external: there is no administrator's address.")
        return self.postgres.url

    def token(self, scopes: Iterable[str] = SCOPES, subject: str = "local-user", tenant: str = FIRST_TENANT) -> str:
        """A token that all services accept."""
        return self.issuer.token(scopes, subject, tenant)

    def prepare(self) -> None:
        """Lock the folder, check the ports and programs, and fetch missing files; start nothing yet.

        `start` calls it if it was not called. Raises CannotStart with one sentence.
        """
        if self._claim is not None:
            return
        self._claim = claim(self.folder)
        try:
            self._check_ports()
            if self.kafka is not None:
                java()
                class_path()
            if self.mail is not None:
                java()
                class_path(lock=MAIL_LOCK)
        except BaseException:
            self._release()
            raise

    def start(self, name: str | None = None) -> None:
        """Start one part, or everything, and wait until it is ready.

        Raises CannotStart with one sentence; then no part is left running.
        """
        if name is not None:
            self._part(name).start()
            return
        self.prepare()
        try:
            self._start_everything()
        except BaseException:
            self.stop()
            raise

    def stop(self, name: str | None = None) -> None:
        """Stop one part, or everything: the services first, then the servers that they use."""
        if name is not None:
            self._part(name).stop()
            return
        servers: list[Part] = [part for part in (self.postgres, self.kafka, self.mail) if part is not None]
        _stop_together(list(self._services.values()), SERVICE_PATIENCE_SECONDS)
        _stop_together(servers, SERVER_PATIENCE_SECONDS)
        self._release()

    def needs(self, name: str) -> list[str]:
        """The parts that must run before this one can become ready. Workers wait for the broker themselves."""
        with_database = name in self._services and name != "sign-in"
        return ["postgres"] if with_database and "postgres" in self.parts else []

    def kill(self, name: str) -> None:
        """Kill one part, as a crash would."""
        self._part(name).kill()

    def _broker(self, port: int | None) -> Kafka:
        folder, log = self.folder / "kafka", self.logs / "kafka.log"
        return Kafka(folder, port, log) if self.access is None else SecuredKafka(folder, self.access, port, log)

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            raise CannotStart(f"There is no {name} here; there are {', '.join(self.parts)}.")
        return self.parts[name]

    def _check_ports(self) -> None:
        for service, port in self.fixed_ports.items():
            if not is_free(port):
                raise CannotStart(
                    f"Port {port} is taken: stop the program that listens on it, or set {service.upper()}_PORT to "
                    "another port."
                )

    def _release(self) -> None:
        if self._claim is not None:
            withdraw(self.folder)
            self._claim.close()
            self._claim = None

    def _start_everything(self) -> None:
        if self.kafka is not None:
            self.say("Starting Kafka")
            self.kafka.begin()
        self._start_databases()
        if self.mail is not None:
            self.say("Starting the mail server")
            self.mail.start()
        if self.kafka is not None:
            self._bootstrap_servers = self.kafka.finish()
        self._plan = self._make_plan()
        self.say("Migrating the databases")
        self._migrate()
        self.say("Starting the services")
        for process in self._plan.processes():
            log = self.logs / f"{process.name}.log"
            self._services[process.name] = ServicePart(process, os.environ, log)
        for part in self._services.values():
            part.begin()
        for name, part in self._services.items():
            self.say(f"Waiting for {name}")
            part.finish()
        publish(self.folder, {service: self._plan.environment(service) for service in SERVICES})

    def _start_databases(self) -> None:
        if self.postgres is None:
            return
        self.say("Starting PostgreSQL")
        admin = self.postgres.start()
        for service in SERVICES:
            if service not in self.databases:
                self.databases[service] = provision(admin, service)

    def _make_plan(self) -> Plan:
        for issuer in (self.issuer, self.gateway_issuer):
            issuer.ensure()
        if self._bootstrap_servers is None:
            raise CannotStart("There is no broker.")
        return Plan(
            api_ports={service: self.fixed_ports.get(service) or free_port() for service in SERVICES},
            worker_ports={service: free_port() for service in SERVICES},
            databases=self.databases,
            bootstrap_servers=self._bootstrap_servers,
            issuers=(self.issuer, self.gateway_issuer),
            gateway=self.gateway_issuer,
            program=self.program,
            systems=self.systems,
            cors_origins=self.cors_origins,
            most_partitions=self.most_partitions if self.kafka else None,
            has_mail=self.mail is not None,
            broker_logins=_logins(self.access),
            sealing_keys=os.environ.get("SEALING_KEYS") or sealing_key(self.folder / "keys"),
            files_url=os.environ.get("FILES_URL") or (self.folder / "files").as_uri(),
            sign_in_port=self.fixed_ports.get("sign_in"),
        )

    def _migrate(self) -> None:
        running: list[Child] = []
        for service in SERVICES:
            command, environment = self.plan.migration(service)
            log = self.logs / f"{service}-migrate.log"
            child = Child(f"{service} migrate", command, log, environment={**os.environ, **environment})
            child.start()
            running.append(child)
        for child in running:
            if not child.wait(MIGRATE_SECONDS) or child.exit_code != 0:
                child.kill()
                raise CannotStart(f"{child.name} failed; see {child.log}:\n{child.last_words()}")


def _logins(access: Access | None) -> Mapping[str, Mapping[str, str]] | None:
    return None if access is None else {service: access.environment(service) for service in SERVICES}


def _stop_together(parts: list[Part], patience_seconds: float) -> None:
    if parts:
        with ThreadPoolExecutor(max_workers=len(parts)) as pool:
            list(pool.map(lambda part: part.stop(patience_seconds), parts))
