"""Exports: each is in the audit log, and those of personal data are limited per day and role."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import structlog
from chassis import clock, telemetry
from chassis.audit import AuditEntry, note
from chassis.auth import Principal
from chassis.db import acting_for
from chassis.errors import Problem
from fastapi import Request
from sqlalchemy import func, select, text

log = structlog.get_logger()
EVERYONE = "everyone"
ALONE = text("select pg_advisory_xact_lock(hashtextextended('exports ' || cast(:who as text), 0))")


class ExportLimitReached(Problem):
    status = 429
    code = "export-limit-reached"
    title = "The exports of this day are used up"
    detail = "You may export personal data {limit} times a day."
    hint = "Wait until tomorrow (`Retry-After`), or ask somebody with a role whose limit is greater."


async def exporting(
    request: Request, caller: Principal, name: str, *, personal: bool, facts: Mapping[str, object]
) -> None:
    """Note an export before its first row is read. Raises `ExportLimitReached` for personal data."""
    limit = limit_of(request.app.state.settings.exports_per_day, caller.roles)
    async with acting_for(request.app.state.sessions, caller) as session:
        if personal:
            await session.execute(ALONE, {"who": f"{caller.tenant} {caller.subject}"})
            today = (
                select(func.count())
                .select_from(AuditEntry)
                .where(AuditEntry.actor == caller.subject, AuditEntry.at >= clock.midnight())
                .where(AuditEntry.facts["personal"].as_boolean())
            )
            if (await session.scalar(today) or 0) >= limit:
                raise _reached(limit)
        note(session, f"export_{name}", {"personal": personal, **facts})
    if personal:
        telemetry.PERSONAL_EXPORTS.labels(name).inc()
        log.warning("personal_data_exported", record=name, **facts)


def limit_of(declared: Mapping[str, int], roles: Collection[str]) -> int:
    """The greatest limit of a caller's roles, at least that of everyone."""
    return max(declared.get(each, 0) for each in (EVERYONE, *roles))


def _reached(limit: int) -> ExportLimitReached:
    problem = ExportLimitReached(limit=limit)
    seconds = (clock.midnight() + timedelta(days=1) - clock.now()).total_seconds()
    problem.headers["Retry-After"] = str(max(1, int(seconds)))
    return problem
