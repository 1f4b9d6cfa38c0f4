"""Backups of a service's database, and their restore while everything else goes on."""

import asyncio
from collections.abc import Iterable
from functools import partial

import asyncpg
from stack.provision import provision
from stack.services import Stack

from ..e2e.clients import Company
from ..e2e.database import as_administrator
from ..e2e.waiting import eventually

PATIENCE_SECONDS = 120.0


def back_up(stack: Stack, services: Iterable[str]) -> None:
    """Copy the databases of these services, each at rest."""
    for service in services:
        for part in (f"{service}-worker", f"{service}-api"):
            stack.stop(part)
        asyncio.run(_run(stack, f"create database {service}_backup template {service} owner {service}_owner"))
    _start(stack, services)


def restore(stack: Stack, services: Iterable[str]) -> None:
    """Put the backups in the place of the databases. What the services had announced is on Kafka by then."""
    for service in services:
        stack.stop(f"{service}-api")
    for service in services:
        eventually(partial(_all_is_sent, stack, service), PATIENCE_SECONDS)
        stack.stop(f"{service}-worker")
        asyncio.run(_run(stack, f"drop database {service}", f"alter database {service}_backup rename to {service}"))
        provision(stack.admin_url, service)
    _start(stack, services)


def _start(stack: Stack, services: Iterable[str]) -> None:
    for service in services:
        stack.start(f"{service}-api")
        stack.start(f"{service}-worker")


async def _run(stack: Stack, *statements: str) -> None:
    connection = await asyncpg.connect(stack.admin_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _all_is_sent(stack: Stack, service: str) -> bool:
    return asyncio.run(_waiting(stack, service)) == 0


async def _waiting(stack: Stack, service: str) -> int:
    async with as_administrator(stack, service) as connection:
        count: int = await connection.fetchval("select count(*) from outbox")
        return count


def progress(company: Company) -> list[tuple[str, int, int]]:
    """(system, done, total) of each system that is being compared."""
    systems = company.hub.get("/v1/status")["systems"]
    return [(each["name"], each["restored"]["done"], each["restored"]["total"]) for each in systems if each["restored"]]
