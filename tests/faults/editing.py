"""People at work on both sides: each reads, changes one field, and goes on when a service fails under their hands."""

import itertools
import random
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from ..e2e.clients import STALE, Body, Office
from ..e2e.equality import values_of
from ..e2e.waiting import eventually
from .ledger import Edit, Ledger

ANSWER_SECONDS = 90.0
ITEMS = 12
BATCHES = 0.6


class Patch(NamedTuple):
    """A change of one field, and the group and value that it stands for."""

    body: Body
    group: str
    value: Any


class Unanswered(Exception):
    """The connection broke, or the service failed: the change may or may not have been saved."""


@dataclass(frozen=True)
class Task:
    """How many edits there are to make, counted over all editors."""

    edits: int
    numbers: Iterator[int]

    @classmethod
    def of(cls, edits: int) -> "Task":
        """So many edits, each with a number of its own."""
        return cls(edits, itertools.count())


class Editor(threading.Thread):
    """One person on one side. Works on what they last saw; reads again what turns out to be stale."""

    def __init__(self, office: Office, customers: list[Body], ledger: Ledger, task: Task, seed: int) -> None:
        super().__init__(name=f"editor {seed} of {office.name}", daemon=True)
        self.office = office
        self.shown = {each["id"]: each for each in customers}
        self.ledger = ledger
        self.task = task
        self.random = random.Random(seed)  # noqa: S311  (no secret: the same choices in each run)
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Edit until the task is done."""
        try:
            while len(self.ledger.acknowledged) < self.task.edits:
                if self.random.random() < BATCHES:
                    self._edit_many()
                else:
                    self._edit_one()
        except BaseException as failure:
            self.failure = failure
            raise

    def _edit_one(self) -> None:
        before = self.shown[self.random.choice(list(self.shown))]
        patch = self._patch(before)
        edit = self._edit(before, patch)
        try:
            answer = self._send("PATCH", before["id"], patch.body, {"If-Match": f'"{before["version"]}"'})
        except Unanswered:
            self._find_out(edit, before)
            return
        if answer.status_code == STALE:
            self._is_stale(before["id"], answer.json())
            return
        assert answer.is_success, answer.text
        self._saved(edit, answer.json())

    def _edit_many(self) -> None:
        chosen = self.random.sample(list(self.shown), min(ITEMS, len(self.shown)))
        patches = {local_id: self._patch(self.shown[local_id]) for local_id in chosen}
        items = [
            {"id": local_id, "version": self.shown[local_id]["version"], "body": patch.body}
            for local_id, patch in patches.items()
        ]
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        def taken() -> httpx.Response | None:
            try:
                answer = self._send("POST", None, {"items": items}, headers)
            except Unanswered:
                return None
            return answer if answer.is_success else None

        answer = eventually(taken, ANSWER_SECONDS)
        assert answer is not None
        for result, (local_id, patch) in zip(answer.json()["items"], patches.items(), strict=True):
            before = self.shown[local_id]
            if result["outcome"] == "refused":
                assert result["problem"]["status"] == STALE, result
                self._is_stale(local_id, result["problem"])
            else:
                after = {**before, **patch.body, "version": result["version"]}
                self._saved(self._edit(before, patch), after)

    def _send(self, method: str, local_id: str | None, body: Body, headers: dict[str, str]) -> httpx.Response:
        path = f"/v1/customers/{local_id}" if local_id else "/v1/customers:batch"
        try:
            answer = self.office.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise Unanswered from error
        if answer.is_server_error:
            raise Unanswered
        return answer

    def _find_out(self, edit: Edit, before: Body) -> None:
        """Read what stands there now: it shows whether the edit was saved, unless somebody has written since."""

        def read() -> Body | None:
            try:
                answer = self.office.http.get(f"/v1/customers/{before['id']}")
            except httpx.TransportError:
                return None
            found: Body | None = answer.json() if answer.is_success else None
            return found

        after = eventually(read, ANSWER_SECONDS)
        assert after is not None
        if values_of("customer", after).get(edit.group) == edit.value:
            self._saved(edit, after)
            return
        if after["version"] != before["version"]:
            self.ledger.leave_open(edit)
        self.shown[before["id"]] = after

    def _saved(self, edit: Edit, after: Body) -> None:
        self.shown[after["id"]] = after
        self.ledger.acknowledge([edit])

    def _is_stale(self, local_id: str, problem: Body) -> None:
        self.shown[local_id] = problem["current"]
        self.ledger.stale += 1

    def _edit(self, before: Body, patch: Patch) -> Edit:
        seen = values_of("customer", before).get(patch.group)
        return Edit(self.office.name, before["canonical_id"], patch.group, patch.value, seen)

    def _patch(self, before: Body) -> Patch:
        """A change of some field to a value that nobody has written before."""
        number = next(self.task.numbers)
        address = {
            "lines": [f"Street {number}"],
            "postal_code": None,
            "city": "Berlin",
            "region": None,
            "country": "DE",
        }
        terms = {"days": number % 3650, "discount_days": None, "discount_percent": None}
        plain = {
            "phone": f"+49 30 {number:07}",
            "email": f"office@edit-{number}.example",
            "website": f"https://edit-{number}.example",
            "segment": f"segment {number}",
            "source": f"source {number}",
            "notes": f"note {number}",
            "billing_address": address,
        }
        choices = ["phone", "email", "website", "segment", "source", "billing_address", "tag", "custom"] * 6 + ["notes"]
        choices += ["payment_terms"] * 4 if self.office.name == "erp" else []
        field = self.random.choice(choices)
        if field == "tag" and len(before["tags"]) < 90:
            return Patch({"tags": [*before["tags"], f"tag {number}"]}, f"tag:tag {number}", True)
        if field == "payment_terms":
            return Patch({field: terms}, field, terms)
        if field in plain:
            return Patch({field: plain[field]}, field, plain[field])
        return Patch({"custom": {**before["custom"], "edit": f"custom {number}"}}, "custom:edit", f"custom {number}")
