"""`python -m contracts generate|check|clients|conform`: published files, clients, and a check of ports."""

from pathlib import Path
from typing import Annotated

import typer

from contracts.building import GeneratorFailed, build
from contracts.conformance.run import Unusable, by_command, checked
from contracts.generate import OpenApiFailed, drifted, generated_files, openapi_files, write
from contracts.releasing import broken, release, released_version
from contracts.words import WordUnknown

HERE = Path(__file__).parents[2]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Folder = Annotated[Path, typer.Option(help="The folder of the published files.")]
OpenApi = Annotated[bool, typer.Option(help="Include the OpenAPI documents and scopes of the services.")]


@app.command()
def generate(folder: Folder = HERE, openapi: OpenApi = True) -> None:
    """Write schemas/, asyncapi.yaml, openapi/, scopes.json and WORDS.md."""
    files = _files(openapi)
    write(folder, files)
    typer.echo(f"{len(files)} files written to {folder}")


@app.command()
def check(folder: Folder = HERE, openapi: OpenApi = True) -> None:
    """Exit with 1 and name each file that differs from the code, and what breaks clients of the last release."""
    files = _files(openapi)
    differences = drifted(folder, files)
    for difference in differences:
        typer.echo(difference, err=True)
    if differences:
        typer.echo("Run `python -m contracts generate`, look at the difference and commit it.", err=True)
        raise typer.Exit(1)
    if breaks := broken(folder, files):
        for line in breaks:
            typer.echo(line, err=True)
        kept = released_version(folder)
        typer.echo(f"This breaks clients of release {kept}: see contracts/VERSIONING.md.", err=True)
        typer.echo(
            f"If nobody uses {kept} yet: `python -m contracts release {kept}` takes the files as they are.", err=True
        )
        raise typer.Exit(1)
    typer.echo(f"{len(files)} files are up to date, and compatible with release {released_version(folder) or 'none'}")


@app.command("release")
def keep_release(version: str, folder: Folder = HERE) -> None:
    """Keep the published files as those of a release, against which `check` compares from now on."""
    typer.echo(f"{release(folder, version)} files are those of release {version}")


@app.command()
def clients(folder: Folder = HERE / "clients") -> None:
    """Generate the clients for TypeScript and Python; the tools are those of contracts/generators."""
    try:
        built = build(folder)
    except GeneratorFailed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for client in built:
        typer.echo(client)


@app.command()
def conform(
    url: Annotated[str, typer.Argument(help="The base address of the system: its port is below /replication/v1.")],
    token: Annotated[
        str, typer.Option(envvar="CONFORM_TOKEN", help="A token as the gateway's, with the scope replication:write.")
    ] = "",
    kind: Annotated[list[str] | None, typer.Option(help="Only these kinds; without it all that it holds.")] = None,
    edit: Annotated[
        str | None, typer.Option(help="A command that edits the record $LOCAL_ID of the kind $KIND as a user does.")
    ] = None,
    edited: Annotated[str, typer.Option(help="The group that the command edits.")] = "name",
) -> None:
    """Check the port of a system by itself, without a gateway. Exit with 1 when a check fails.

    The records of the checks stay in the system, archived or not: use a tenant for tests.
    """
    try:
        results = checked(url, token, kind or None, by_command(edit, edited) if edit else None)
    except Unusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    failed = [result for result in results if result.failure]
    for result in results:
        typer.echo(f"{'FAILED' if result.failure else 'passed'}  {result.kind}: {result.rule}")
        if result.failure:
            typer.echo(f"        {result.failure}")
    if edit is None:
        typer.echo("not run  The guard of local edits: give --edit.")
    typer.echo(f"{len(results) - len(failed)} of {len(results)} checks passed")
    if failed:
        raise typer.Exit(1)


def _files(openapi: bool) -> dict[str, str]:
    try:
        return generated_files() | (openapi_files() if openapi else {})
    except (OpenApiFailed, WordUnknown) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
