"""Clients of the APIs for TypeScript and Python, generated from the OpenAPI documents by kept generators."""

import os
import subprocess
from pathlib import Path

SERVICES = ("crm", "erp", "gateway")
HERE = Path(__file__).parents[2]
TOOLS = HERE / "generators"
LONGEST_SECONDS = 300


class GeneratorFailed(RuntimeError):
    """A generator refused a document, or left something of it out; the text is its output."""


def build(folder: Path, services: tuple[str, ...] = SERVICES) -> list[Path]:
    """Write the clients of the services below a folder, and return their folders. Raises `GeneratorFailed`."""
    built = []
    for service in services:
        document = HERE / f"openapi/{service}.json"
        built += [
            typescript_client(document, folder / "typescript" / service),
            python_client(document, folder / "python" / f"concord_{service}"),
        ]
    return built


def typescript_client(document: Path, folder: Path) -> Path:
    """By `@hey-api/openapi-ts`: a function for each operation, on `fetch`."""
    plugins = ("@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk")
    run("node_modules/.bin/openapi-ts", "--silent", "--no-log-file", "-i", document, "-o", folder, "-p", *plugins)
    return folder


def python_client(document: Path, folder: Path) -> Path:
    """By `openapi-python-client`: a module for each operation, on httpx. What it would leave out is an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    settings = TOOLS / "openapi-python-client.yaml"
    run(
        ".venv/bin/openapi-python-client", "generate", "--fail-on-warning", "--meta", "none", "--overwrite",
        "--config", settings, "--path", document, "--output-path", folder,
    )  # fmt: skip
    return folder


def run(tool: str, *arguments: str | Path) -> str:
    """Run a tool of contracts/generators there, and return its output. Raises `GeneratorFailed`."""
    if not (TOOLS / tool).exists():
        raise GeneratorFailed(f"{tool} is not installed: run `make clients`.")
    done = subprocess.run(  # noqa: S603 - the tools are those of the lock
        [str(TOOLS / tool), *map(str, arguments)],
        cwd=TOOLS,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise GeneratorFailed(f"{tool} failed:\n{done.stdout.strip()[-4000:]}")
    return done.stdout
