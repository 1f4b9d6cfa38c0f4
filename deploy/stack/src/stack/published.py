"""What the services of a running stack were told, in `running.json` of its folder, where their commands find it.

The file is there while the stack runs; one that a killed stack left behind is known by the lock that nobody holds.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from stack.keys import write_private

NAME = "running.json"


def publish(folder: Path, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Write the environment of each service; only the owner may read it, for it has the passwords of databases."""
    content = {service: dict(environment) for service, environment in environments.items()}
    write_private(folder / NAME, json.dumps(content, indent=2))


def withdraw(folder: Path) -> None:
    """Remove the file."""
    (folder / NAME).unlink(missing_ok=True)
