"""`python -m contracts generate|check`: writes the published files, and checks that they match the code."""

from pathlib import Path
from typing import Annotated

import typer

from contracts.generate import OpenApiFailed, drifted, generated_files, openapi_files, write
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
    """Exit with 1 and name each file that differs from the code."""
    files = _files(openapi)
    differences = drifted(folder, files)
    for difference in differences:
        typer.echo(difference, err=True)
    if differences:
        typer.echo("Run `python -m contracts generate`, look at the difference and commit it.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{len(files)} files are up to date")


def _files(openapi: bool) -> dict[str, str]:
    try:
        return generated_files() | (openapi_files() if openapi else {})
    except (OpenApiFailed, WordUnknown) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
