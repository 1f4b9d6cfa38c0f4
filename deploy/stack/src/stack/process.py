"""A child process that is started, monitored and stopped, and ends when its parent ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from stack.errors import CannotStart

LARGEST_LOG_BYTES = 10_000_000
GUARD = Path(__file__).with_name("guard.py")

# Linux ties a child to the thread that started it, not to the process. So this one thread starts every child; it runs
# as long as the process.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class Child:
    """One command with its log file: start, stop, kill, start again.

    The child gets a session of its own, so Ctrl-C in the terminal reaches only the parent, which stops its children in
    order.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        account: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.environment = dict(environment) if environment is not None else None
        self.account = account
        self.stop_signal = stop_signal
        self.death_signal = death_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code: negative for a signal, None while it runs or before the first start."""
        return self._process.poll() if self._process is not None else None

    @property
    def pid(self) -> int:
        """The process id. Raises CannotStart before the first start."""
        if self._process is None:
            raise CannotStart(f"{self.name} has not been started.")
        return self._process.pid

    def start(self) -> None:
        """Start the command; its output is added to the log file. Does nothing while it runs."""
        if self.running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".earlier.log"))
        self._process = _starter.submit(self._open).result()

    def _open(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own commands, without a shell.
                self._guarded(),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _guarded(self) -> list[str]:
        guard = [sys.executable, "-I", "-S", str(GUARD), "--parent", str(os.getpid())]
        guard += ["--death-signal", str(int(self.death_signal))]
        if self.account:
            guard += ["--account", self.account]
        if sys.platform != "linux":
            guard.append("--watch")
        return [*guard, "--", *self.command]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if the process runs."""
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def stop(self, patience_seconds: float = 8.0) -> bool:
        """Ask it to stop, and kill it after the time limit. Returns False when it was killed."""
        self.signal(self.stop_signal)
        if self.wait(patience_seconds):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """Kill the process and its children at once (`kill -9`)."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def wait(self, limit_seconds: float) -> bool:
        """Wait until the process ends; False when it still runs after the limit."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(limit_seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for the sentence that gives the reason of its end."""
        if not self.log.exists():
            return ""
        text = self.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], child: Child, limit_seconds: float, pause_seconds: float = 0.02) -> None:
    """Wait until `ready()` is true. Raises CannotStart when the child ends or the limit passes."""
    deadline = time.monotonic() + limit_seconds
    while not ready():
        if not child.running:
            raise CannotStart(f"{child.name} ended while starting; see {child.log}:\n{child.last_words()}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{child.name} was not ready after {limit_seconds:.0f} s; see {child.log}.")
        time.sleep(pause_seconds)
