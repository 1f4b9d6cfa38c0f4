"""The command line of the broker's users: `python -m stack broker list | add | remove | apply`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from stack.broker.access import MECHANISM, Access
from stack.errors import CannotStart
from stack.folder import data_folder
from stack.plan import SERVICES

app = typer.Typer(no_args_is_help=True, help="List, add and remove the users of the secured broker in DATA_DIR.")
UserName = Annotated[str, typer.Argument(help="The name of the user; its consumer groups begin with `NAME.`.")]
Tenants = Annotated[list[str] | None, typer.Option("--tenant", help="A tenant whose outbound topics it reads.")]
Joins = Annotated[bool, typer.Option("--system", help="It is a system that writes the topics `NAME.*`.")]


def chosen() -> Access:
    """The users in DATA_DIR, or in BROKER_ACCESS. Raises CannotStart where there are none."""
    named = os.environ.get("BROKER_ACCESS")
    access = Access(Path(named) if named else data_folder() / "broker")
    if not access.users.file.exists():
        raise CannotStart(f"There are no users in {access.folder}: they are created by `make run KAFKA_SECURE=1`.")
    return access


@app.command("list")
def list_users() -> None:
    """Print each user, and what it is for."""
    for name, user in chosen().users.all().items():
        what = ["a service"] if name in SERVICES else []
        what += [f"writes {name}.*"] if user.system else []
        what += [f"reads {tenant}.*" for tenant in user.tenants]
        typer.echo(f"{name}  {', '.join(what)}")


@app.command()
def add(name: UserName, tenant: Tenants = None, system: Joins = False) -> None:
    """Add a user, or replace what it is for; print how it connects. The services may then write these topics too."""
    access = chosen()
    servers = access.address
    user = access.users.add(name, tenant or (), system=system)
    access.apply(servers)
    typer.echo(f"sasl.username={name}\nsasl.password={user.password}")
    typer.echo(f"security.protocol=SASL_SSL\nsasl.mechanism={MECHANISM}")
    typer.echo(f"ssl.ca.location={access.certificates.authority}")


@app.command()
def remove(name: UserName) -> None:
    """Remove a user: its password and its permissions. The requests of its open connections are refused too."""
    access = chosen()
    access.users.check_known(name)
    access.apply(access.address, removed=[name])
    access.users.remove(name)


@app.command()
def apply() -> None:
    """Set all users and permissions on the broker, for example after its log was lost."""
    access = chosen()
    access.apply(access.address)
