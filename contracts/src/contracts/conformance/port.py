"""The gateway's side of the port, as the checks use it."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import ValidationError

from contracts.port import DeliveryAnswer, DeliveryRequest

Values = Mapping[str, Any]
BASE = "/replication/v1"
SHOWN_CHARACTERS = 400


class Failed(AssertionError):
    """The port does something else than it must; the text says what was expected, and what came."""


@dataclass
class Record:
    """A record of the gateway that the port is sent."""

    canonical_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    local_id: str | None = None

    def item(self, values: Values, rev: int, *, seen_seq: int = 0, **more: Any) -> dict[str, Any]:
        """The item that brings the record to these values, all of one revision."""
        groups = [{"group": group, "value": value, "rev": rev} for group, value in values.items()]
        named = {"canonical_id": self.canonical_id, "local_id": self.local_id}
        return {**named, "seen_seq": seen_seq, "hlc": time.time_ns() // 1000, "groups": groups, **more}


class Port:
    """The port of one system, for one kind."""

    def __init__(self, client: httpx.AsyncClient, kind: str) -> None:
        self.client = client
        self.kind = kind

    async def send(self, body: Any, kind: str | None = None, **options: Any) -> httpx.Response:
        """The raw answer to a body."""
        return await self.client.post(f"{BASE}/{kind or self.kind}", json=body, **options)

    async def deliver(self, *items: Mapping[str, Any], kind: str | None = None) -> list[dict[str, Any]]:
        """The outcomes of a batch, one for each item in its order. Raises `Failed` when the answer has another form."""
        DeliveryRequest.model_validate({"items": items})
        response = await self.send({"items": items}, kind)
        must(response.status_code == 200, "the batch is answered with 200", said(response))
        try:
            answer = DeliveryAnswer.model_validate(response.json())
        except (ValueError, ValidationError) as error:
            raise Failed(f"the answer does not have the shape of replication.answer.v1: {error}") from error
        named = [str(outcome.canonical_id) for outcome in answer.items]
        expected = [str(item["canonical_id"]) for item in items]
        must(named == expected, "the outcomes are in the order of the items", f"canonical ids {named}")
        outcomes: list[dict[str, Any]] = response.json()["items"]
        return outcomes

    async def create(self, record: Record, values: Values, rev: int = 1, kind: str | None = None) -> dict[str, Any]:
        """Deliver a new record, and take its local id. Raises `Failed` unless it was applied."""
        (outcome,) = await self.deliver(record.item(values, rev), kind=kind)
        expect(outcome, "applied", "a new record is applied")
        must(bool(outcome.get("local_id")), "the outcome of a new record contains its local id", str(outcome))
        record.local_id = outcome["local_id"]
        return outcome


def must(holds: bool, expected: str, came: str) -> None:
    """Raises `Failed` unless the expectation holds."""
    if not holds:
        raise Failed(f"expected: {expected}; came: {came[:SHOWN_CHARACTERS]}")


def expect(outcome: Mapping[str, Any], wanted: str, because: str, groups: Sequence[str] = ()) -> None:
    """Raises `Failed` unless an item, and each of these groups, has this outcome."""
    must(outcome["outcome"] == wanted, f"{because}: outcome {wanted}", str(dict(outcome)))
    for group in groups:
        found = outcome.get("groups", {}).get(group)
        must(found == wanted, f"{because}: {group} is {wanted}", f"{group} is {found}")


def said(response: httpx.Response) -> str:
    """An answer in short."""
    return f"{response.status_code} {response.text[:SHOWN_CHARACTERS]}"
