"""The environments of the services of a running stack, in `running.json` of its folder, for commands.

The file exists while the stack runs. After a killed stack it remains, but its lock is free.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from stack.keys import write_private

NAME = "running.json"


def publish(folder: Path, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Write the environment of each service, readable only by the owner, because it contains the passwords of
    databases."""
    content = {service: dict(environment) for service, environment in environments.items()}
    write_private(folder / NAME, json.dumps(content, indent=2))


def withdraw(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)
