"""Personal values are in rows and in answers to who asked for them, and nowhere else."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from chassis import telemetry
from chassis.serving import metrics
from chassis.testing import OTHER_TENANT, caller, rolled_back
from crm.parties.customers.models import Customer
from crm.wiring import SERVICE as CRM
from sqlalchemy.exc import ProgrammingError

from .conftest import EVERYTHING

CANARY = {
    "name": "Zaunkoenig Kanarienvogel",
    "email": "zaunkoenig.kanarienvogel@example.com",
    "phone": "+49 30 98765432",
    "notes": "Kanari sings at night",
    "legal_entities": [{"legal_name": "Kanarienvogel GmbH", "country": "DE", "tax_id": "DE136695976"}],
    "billing_address": {"lines": ["Kanarienweg 77"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
}
SECRET = ("Zaunkoenig", "zaunkoenig", "98765432", "Kanari", "136695976")


@pytest.fixture
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.usefixtures("_logs_as_they_were")
async def test_personal_values_are_in_no_log_and_no_metric_and_told_to_nobody_else(
    addresses: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry.configure_logs("debug")
    async with (
        rolled_back(addresses["crm"], "crm") as sessions,
        caller(CRM, sessions, EVERYTHING) as api,
        caller(CRM, sessions, EVERYTHING, OTHER_TENANT, "bert") as stranger,
        caller(CRM, sessions, "deals:read") as narrow,
    ):
        made = await api.post("/v1/customers", json=CANARY)
        assert made.status_code == 201, made.text
        place, row = f"/v1/customers/{made.json()['id']}", {"If-Match": "*"}

        def broken(*_: object, **__: object) -> None:
            raise ProgrammingError("update", {"name": CANARY["name"]}, Exception(f"DETAIL: {CANARY['name']}"))

        malformed = {**CANARY, "email": "Kanari@@", "country": "Kanari"}
        answers = {
            "changed": await api.patch(place, json={"notes": CANARY["notes"]}, headers=row),
            "stale": await api.patch(place, json={"notes": "Kanari?"}, headers={"If-Match": '"99"'}),
            "twin": await api.post("/v1/customers", json=CANARY),
            "malformed": await api.post("/v1/customers", json=malformed),
            "unreadable": await api.post("/v1/customers", content=b'{"name": "Kanari'),
            "searched": await api.get("/v1/customers", params={"q": "Kanarienvogel"}),
            "forbidden": await narrow.get(place),
            "foreign": await stranger.get(place),
            "foreign twin": await stranger.post("/v1/customers", json={**CANARY, "name": 7}),
            "own twin": await stranger.post("/v1/customers", json={"name": "Someone", "email": CANARY["email"]}),
        }
        with monkeypatch.context() as seam:
            seam.setattr(Customer, "change", broken)
            answers["failed"] = await api.patch(place, json={"name": CANARY["name"]}, headers=row)
        note = await api.post(f"{place}/comments", json={"text": CANARY["notes"]})
    said = capsys.readouterr()
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == {
        "changed": 200,
        "stale": 412,
        "twin": 409,
        "malformed": 422,
        "unreadable": 422,
        "searched": 200,
        "forbidden": 403,
        "foreign": 404,
        "foreign twin": 422,
        "own twin": 201,
        "failed": 500,
    }
    assert note.status_code == 201
    assert "request_failed" in said.out, "the failure is logged"
    # A 422 may repeat to a caller what the caller sent: it is not in `silent`.
    silent = ("unreadable", "forbidden", "foreign", "foreign twin", "failed")
    places = {"log": said.out + said.err, "metrics": metrics().decode()} | {name: answers[name].text for name in silent}
    found = [(place, value) for place, text in places.items() for value in SECRET if value in text]
    assert found == []
