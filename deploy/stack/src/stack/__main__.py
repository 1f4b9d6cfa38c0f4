"""The command line: `python -m stack run | token | keys | broker | secrets | provision | check-migrations`.

Modules that need the embedded servers are imported inside the commands, because the image of the services does not
contain these servers.
"""

import os
from pathlib import Path

import typer

from stack.broker.verbs import app as broker
from stack.errors import CannotStart
from stack.folder import data_folder
from stack.key_verbs import app as keys
from stack.keys import AUDIENCES, FIRST_TENANT, ROLES, SCOPES, audiences_of, local_issuer
from stack.provision import provision_for
from stack.secrets import create_secrets

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
app.add_typer(keys, name="keys")
app.add_typer(broker, name="broker")


@app.command()
def run() -> None:
    """Start all services and servers, and run in the foreground until Ctrl-C."""
    from stack.run import run as run_stack  # noqa: PLC0415 - see the top of this file.

    run_stack()


@app.command()
def token() -> None:
    """Print a token for the services; SCOPES, ROLES, SUBJECT, TENANT and AUDIENCE set its claims."""
    issuer = local_issuer(data_folder())
    issuer.ensure()
    scopes = os.environ.get("SCOPES") or " ".join(SCOPES)
    subject = os.environ.get("SUBJECT") or "local-user"
    roles = os.environ.get("ROLES") or " ".join(ROLES)
    tenant = os.environ.get("TENANT") or FIRST_TENANT
    services = (os.environ.get("AUDIENCE") or " ".join(AUDIENCES)).split()
    typer.echo(issuer.token(scopes.split(), subject, tenant, roles.split(), audiences_of(services)))


@app.command("secrets")
def make_secrets(folder: Path) -> None:
    """Create missing passwords and keys of the containers in a folder."""
    made = create_secrets(folder.resolve())
    for file in made:
        typer.echo(f"{file} is new.", err=True)
    if not made:
        typer.echo(f"{folder} is complete: nothing was changed.", err=True)


@app.command()
def provision() -> None:
    """Create the login, roles and database that DATABASE_URL names, as ADMIN_DATABASE_URL's user."""
    try:
        provision_for(os.environ["ADMIN_DATABASE_URL"], os.environ["DATABASE_URL"])
    except KeyError as missing:
        raise CannotStart(f"The environment variable {missing.args[0]} is missing.") from None


@app.command()
def check_migrations() -> None:
    """Fail when the models of a service differ from its migrations."""
    from stack.migrations import check_migrations as check  # noqa: PLC0415 - see the top of this file.

    check()


def main() -> None:
    """Run the command; on an error, exit with one sentence."""
    try:
        app()
    except CannotStart as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
