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
    """One of the issuers whose keys are in DATA_DIR. Raise CannotStart for another name."""
    issuers = {each.name: each for each in (local_issuer(data_folder()), gateway_issuer(data_folder()))}
    if name not in issuers:
        raise CannotStart(f"There is no issuer {name}: there are {', '.join(issuers)}.")
    return issuers[name]


@app.command("list")
def list_keys(issuer: IssuerName = LOCAL) -> None:
    """Print each key and whether it signs, was added, or only verifies until its last token expires."""
    for key in rotation.listed(chosen(issuer)):
        until = f" until {key.verifies_until:%Y-%m-%d %H:%M UTC}" if key.verifies_until else ""
        typer.echo(f"{key.name}  {key.state}{until}")


@app.command()
def add(issuer: IssuerName = LOCAL) -> None:
    """Make a key that does not sign yet; services trust it ten seconds later at the latest."""
    typer.echo(rotation.add(chosen(issuer)))


@app.command()
def use(key: KeyName, issuer: IssuerName = LOCAL) -> None:
    """Sign with an added key. Restart a service that signs with it; tokens of the former key stay valid."""
    rotation.use(chosen(issuer), key)


@app.command()
def retire(
    key: KeyName,
    issuer: IssuerName = LOCAL,
    now: Annotated[bool, typer.Option("--now", help="End its tokens too: the key has become known.")] = False,
) -> None:
    """Withdraw a key whose tokens have expired."""
    rotation.retire(chosen(issuer), key, now=now)
