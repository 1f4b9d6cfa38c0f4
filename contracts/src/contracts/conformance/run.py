"""Runs the checks against a port, and reports each."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from contracts.conformance.checks import CHECKS, Check, Edit, local_edit
from contracts.conformance.port import BASE, Failed, Port, said
from contracts.conformance.samples import KINDS

TIMEOUT_SECONDS = 30.0


class Unusable(Exception):
    """The port cannot be checked at all; the text says why."""


@dataclass(frozen=True)
class Result:
    """The result of one check for one kind; `failure` is None when it passed."""

    kind: str
    rule: str
    failure: str | None = None


async def held_kinds(client: httpx.AsyncClient) -> list[str]:
    """The kinds of a system for which there are checks. Raises `Unusable`."""
    try:
        response = await client.get(f"{BASE}/status")
        kinds = response.json()["kinds"] if response.is_success else None
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise Unusable(f"GET {BASE}/status cannot be read: {error!r}") from error
    if kinds is None:
        raise Unusable(f"GET {BASE}/status answered {said(response)}")
    if not (known := [kind for kind in KINDS if kind in kinds and (kind != "order" or "customer" in kinds)]):
        raise Unusable(f"there are checks for {', '.join(KINDS)}; the system holds {', '.join(kinds) or 'nothing'}")
    return known


async def conform(
    client: httpx.AsyncClient, kinds: Iterable[str] | None = None, edit: Edit | None = None
) -> list[Result]:
    """The result of every check, for each of these kinds or all that the system holds. Raises `Unusable`."""
    found = list(kinds) if kinds is not None else await held_kinds(client)
    results = []
    for kind in found:
        port = Port(client, kind)
        for check in _checks(edit):
            results.append(Result(kind, _rule(check), await _failure(check, port)))
    return results


def _checks(edit: Edit | None) -> Iterator[Check]:
    yield from CHECKS
    if edit is None:
        return

    async def edited(port: Port) -> None:
        await local_edit(port, edit)

    edited.__doc__ = local_edit.__doc__
    yield edited


def _rule(check: Check) -> str:
    return " ".join((check.__doc__ or "").split())


async def _failure(check: Check, port: Port) -> str | None:
    try:
        await check(port)
    except Failed as failed:
        return str(failed)
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def by_command(command: str, group: str) -> Edit:
    """An edit by a command of the system's own: it is run with KIND and LOCAL_ID in its environment."""

    async def edit(kind: str, local_id: str) -> str:
        environment = {**os.environ, "KIND": kind, "LOCAL_ID": local_id}
        process = await asyncio.create_subprocess_shell(command, env=environment)
        if await process.wait() != 0:
            raise Failed(f"the command of the edit ended with {process.returncode}")
        return group

    return edit


def checked(address: str, token: str, kinds: list[str] | None, edit: Edit | None) -> list[Result]:
    """The results for the system at an address. Raises `Unusable`."""

    async def run() -> list[Result]:
        options: dict[str, Any] = {"headers": {"Authorization": f"Bearer {token}"}, "timeout": TIMEOUT_SECONDS}
        async with httpx.AsyncClient(base_url=address, **options) as client:
            return await conform(client, kinds, edit)

    return asyncio.run(run())
