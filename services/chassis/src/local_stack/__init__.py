"""Finds the stack that runs on this machine, for commands without settings.

A stack keeps its files in one folder, DATA_DIR or `.data`. While it runs it holds `lock` there, and `running.json`
contains the environment of each service.
"""

import fcntl
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def folder() -> Path:
    """The data folder of the stack: DATA_DIR, or `.data` in the current folder."""
    return Path(os.environ.get("DATA_DIR") or ".data").resolve()


def environment_of(service: str) -> Mapping[str, str]:
    """The environment of a service of the running stack, which is reported on standard error; empty when none runs.

    Exits when it cannot be read, or when DATABASE_URL_<SERVICE> names another database than the stack's.
    """
    try:
        found = _read(folder(), service)
    except PermissionError as error:
        raise SystemExit(f"{error.filename} can be read only by the user who started the stack.") from None
    if not found:
        return {}
    variable = f"DATABASE_URL_{service.upper()}"
    if (os.environ.get(variable) or found["DATABASE_URL"]) != found["DATABASE_URL"]:
        raise SystemExit(
            f"{variable} names another database than that of the stack that runs in {folder()}: set DATABASE_URL to "
            "select one."
        )
    print(f"{service}: using the settings of the stack that runs in {folder()}.", file=sys.stderr)
    return found


def missing() -> str:
    """The message for a missing database, with what to do."""
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
    """Whether a running process holds the lock; the lock of a killed process is free."""
    with lock.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
