"""Finds the stack that runs on this machine, for commands that were told no settings.

A stack keeps everything in one folder, DATA_DIR or `.data`. While it runs it holds `lock` there, and `running.json` has
the environment that it has given to each service.
"""

import fcntl
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def folder() -> Path:
    """Where the stack keeps its data: DATA_DIR, or `.data` here."""
    return Path(os.environ.get("DATA_DIR") or ".data").resolve()


def environment_of(service: str) -> Mapping[str, str]:
    """The environment of a service of the running stack, which is named on standard error; empty when none runs.

    End the process when it may not be read, or DATABASE_URL_<SERVICE> names another database than the stack's.
    """
    try:
        found = _read(folder(), service)
    except PermissionError as error:
        raise SystemExit(f"{error.filename} may be read only by who started the stack.") from None
    if not found:
        return {}
    variable = f"DATABASE_URL_{service.upper()}"
    if (os.environ.get(variable) or found["DATABASE_URL"]) != found["DATABASE_URL"]:
        raise SystemExit(
            f"{variable} names another database than the stack uses that runs in {folder()}: "
            "set DATABASE_URL to say which one is meant."
        )
    print(f"{service}: with the settings of the stack that runs in {folder()}.", file=sys.stderr)
    return found


def missing() -> str:
    """Why there is no database, and what to do."""
    return (
        f"The environment variable DATABASE_URL is missing, and no stack runs in {folder()}: start one (`make run`), "
        "set DATA_DIR to the folder of one that runs, or set the variable."
    )


def _read(folder: Path, service: str) -> Mapping[str, str]:
    file, lock = folder / "running.json", folder / "lock"
    if not file.exists() or not _is_held(lock):
        return {}
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return found.get(service, {})


def _is_held(lock: Path) -> bool:
    """Whether a running process holds the file; one that was killed has let go of it."""
    with lock.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
