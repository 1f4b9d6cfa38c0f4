"""The passwords and keys of the containers, made once and kept in a folder that git ignores."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from stack.keys import gateway_issuer, local_issuer, write_private
from stack.plan import SERVICES

PASSWORD_BYTES = 32
HEAD = "# Written by `python -m stack secrets`. compose.yaml gives each container only what is its own.\n"


def create_secrets(folder: Path) -> list[Path]:
    """Create what is missing in the folder, for its owner only, and return the files that were made.

    A file that is there stays: the databases know its passwords, and tokens live that its key has signed.
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
    """What compose.yaml asks for: new passwords in the addresses of the databases, and who owns the secrets."""
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
