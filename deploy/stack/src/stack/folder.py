"""The data folder of a stack, and the lock that allows one stack per folder."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from stack.errors import CannotStart


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The data folder: DATA_DIR, or `.data` in the current folder."""
    return Path(environment.get("DATA_DIR") or ".data").resolve()


def claim(folder: Path) -> IO[str]:
    """Lock the folder until the returned file is closed or this process ends, also by a crash.

    Raises CannotStart when another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = (folder / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        holder = handle.read().strip()
        handle.close()
        raise CannotStart(
            f"The data in {folder} is in use by a stack that already runs (process {holder}): "
            "stop that one first, or set DATA_DIR to another folder."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle
