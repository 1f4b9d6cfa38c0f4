"""One part of a stack: a process of a service, with the address that answers whether it is ready."""

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from stack.plan import Process
from stack.process import Child, wait_until

READY_SECONDS = 90.0
ANSWER_SECONDS = 3.0
PAUSE_SECONDS = 0.1


class Part(Protocol):
    """The interface of every part of a stack, a server or a process of a service."""

    @property
    def running(self) -> bool:
        """True while its process runs."""

    @property
    def pid(self) -> int:
        """The process id."""

    def start(self) -> object:
        """Start it if it does not run, and wait until it is ready. Raises CannotStart with the reason."""

    def stop(self, patience_seconds: float = 8.0) -> None:
        """Ask it to stop, and kill it after the time limit."""

    def kill(self) -> None:
        """Kill it, as a crash would."""


class ServicePart:
    """A running process of a service."""

    def __init__(self, process: Process, surroundings: Mapping[str, str], log: Path) -> None:
        self.process = process
        environment = {**surroundings, **process.environment}
        self._child = Child(process.name, process.command, log, environment=environment)

    @property
    def running(self) -> bool:
        """True while the process runs."""
        return self._child.running

    @property
    def pid(self) -> int:
        return self._child.pid

    def begin(self) -> None:
        """Start the process without waiting until it is ready."""
        self._child.start()

    def finish(self) -> None:
        """Wait until the process is ready."""
        wait_until(lambda: answers(self.process.ready_url), self._child, READY_SECONDS, PAUSE_SECONDS)

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.begin()
        self.finish()

    def stop(self, patience_seconds: float = 8.0) -> None:
        """Ask it to finish its current work, and kill it after the time limit."""
        self._child.stop(patience_seconds)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        self._child.kill()


def answers(url: str) -> bool:
    """True when the address answers 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
