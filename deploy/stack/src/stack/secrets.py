"""Passwords and keys of the containers, created once and kept in a folder that git ignores."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stack.broker.access import Access, one_line
from stack.keys import gateway_issuer, local_issuer, new_sealing_key, write_private
from stack.plan import SERVICES

PASSWORD_BYTES = 32
BROKER_HOSTS = ("kafka", "localhost")
AUTHORITY_IN_CONTAINERS = "/broker/authority.pem"
HEAD = "# Written by `python -m stack secrets`. compose.yaml passes each container only its own values.\n"


def create_secrets(folder: Path) -> list[Path]:
    """Create missing files in the folder, readable by its owner only, and return the created files.

    A value that exists is not changed: the databases use the passwords, and valid tokens need the key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuers = (local_issuer(folder), gateway_issuer(folder))
    passwords = folder / "passwords.env"
    missing = [file for file in (passwords, *(each.private_file for each in issuers)) if not file.exists()]
    if passwords in missing:
        write_private(passwords, HEAD + "".join(f"{name}={value}\n" for name, value in variables().items()))
    elif lacking := sealing_keys().keys() - variables_in(passwords):  # From before secrets were sealed.
        added = "".join(f"{name}={new_sealing_key()}\n" for name in sorted(lacking))
        write_private(passwords, f"{passwords.read_text().rstrip()}\n{added}")
        missing.append(passwords)
    for each in issuers:
        each.ensure()
    return missing + create_broker_secrets(folder / "broker")


def create_broker_secrets(folder: Path) -> list[Path]:
    """Create the certificates and users of the broker, and the files of variables that containers read; return the
    files that are new or have changed.

    A password is never replaced. A certificate that expires soon is: then the broker must be restarted.
    """
    access = Access(folder, BROKER_HOSTS)
    access.ensure()
    key, certificate = one_line(access.certificates.broker.read_text())
    _, authority = one_line(access.certificates.authority.read_text())
    wanted = {
        "broker": {
            "KAFKA_SSL_KEYSTORE_KEY": key,
            "KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN": certificate,
            "KAFKA_SSL_TRUSTSTORE_CERTIFICATES": authority,
        },
        **{service: {**access.environment(service), "KAFKA_CA_FILE": AUTHORITY_IN_CONTAINERS} for service in SERVICES},
    }
    return [file for name, found in wanted.items() if (file := _write_variables(folder / f"{name}.env", found))]


def _write_variables(file: Path, variables: Mapping[str, str]) -> Path | None:
    content = HEAD + "".join(f"{name}={value}\n" for name, value in variables.items())
    if file.exists() and file.read_text() == content:
        return None
    write_private(file, content)
    return file


def variables() -> Mapping[str, str]:
    """The variables that compose.yaml requires: new passwords in the addresses of the databases, the keys that
    seal secrets, and the owner of the files."""
    administrator = secrets.token_urlsafe(PASSWORD_BYTES)
    addresses = {
        f"DATABASE_URL_{service.upper()}": (
            f"postgresql://{service}:{secrets.token_urlsafe(PASSWORD_BYTES)}@postgres/{service}"
        )
        for service in SERVICES
    }
    return {
        "POSTGRES_PASSWORD": administrator,
        "ADMIN_DATABASE_URL": f"postgresql://postgres:{administrator}@postgres/postgres",
        **addresses,
        **sealing_keys(),
        "SECRETS_OWNER": f"{os.getuid()}:{os.getgid()}",
    }


def sealing_keys() -> Mapping[str, str]:
    """A new key for the secrets in the database of each service."""
    return {f"SEALING_KEYS_{service.upper()}": new_sealing_key() for service in SERVICES}


def variables_in(file: Path) -> set[str]:
    """The names of the variables in a file."""
    return {line.partition("=")[0] for line in file.read_text().splitlines()}
