"""The verb `resend`: requests a resend, and shows the progress of the worker."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import func, select

from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.outbox import SentRow
from chassis.resend import Resend, request
from chassis.settings import Settings, load

LOOK_SECONDS = 0.5
SINCE_HELP = "Only events of this time (UTC) or later: 2026-11-22 or 2026-11-22T09:30:00. Default: all."
KIND_HELP = "Only events of this kind, as in the name of its topic. May be given several times."
TENANT_HELP = "Only events of this tenant."
WAIT_HELP = "Wait until the worker has sent everything."


def add_resend(verbs: typer.Typer, service: str, settings_type: type[Settings], topics: Sequence[str]) -> None:
    """Give a service the verb."""
    kinds = sorted({topic.split(".")[1] for topic in topics})

    @verbs.command()
    def resend(
        since: Annotated[datetime | None, typer.Option(help=SINCE_HELP)] = None,
        kind: Annotated[list[str] | None, typer.Option(help=KIND_HELP)] = None,
        tenant: Annotated[UUID | None, typer.Option(help=TENANT_HELP)] = None,
        wait: Annotated[bool, typer.Option(help=WAIT_HELP)] = True,
    ) -> None:
        """Resend events to the broker in their order. Consumers drop those that they have read."""
        if unknown := sorted(set(kind or ()) - set(kinds)):
            raise SystemExit(
                f"No events of the kind {unknown[0]!r} are sent by this service. The kinds are: {', '.join(kinds)}."
            )
        # Always by name: events of an earlier version may belong to a topic that no longer exists.
        wanted = [topic for topic in topics if not kind or topic.split(".")[1] in kind]
        start = since.replace(tzinfo=UTC) if since is not None else None
        asyncio.run(_run(load(settings_type, service), service, wanted, start, tenant, wait))


async def _run(
    settings: Settings,
    service: str,
    topics: Sequence[str],
    since: datetime | None,
    tenant: UUID | None,
    wait: bool,
) -> None:
    engine = create_engine(settings.database_url, service, "worker", pool_size=1)
    sessions, console = session_factory(engine), Console(highlight=False, soft_wrap=True)
    try:
        async with transaction(sessions) as session:
            asked = await request(session, "asked for on the command line", topics, since, tenant)
        console.print(f"Request {asked.id} is processed by the worker of {service}; Ctrl-C does not cancel it.")
        if wait:
            sent = await _follow(sessions, asked.id, console)
            console.print(f"{sent} events were resent.")
    finally:
        await engine.dispose()


async def _follow(sessions: Sessions, request_id: int, console: Console) -> int:
    """Show the progress until the request is finished; returns the number of events sent."""
    head = select(func.coalesce(func.max(SentRow.position), 0)).scalar_subquery()
    look = select(Resend.position, Resend.sent, Resend.finished_at, head).where(Resend.id == request_id)
    bar = Progress(TextColumn("position"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    with bar:
        task = bar.add_task("position", total=None)
        while True:
            async with transaction(sessions) as session:
                position, sent, finished_at, total = (await session.execute(look)).one()
            bar.update(task, completed=position, total=total)
            if finished_at is not None:
                return int(sent)
            await asyncio.sleep(LOOK_SECONDS)
