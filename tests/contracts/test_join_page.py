"""What services/JOIN.md shows is what the published files and the gateway say."""

import json
import re
from pathlib import Path
from typing import Any

from chassis.bus import Message
from chassis.events import Event, to_headers
from contracts.kinds import TABLES
from contracts.kinds.table import WRITES
from gateway.ingest.consume import read
from shop.store import GROUPS, REQUIRED

from .published import assert_valid

PAGE = (Path(__file__).parents[2] / "services/JOIN.md").read_text(encoding="utf-8")


def shown_event() -> dict[str, Any]:
    """The example of the page."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    event: dict[str, Any] = json.loads(text)
    return event


def test_the_event_of_the_page_is_one_that_the_gateway_merges() -> None:
    event = shown_event()
    assert_valid("cloudevent", event)
    assert_valid("crm.customer.v1", event["data"])
    envelope = Event.from_attributes(event, event["data"])
    message = Message(
        "shop.customer.v1", b"17", json.dumps(event["data"]).encode(), tuple(to_headers(envelope.attributes()))
    )
    assert read(message, {"shop": {"customer": WRITES}}).event.snapshot["phone"] == "030-0074321"


def test_the_shop_keeps_every_group_of_its_kinds() -> None:
    for kind, groups in GROUPS.items():
        assert set(groups.split()) == {group.name for group in TABLES[kind].groups}
        assert set(REQUIRED[kind]) == {*TABLES[kind].required, "life"}


def test_the_page_names_the_required_groups() -> None:
    (said,) = re.findall(r"A required group is missing \((.*?)\)", PAGE, re.DOTALL)
    for group in {*REQUIRED["customer"], *REQUIRED["product"], *REQUIRED["order"]}:
        assert f"`{group}`" in said
