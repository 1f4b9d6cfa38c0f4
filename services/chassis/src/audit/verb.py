"""The verb `audit`: verifies the chain of the audit log on the command line."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, NamedTuple
from uuid import UUID

import typer
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.settings import Settings, load

from audit import queries
from audit.rules import FIRST, next_hash

HEAD = re.compile(r"(?P<tenant>[0-9a-f-]{36}):(?P<position>\d{1,18}):(?P<hash>[0-9a-f]{64})")


class Known(NamedTuple):
    """A link that somebody has kept elsewhere."""

    tenant: UUID
    position: int
    hash: str


class Verified(NamedTuple):
    """The chain of one tenant, and what is wrong with it."""

    tenant: UUID
    position: int
    hash: str
    wrong: Sequence[str]


def add_audit(verbs: typer.Typer, service: str, settings_type: type[Settings]) -> None:
    """Give a service the verb."""
    audit = typer.Typer(no_args_is_help=True, help="Verify the audit log.")

    @audit.callback()
    def _group() -> None:
        """Keep `verify` a verb of its own."""

    @audit.command()
    def verify(
        tenant: Annotated[UUID | None, typer.Option(help="Only this tenant.")] = None,
        head: Annotated[
            list[str] | None,
            typer.Option(help="A line that this command or the worker's log has printed, which must still be true."),
        ] = None,
    ) -> None:
        """Compute all hashes again, and print the end of each chain. Exits with 1 when an entry was changed or removed.

        Keep what it prints outside of the database, and pass it as --head the next time.
        """
        known = [_known(each) for each in head or ()]
        settings = load(settings_type, service)
        found = asyncio.run(_run(settings, service, tenant, known))
        for each in found:
            typer.echo(f"{each.tenant}:{each.position}:{each.hash}")
            for reason in each.wrong:
                typer.echo(f"{each.tenant}: {reason}", err=True)
        if any(each.wrong for each in found):
            raise SystemExit(1)

    verbs.add_typer(audit, name="audit")


def _known(line: str) -> Known:
    match = HEAD.fullmatch(line.strip())
    if match is None:
        raise SystemExit(f"{line!r} is not a line of this command: tenant, position and hash, with colons between.")
    return Known(UUID(match["tenant"]), int(match["position"]), match["hash"])


async def _run(settings: Settings, service: str, tenant: UUID | None, known: Sequence[Known]) -> list[Verified]:
    engine = create_engine(settings.database_url, service, "worker", pool_size=1)
    sessions = session_factory(engine)
    try:
        async with transaction(sessions) as session:
            found = {*await queries.tenants(session), *(each.tenant for each in known)}
        wanted = sorted(found) if tenant is None else [tenant]
        return [await verified(sessions, each, [head for head in known if head.tenant == each]) for each in wanted]
    finally:
        await engine.dispose()


async def verified(sessions: Sessions, tenant: UUID, known: Sequence[Known] = ()) -> Verified:
    """The chain of a tenant, computed again from its entries."""
    wrong, position, last = [], 0, FIRST
    kept = {head.position: head.hash for head in known}
    async with transaction(sessions, tenant) as session:
        async for link, entry in queries.links(session):
            position += 1
            if entry is None or link.position != position:
                wrong.append(f"the entry at position {position} was removed")
                break
            last = next_hash(last, position, entry)
            if last != link.hash:
                wrong.append(f"the entry at position {position} was changed: {entry.id}")
                break
            if kept.pop(position, last.hex()) != last.hex():
                wrong.append(f"the chain was rewritten: position {position} had another hash")
        missing = await queries.unlinked(session)
    if missing:
        wrong.append(f"{missing} entries are not chained; is the worker running?")
    if not wrong:
        wrong += [f"the chain ends before position {each}, which it had" for each in sorted(kept)]
    return Verified(tenant, position, last.hex(), wrong)
