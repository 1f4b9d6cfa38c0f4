"""`alembic check` for every service, on an empty embedded PostgreSQL."""

import os
import subprocess
import tempfile
from pathlib import Path

from stack.errors import CannotStart
from stack.plan import SERVICES, python_program
from stack.postgres import Postgres
from stack.provision import provision


def check_migrations() -> None:
    """Migrate an empty database of each service, and compare its tables with the models.

    Every service is checked and prints its differences; then CannotStart names the services that failed.
    """
    with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder), fast=True) as server:
        failed = [service for service in SERVICES if not _holds(service, provision(server.url, service))]
    if failed:
        raise CannotStart(f"The migrations differ from the models: {', '.join(failed)}.")


def _holds(service: str, database_url: str) -> bool:
    environment = {**os.environ, "DATABASE_URL": database_url}
    migrate = python_program(service, "migrate")
    return all(
        subprocess.run(command, env=environment, check=False).returncode == 0  # noqa: S603 - our own verbs.
        for command in (migrate, [*migrate, "--check"])
    )
