"""The command line of keys: `python -m stack keys list | add | use | retire`."""

from typing import Annotated

import typer

from stack import rotation
from stack.errors import CannotStart
from stack.folder import data_folder
from stack.keys import Issuer, gateway_issuer, local_issuer

app = typer.Typer(no_args_is_help=True, help="List, add, use and retire the signing keys in DATA_DIR.")
IssuerName = Annotated[str, typer.Option("--issuer", help="concord-local, or concord-gateway.")]
KeyName = Annotated[str, typer.Argument(help="The name of a key, as `list` shows it.")]
LOCAL = "concord-local"


def chosen(name: str) -> Issuer:
    """One of the issuers whose keys are in DATA_DIR. Raises CannotStart for another name."""
    issuers = {each.name: each for each in (local_issuer(data_folder()), gateway_issuer(data_folder()))}
    if name not in issuers:
        raise CannotStart(f"There is no issuer {name}: there are {', '.join(issuers)}.")
    return issuers[name]


@app.command("list")
def list_keys(issuer: IssuerName = LOCAL) -> None:
    """Print each key and its state: it signs, it was added, or it only verifies until its last token expires."""
    for key in rotation.listed(chosen(issuer)):
        until = f" until {key.verifies_until:%Y-%m-%d %H:%M UTC}" if key.verifies_until else ""
        typer.echo(f"{key.name}  {key.state}{until}")


@app.command()
def add(issuer: IssuerName = LOCAL) -> None:
    """Create a key that does not sign yet; services trust it within ten seconds."""
    typer.echo(rotation.add(chosen(issuer)))


@app.command()
def use(key: KeyName, issuer: IssuerName = LOCAL) -> None:
    """Sign with an added key. A service that signs with it must be restarted; tokens of the former key stay valid."""
    rotation.use(chosen(issuer), key)


@app.command()
def retire(
    key: KeyName,
    issuer: IssuerName = LOCAL,
    now: Annotated[
        bool, typer.Option("--now", help=("Invalidate its tokens too: the key has been compromised."))
    ] = False,
) -> None:
    """Remove a key whose tokens have expired."""
    rotation.retire(chosen(issuer), key, now=now)
