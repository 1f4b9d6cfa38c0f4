"""Resolves each jgo.toml and writes jgo.lock.toml beside it: every jar with its SHA-256, without repository addresses.

`make lock` runs it after a version in a jgo.toml was changed.
"""

import hashlib
import sys
from pathlib import Path

import jgo
from jgo.env import EnvironmentSpec, LockedDependency, LockFile, compute_spec_hash
from jgo.maven import Artifact

OLDEST_JAVA = 17
# Drivers of other databases that a connector names: not needed, and not all of them are free software.
UNUSED = {"com.mysql", "org.mariadb.jdbc", "com.microsoft.sqlserver", "com.oracle.database.jdbc"}


def locked(artifact: Artifact) -> LockedDependency:
    """The lock's line for one jar. The jar is fetched to compute its hash."""
    return LockedDependency(
        groupId=artifact.groupId,
        artifactId=artifact.artifactId,
        version=artifact.version,
        sha256=hashlib.sha256(artifact.resolve().read_bytes()).hexdigest(),
    )


def write_lock(wanted: Path) -> None:
    """Write the lock beside a jgo.toml."""
    spec = EnvironmentSpec.load(wanted)
    artifacts = jgo.resolve("+".join(spec.coordinates))
    jars = [locked(artifact) for artifact in artifacts if artifact.groupId not in UNUSED]
    lock = LockFile(
        dependencies=sorted(jars, key=lambda jar: (jar.groupId, jar.artifactId)),
        environment_name=spec.name,
        min_java_version=OLDEST_JAVA,
        entrypoints=spec.entrypoints,
        default_entrypoint=spec.default_entrypoint,
        spec_hash=compute_spec_hash(wanted),
        jgo_version=jgo.__version__,
    )
    lock.save(wanted.with_name("jgo.lock.toml"))


if __name__ == "__main__":
    for each in sys.argv[1:]:
        write_lock(Path(each))
