"""Everything of a tenant in one archive: a JSON line for each row, the contents of files, and what it was made of."""

import asyncio
import io
import os
import tarfile
import tempfile
from pathlib import Path
from typing import IO
from uuid import UUID

import orjson
from chassis import clock
from chassis.settings import Settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.contents import Contents
from tenants.tables import tables

ROWS_AT_ONCE = 1000
SPOOLED_BYTES = 8 * 1024 * 1024


async def export(
    session: AsyncSession, service: str, tenant: UUID, contents: Contents | None, settings: Settings, path: Path
) -> dict[str, int]:
    """Write the archive, readable by its owner only; returns the number of rows by table, and of `files`.

    The rows are those of one snapshot. A file that is there already is not replaced: `FileExistsError`.
    """
    await session.execute(text("set transaction isolation level repeatable read, read only"))
    counted: dict[str, int] = {}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for table in await tables(session):
            counted[table] = await _table(session, archive, f"{service}/{table}.jsonl", table, tenant)
        if contents is not None:
            counted["files"] = await _files(session, archive, service, contents, settings)
        schema = await session.scalar(text("select version_num from alembic_version"))
        made = {
            "service": service,
            "tenant": str(tenant),
            "schema": schema,
            "exported_at": clock.now(),
            "rows": counted,
        }
        _add(archive, f"{service}/manifest.json", io.BytesIO(orjson.dumps(made, option=orjson.OPT_INDENT_2)))
    return counted


async def _table(session: AsyncSession, archive: tarfile.TarFile, name: str, table: str, tenant: UUID) -> int:
    wanted = text(f'select to_jsonb(t)::text from "{table}" t where tenant_id = :tenant')  # noqa: S608  (as above)
    rows = 0
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as lines:
        found = await session.stream(wanted, {"tenant": tenant}, execution_options={"yield_per": ROWS_AT_ONCE})
        async for batch in found.scalars().partitions(ROWS_AT_ONCE):
            lines.write("".join(f"{line}\n" for line in batch).encode())
            rows += len(batch)
        await asyncio.to_thread(_add, archive, name, lines)
    return rows


async def _files(
    session: AsyncSession, archive: tarfile.TarFile, service: str, contents: Contents, settings: Settings
) -> int:
    found = await contents.used(session)
    for each in found:
        with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as content:
            async for piece in await contents.opened(settings, each):
                content.write(piece)
            await asyncio.to_thread(_add, archive, f"{service}/files/{each.key}", content)
    return len(found)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = content.seek(0, io.SEEK_END), 0o600, int(clock.now().timestamp())
    content.seek(0)
    archive.addfile(info, content)
