"""Jars of a lock, the broker's for example: fetched once by jgo, checked, cached for later starts."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import MavenContext
from requests import RequestException
from rich.console import Console
from rich.progress import track

from stack.errors import CannotStart

REPOSITORY = Path(__file__).parents[4]
LOCK = REPOSITORY / "deploy" / "kafka" / "jgo.lock.toml"
AT_ONCE = 6
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of the file in the repository and in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def locked(lock: Path = LOCK) -> list[Jar]:
    """All jars of the lock, in its order."""
    lines = tomllib.loads(lock.read_text())["dependencies"]
    return [Jar(line["groupId"], line["artifactId"], line["version"], line["sha256"]) for line in lines]


def cache_folder() -> Path:
    """The cache of jars, shared by all work trees of this user."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "concord" / "jars"


def class_path(console: Console | None = None, lock: Path = LOCK) -> str:
    """The class path of a lock, the broker's by default, after every jar is in the cache and its hash equals the lock.

    Shows progress on `console` during a download. Raises CannotStart when a jar cannot be fetched or its hash differs.
    """
    jars = locked(lock)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _one_process_at_a_time(folder / ".lock"):
        missing = [jar for jar in jars if not _is_here(folder, jar)]
        if missing:
            _fetch(missing, folder, console or Console(stderr=True))
    return os.pathsep.join(str(folder / jar.file_name) for jar in jars)


def _is_here(folder: Path, jar: Jar) -> bool:
    path = folder / jar.file_name
    return path.is_file() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _fetch(jars: Sequence[Jar], folder: Path, console: Console) -> None:
    # The download goes to a temporary file first, because an interrupted download leaves a partial file.
    with tempfile.TemporaryDirectory(dir=folder) as unfinished, ThreadPoolExecutor(AT_ONCE) as pool:
        context = MavenContext(repo_cache=Path(unfinished), local_repos=[], timeout=TIMEOUT_SECONDS)
        arrived = pool.map(lambda jar: _fetch_one(jar, context, folder), jars)
        for _ in track(arrived, "Fetching jars", total=len(jars), console=console):
            pass


def _fetch_one(jar: Jar, context: MavenContext, folder: Path) -> None:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        path = artifact.resolve()
    except (RuntimeError, RequestException, OSError) as problem:
        raise CannotStart(
            f"{jar.file_name} could not be fetched from Maven Central; is the machine online? ({problem})"
        ) from problem
    if _sha256(path) != jar.sha256:
        raise CannotStart(f"{jar.file_name} is not the file that its lock pins; it was not kept.")
    shutil.move(path, folder / jar.file_name)


@contextmanager
def _one_process_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
