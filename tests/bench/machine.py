"""Where and when a part ran: the commit, the machine with its load, and the versions of what was measured."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil
from stack.jars import locked
from stack.postgres import PROGRAMS

ROOT = Path(__file__).parents[2]
LIBRARIES = ("fastapi", "starlette", "uvicorn", "pydantic", "sqlalchemy", "asyncpg", "aiokafka", "httpx", "orjson")


@dataclass
class Run:
    """The load is the average number of processes that wanted a core in the minute before the part began."""

    commit: str
    began: datetime
    load: float
    hardware: str
    versions: dict[str, str]
    seconds: float = 0.0
    _clock: float = field(default_factory=time.perf_counter, repr=False)

    @classmethod
    def begin(cls) -> "Run":
        """Note what is the case now."""
        return cls(_commit(), datetime.now(UTC), os.getloadavg()[0], _hardware(), _versions())

    def finish(self) -> None:
        """Note how long the part took."""
        self.seconds = time.perf_counter() - self._clock

    def line(self) -> str:
        """One line for people."""
        versions = ", ".join(f"{name} {each}" for name, each in self.versions.items())
        return (
            f"*{self.began:%Y-%m-%d %H:%M} UTC, commit {self.commit}, {self.seconds:.0f} s; {self.hardware}, "
            f"load {self.load:.1f} at the beginning; {versions}*"
        )


def _commit() -> str:
    short = _git("rev-parse", "--short", "HEAD")
    written = (":!tests/bench/RESULTS.md", ":!tests/bench/*.png")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return f"{short or 'unknown'}{' with changes' if changed else ''}"


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


@cache
def _hardware() -> str:
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.machine())


@cache
def _versions() -> dict[str, str]:
    told = subprocess.run([PROGRAMS / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    broker = next(jar.version for jar in locked() if jar.artifact == "kafka-clients")
    servers = {"PostgreSQL": told.split()[2], "Kafka": broker, "Python": platform.python_version()}
    return servers | {name: version(name) for name in LIBRARIES}
