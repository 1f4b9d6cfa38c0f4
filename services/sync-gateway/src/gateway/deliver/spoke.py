"""A system behind its port, and what its answers mean: away, a batch at fault, or a kind that it does not take."""

from typing import Any
from uuid import UUID

import httpx
import orjson
from chassis.auth import ServiceIdentity
from chassis.client import OVERLOADED, NoAnswer, call

UNREADABLE = frozenset({400, 413, 422})
NOT_THIS_KIND = frozenset({401, 403, 404, 405, 410, 501})
SHOWN_CHARACTERS = 300


class BatchRefused(Exception):
    """The system does not take this batch; alone, the item at fault is found.

    `failed`: it answered like a system that is at fault itself; whether it is, a batch without items tells.
    """

    def __init__(self, problem: dict[str, Any], *, failed: bool = False) -> None:
        super().__init__(problem.get("detail") or problem.get("title", "refused"))
        self.problem = problem
        self.failed = failed


class TimedOut(BatchRefused):
    """The system took the batch and did not answer in time: it hangs on an item of it, or altogether."""


class KindRefused(Exception):
    """The system takes no record of this kind, or none of this tenant; its other kinds go on."""


class Spoke:
    """One call delivers one batch of one kind and tenant."""

    def __init__(self, client: httpx.AsyncClient, identity: ServiceIdentity) -> None:
        self.client = client
        self.identity = identity

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An outcome per item, in order. Raises `Unreachable` when the system is away, else `BatchRefused` or
        `KindRefused`.
        """
        token = self.identity.token(tenant, ["replication:write"])
        try:
            response = await call(
                self.client,
                "POST",
                f"/replication/v1/{kind}",
                away=OVERLOADED,
                content=orjson.dumps({"items": items}),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
        except NoAnswer as error:
            raise TimedOut(failure("took the call and did not answer in time"), failed=True) from error
        if response.status_code in NOT_THIS_KIND:
            raise KindRefused(_said(response))
        if response.status_code in UNREADABLE:
            raise BatchRefused(_problem(response))
        if not response.is_success:
            raise BatchRefused(failure(_said(response)), failed=True)
        return _outcomes(response, [item["canonical_id"] for item in items])


def failure(reason: str) -> dict[str, Any]:
    """The problem of a record that a system failed on."""
    return {
        "type": "/problems/failed-there",
        "title": "The system failed to take this record",
        "detail": reason,
        "hint": "Look into the log of that system for the cause. The record is sent again by itself.",
    }


def _said(response: httpx.Response) -> str:
    return f"answered {response.status_code}: {response.text[:SHOWN_CHARACTERS]}"


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document of the answer, or one that says what the answer was."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else failure(_said(response))


def _outcomes(response: httpx.Response, expected: list[str]) -> list[dict[str, Any]]:
    try:
        items: list[dict[str, Any]] = response.json()["items"]
        answered = [item["canonical_id"] for item in items if item["outcome"] and item["groups"] is not None]
    except (ValueError, LookupError, TypeError) as error:
        raise BatchRefused(failure(f"its answer cannot be read: {error!r}"), failed=True) from error
    if answered != expected:
        raise BatchRefused(failure("its answer does not name the items that it was sent"), failed=True)
    return items
