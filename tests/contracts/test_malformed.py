"""What every operation answers to a body in which everything is wrong: all of it at once, in words of our own."""

import re
from collections.abc import Iterator

import pytest
from chassis.service import Service
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY

from .wire import System
from .wrong import Json, Wrong, check, documented

pytestmark = pytest.mark.servers
SOME = "01900000-0000-7000-8000-000000000009"
IDS = {
    "month": "2026-11", "currency": "EUR", "key": "colour", "name": "erp", "kind": "customer",
    "delivery_id": f"{SOME}.erp", "group": "email",
}  # fmt: skip


def _bodies(document: Json) -> Iterator[tuple[str, str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("security") == []:  # A form, whose fields a tenant declares; tested with the forms.
                continue
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                if "json" in media_type and "merge-patch" not in media_type:
                    yield method.upper(), path, media_type, content["schema"]


@pytest.mark.parametrize("service", [CRM, ERP, GATEWAY], ids=lambda each: each.name)
async def test_all_that_is_wrong_with_a_body_is_said_at_once_and_in_our_words(
    systems: dict[str, System], service: Service
) -> None:
    document = documented(service)
    client = systems[service.name].client
    for method, path, media_type, schema in _bodies(document):
        wrong = Wrong(document["components"]["schemas"])
        body = wrong.of(schema)
        address = re.sub(r"{(\w+)}", lambda name: IDS.get(name[1], SOME), path)
        headers = {"Content-Type": media_type, "If-Match": '"1"'}
        answer = await client.request(method, address, json=body, headers=headers)
        assert answer.status_code == 422, (method, path, answer.text)
        # Bodies of a batch are checked one by one: `tests/records` looks at their answers.
        expected = {each for each in wrong.fields if ":batch" not in path or "[0].body" not in each}
        check(answer.json()["errors"], expected)
