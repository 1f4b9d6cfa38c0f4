"""The folder of a secured broker: its certificates, its users, and how parts of ours and its administrator connect."""

import asyncio
import os
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack.broker import admin
from stack.broker.certificates import ADMINISTRATOR, BROKER, Certificates
from stack.broker.users import Users
from stack.errors import CannotStart
from stack.ports import HOST

MECHANISM = "SCRAM-SHA-512"
LOCAL_HOSTS = (HOST, "localhost")
CLIENTS, ADMINISTRATION = "BROKER", "ADMIN"
"""Clients log in by password at the first listener. The second takes certificates only: of the broker itself, and of
its administrator, who creates the passwords."""


class Access:
    """Who may connect to a broker, in one private folder."""

    def __init__(self, folder: Path, hosts: Iterable[str] = LOCAL_HOSTS) -> None:
        self.folder = folder
        self.certificates = Certificates(folder, hosts)
        self.users = Users(folder / "users.json")

    def ensure(self) -> None:
        """Create missing certificates and users."""
        self.certificates.ensure()
        self.users.ensure()

    def properties(self) -> dict[str, str]:
        """The settings of the broker."""
        key, certificate = one_line(self.certificates.broker.read_text())
        _, authority = one_line(self.certificates.authority.read_text())
        return {
            "listener.security.protocol.map": f"{CLIENTS}:SASL_SSL,{ADMINISTRATION}:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": ADMINISTRATION,
            "sasl.enabled.mechanisms": MECHANISM,
            f"listener.name.{CLIENTS.lower()}.{MECHANISM.lower()}.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.key": key,
            "ssl.keystore.certificate.chain": certificate,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": authority,
            f"listener.name.{ADMINISTRATION.lower()}.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:CN={BROKER};User:CN={ADMINISTRATOR}",
        }

    def environment(self, user: str) -> dict[str, str]:
        """The variables with which a service connects."""
        return {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_USERNAME": user,
            "KAFKA_PASSWORD": self.users.all()[user].password,
            "KAFKA_CA_FILE": str(self.certificates.authority),
        }

    def apply(self, servers: str, removed: Collection[str] = ()) -> None:
        """Set all users and permissions on the broker, and those of `removed` users to none. `servers` is its listener
        for administration.

        Raises CannotStart when the broker refuses or does not answer.
        """
        security = admin.administrator(self.certificates.authority, self.certificates.administrator)
        passwords = {name: user.password for name, user in self.users.all(removed).items()}
        declaring = admin.declare(servers, security, passwords, self.users.permissions(removed), removed)
        # The caller may be inside an event loop, as tests are.
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(asyncio.run, declaring).result()

    @property
    def address(self) -> str:
        """The listener for administration: BROKER_ADMIN_SERVERS, or that of the broker of `make run`."""
        if servers := os.environ.get("BROKER_ADMIN_SERVERS"):
            return servers
        try:
            return self._kept.read_text()
        except FileNotFoundError:
            raise CannotStart(
                f"No secured broker has run with {self.folder}: start one by `make run KAFKA_SECURE=1`, "
                "or set BROKER_ADMIN_SERVERS."
            ) from None

    def keep_address(self, servers: str) -> None:
        """Store the listener for administration, for commands."""
        self._kept.write_text(servers)

    @property
    def _kept(self) -> Path:
        return self.folder / "servers"


def one_line(pem: str) -> tuple[str, str]:
    """The private key and the certificates of a PEM file, each without line breaks, as a file of properties needs
    them."""
    key, _, rest = pem.rpartition("-----END PRIVATE KEY-----\n")
    return " ".join(f"{key}-----END PRIVATE KEY-----".split("\n")) if key else "", " ".join(rest.split("\n")).strip()
