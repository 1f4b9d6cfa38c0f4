"""Where a stack keeps everything, and that there is only one stack to a folder."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from stack.errors import CannotStart


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where everything is kept: DATA_DIR, or `.data` here."""
    return Path(environment.get("DATA_DIR") or ".data").resolve()


def claim(folder: Path) -> IO[str]:
    """Hold the folder until the file returned is closed, or this process ends in whatever way.

    Raises CannotStart when another process holds it.
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
