"""Passwords and keys of the containers, created once and kept in a folder that git ignores."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stack.keys import gateway_issuer, local_issuer, write_private
from stack.plan import SERVICES

PASSWORD_BYTES = 32
HEAD = "# Written by `python -m stack secrets`. compose.yaml passes each container only its own values.\n"


def create_secrets(folder: Path) -> list[Path]:
    """Create missing files in the folder, readable by its owner only, and return the created files.

    An existing file is not changed: the databases use its passwords, and valid tokens need its key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuers = (local_issuer(folder), gateway_issuer(folder))
    passwords = folder / "passwords.env"
    missing = [file for file in (passwords, *(each.private_file for each in issuers)) if not file.exists()]
    if passwords in missing:
        write_private(passwords, HEAD + "".join(f"{name}={value}\n" for name, value in variables().items()))
    for each in issuers:
        each.ensure()
    return missing


def variables() -> Mapping[str, str]:
    """The variables that compose.yaml requires: new passwords in the addresses of the databases, and the owner of the
    secrets."""
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
        "SECRETS_OWNER": f"{os.getuid()}:{os.getgid()}",
    }
