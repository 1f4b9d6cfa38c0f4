"""The verb `resend`: what is to be sent to the broker again, and a bar that shows how far the worker is."""

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
SINCE_HELP = "Only events of this time (UTC) or later: 2026-11-22 or 2026-11-22T09:30:00. Without it, all of them."
KIND_HELP = "Only events of this kind, as the name of its topic says it. May be said several times."
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
        """Send events to the broker again that were sent before, in their order. Consumers drop what they know."""
        if unknown := sorted(set(kind or ()) - set(kinds)):
            raise SystemExit(f"No events of the kind {unknown[0]!r} are sent here. Choose among: {', '.join(kinds)}.")
        # Always by name: what an earlier version sent may be of a topic that exists no longer.
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
        console.print(f"Request {asked.id} is with the worker of {service}; Ctrl-C leaves it there.")
        if wait:
            sent = await _follow(sessions, asked.id, console)
            console.print(f"{sent} events were sent again.")
    finally:
        await engine.dispose()


async def _follow(sessions: Sessions, request_id: int, console: Console) -> int:
    """Show the progress until the request is finished; answer how many events were sent."""
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
