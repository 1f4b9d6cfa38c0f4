"""`python -m stack run | token | check-migrations`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import typer

from stack.errors import CannotStart
from stack.keys import FIRST_TENANT, SCOPES, local_issuer
from stack.plan import SERVICES, python_program
from stack.postgres import Postgres
from stack.provision import provision
from stack.run import data_folder
from stack.run import run as run_stack

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


def give_up(problem: CannotStart) -> NoReturn:
    """Say why, and end with an error."""
    typer.echo(str(problem), err=True)
    raise SystemExit(1) from None


@app.command()
def run() -> None:
    """Start everything and stay in the foreground until Ctrl-C."""
    try:
        run_stack()
    except CannotStart as problem:
        give_up(problem)


@app.command()
def token() -> None:
    """Print a token for the running services; SCOPES, SUBJECT and TENANT choose what it says."""
    issuer = local_issuer(data_folder())
    issuer.ensure()
    scopes = os.environ.get("SCOPES") or " ".join(SCOPES)
    subject = os.environ.get("SUBJECT") or "local-user"
    typer.echo(issuer.token(scopes.split(), subject, os.environ.get("TENANT") or FIRST_TENANT))


@app.command(name="provision")
def provision_database(admin_url: str, name: str) -> None:
    """Create the roles and the database of a service; PASSWORD is the login's. Prints its address."""
    typer.echo(provision(admin_url, name, os.environ.get("PASSWORD") or None))


@app.command()
def check_migrations() -> None:
    """Migrate three empty databases, and fail where the models say more than the migrations."""
    with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder), fast=True) as server:
        for service in SERVICES:
            environment = {**os.environ, "DATABASE_URL": provision(server.url, service)}
            command = python_program(service, "migrate")
            for line in (command, [*command, "--check"]):
                done = subprocess.run(line, env=environment, check=False)  # noqa: S603 - our own verbs.
                if done.returncode != 0:
                    raise SystemExit(f"{' '.join(line[1:])} failed")
            typer.echo(f"{service}: the migrations say what the models say", file=sys.stderr)


if __name__ == "__main__":
    app()
