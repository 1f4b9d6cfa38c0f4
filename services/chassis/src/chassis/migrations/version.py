"""The version of the database, and the version that the code needs."""

from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ENVIRONMENT = Path(__file__).parent / "environment"


class SchemaBehind(Exception):
    """The database is older than the code."""


def script_config(versions: Path) -> Config:
    """The configuration of alembic for a service's folder of versions."""
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    return config


@lru_cache
def known_versions(versions: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The newest versions of the code, and all versions that it knows."""
    scripts = ScriptDirectory.from_config(script_config(versions))
    return frozenset(scripts.get_heads()), frozenset(script.revision for script in scripts.walk_revisions())


async def check_schema(session: AsyncSession, versions: Path) -> None:
    """Raises `SchemaBehind` when the database is at an older version than the code.

    A version that the code does not know is newer: the running version continues while the next one migrates.
    """
    newest, known = known_versions(versions)
    there = set(await session.scalars(text("select version_num from alembic_version")))
    if there != newest and there <= known:
        at = ", ".join(sorted(there)) or "none"
        raise SchemaBehind(
            f"the database is at version {at}, the code needs {', '.join(sorted(newest))}: run `migrate`"
        )
