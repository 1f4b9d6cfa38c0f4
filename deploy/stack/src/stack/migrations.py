"""`alembic check` for every service, on an empty PostgreSQL of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

from stack.errors import CannotStart
from stack.plan import SERVICES, python_program
from stack.postgres import Postgres
from stack.provision import provision


def check_migrations() -> None:
    """Migrate an empty database of each service, and compare what it then holds with the models.

    Raises CannotStart, after the service has said what differs.
    """
    with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder), fast=True) as server:
        for service in SERVICES:
            environment = {**os.environ, "DATABASE_URL": provision(server.url, service)}
            migrate = python_program(service, "migrate")
            for command in (migrate, [*migrate, "--check"]):
                done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own verbs.
                if done.returncode != 0:
                    raise CannotStart(f"`python {' '.join(command[1:])}` failed.")
