"""Declarations that another system brings."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.testing import delivered, item

pytestmark = pytest.mark.servers
CANONICAL = UUID("01900000-0000-7000-8000-00000000000d")
PLACE = {"record": "contact", "key": "shoe_size"}
PATH = "/v1/custom-fields/shoe_size?record=contact"


async def brought(api: httpx.AsyncClient, rev: int = 1, **groups: Any) -> dict[str, Any]:
    (outcome,) = await delivered(api, "custom_field", item(CANONICAL, rev=rev, **groups))
    return outcome


async def test_a_field_that_another_system_declares_takes_values_here(api: httpx.AsyncClient) -> None:
    content = {"type": "integer", "choices": []}
    outcome = await brought(api, place=PLACE, label="Shoe size", content=content, life="live")
    assert outcome["outcome"] == "applied", outcome
    declared = (await api.get(PATH)).json()
    assert (declared["label"], declared["type"], declared["canonical_id"]) == ("Shoe size", "integer", str(CANONICAL))
    taken = await api.post("/v1/contacts", json={"name": "Maria", "custom": {"shoe_size": 38}})
    assert taken.json()["custom"] == {"shoe_size": 38}


async def test_another_type_is_rejected_and_a_withdrawal_taken_over(api: httpx.AsyncClient) -> None:
    await brought(api, place=PLACE, label="Shoe size", content={"type": "integer", "choices": []})
    outcome = await brought(api, 2, content={"type": "text", "choices": []})
    assert (outcome["outcome"], outcome["problem"]["type"]) == ("rejected", "/problems/custom-field-type-is-fixed")
    assert (await brought(api, 3, life="dead"))["outcome"] == "applied"
    assert (await api.get(PATH)).status_code == 404


async def test_a_field_that_is_declared_on_both_sides_waits_for_the_hub_to_see_both(api: httpx.AsyncClient) -> None:
    await api.put(PATH, json={"label": "Shoe size", "type": "integer"})
    outcome = await brought(api, place=PLACE, label="Size", content={"type": "integer", "choices": []})
    assert (outcome["outcome"], outcome["local_id"]) == ("skipped", None)
