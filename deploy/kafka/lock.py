"""Resolves jgo.toml and writes jgo.lock.toml: every jar with its SHA-256, without repository addresses.

`make lock` runs it after a version in jgo.toml was changed.
"""

import hashlib
from pathlib import Path

import jgo
from jgo.env import EnvironmentSpec, LockedDependency, LockFile, compute_spec_hash
from jgo.maven import Artifact

HERE = Path(__file__).parent
OLDEST_JAVA = 17


def locked(artifact: Artifact) -> LockedDependency:
    """The lock's line for one jar. The jar is fetched to compute its hash."""
    return LockedDependency(
        groupId=artifact.groupId,
        artifactId=artifact.artifactId,
        version=artifact.version,
        sha256=hashlib.sha256(artifact.resolve().read_bytes()).hexdigest(),
    )


def main() -> None:
    """Write the lock beside jgo.toml."""
    wanted = HERE / "jgo.toml"
    spec = EnvironmentSpec.load(wanted)
    jars = [locked(artifact) for artifact in jgo.resolve("+".join(spec.coordinates))]
    lock = LockFile(
        dependencies=sorted(jars, key=lambda jar: (jar.groupId, jar.artifactId)),
        environment_name=spec.name,
        min_java_version=OLDEST_JAVA,
        entrypoints=spec.entrypoints,
        default_entrypoint=spec.default_entrypoint,
        spec_hash=compute_spec_hash(wanted),
        jgo_version=jgo.__version__,
    )
    lock.save(HERE / "jgo.lock.toml")


if __name__ == "__main__":
    main()
