"""A system behind its port, and the meaning of its answers: unavailable, a failing batch, or a refused kind."""

from typing import Any
from uuid import UUID

import httpx
import orjson
from access.identity import ServiceIdentity
from chassis.client import OVERLOADED, NoAnswer, call

UNREADABLE = frozenset({400, 413, 422})
NOT_THIS_KIND = frozenset({401, 403, 404, 405, 410, 501})
SHOWN_CHARACTERS = 300


class BatchRefused(Exception):
    """The system refuses this batch; halving it finds the failing item.

    `failed`: the answer indicates a failure of the system itself; a batch without items shows whether that is true.
    """

    def __init__(self, problem: dict[str, Any], *, failed: bool = False) -> None:
        super().__init__(problem.get("detail") or problem.get("title", "refused"))
        self.problem = problem
        self.failed = failed


class TimedOut(BatchRefused):
    """The system received the batch and did not answer in time: it hangs on one item, or as a whole."""


class KindRefused(Exception):
    """The system refuses all records of this kind, or all of this tenant; its other kinds are delivered."""


class Spoke:
    """One call delivers one batch of one kind and tenant."""

    def __init__(self, client: httpx.AsyncClient, identity: ServiceIdentity) -> None:
        self.client = client
        self.identity = identity

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An outcome per item, in order. Raises `Unreachable` when the system is unavailable, else `BatchRefused` or
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
            raise TimedOut(failure("received the call and did not answer in time"), failed=True) from error
        if response.status_code in NOT_THIS_KIND:
            raise KindRefused(_said(response))
        if response.status_code in UNREADABLE:
            raise BatchRefused(_problem(response))
        if not response.is_success:
            raise BatchRefused(failure(_said(response)), failed=True)
        return _outcomes(response, [item["canonical_id"] for item in items])


def failure(reason: str) -> dict[str, Any]:
    """The problem of a record on which a system failed."""
    return {
        "type": "/problems/failed-there",
        "title": "The system failed to process this record",
        "detail": reason,
        "hint": "See the log of that system for the cause. The record is sent again automatically.",
    }


def _said(response: httpx.Response) -> str:
    return f"answered {response.status_code}: {response.text[:SHOWN_CHARACTERS]}"


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document of the answer, or one that describes the answer."""
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
        raise BatchRefused(failure(f"its answer cannot be parsed: {error!r}"), failed=True) from error
    if answered != expected:
        raise BatchRefused(failure("its answer does not contain the items that it was sent"), failed=True)
    return items
