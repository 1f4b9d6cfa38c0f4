"""The published files, as a third party would read them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
from chassis.bus import Message
from chassis.events import STRUCTURED, to_headers
from contracts.kinds.announced import ANNOUNCED

FOLDER = Path(__file__).parents[2] / "contracts"
TOPICS = sorted(
    path.stem for path in (FOLDER / "examples").glob("*.v1.json") if not path.stem.startswith("replication")
)
ANNOUNCED_TOPICS = [f"{kind.by}.{kind.name}.v1" for kind in ANNOUNCED.values()]
SPOKE_TOPICS = [topic for topic in TOPICS if not topic.startswith("sync.") and topic not in ANNOUNCED_TOPICS]


def example(name: str) -> dict[str, Any]:
    """The golden example of an event, or of a body of the port."""
    read: dict[str, Any] = json.loads((FOLDER / f"examples/{name}.json").read_text(encoding="utf-8"))
    return read


@cache
def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    """The published schema."""
    document = json.loads((FOLDER / f"schemas/{name}.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(document, validate_formats=True)


def assert_valid(name: str, document: Any) -> None:
    """Fail with every breach of the published schema."""
    plain = json.loads(orjson.dumps(document))
    breaches = [f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in schema(name).iter_errors(plain)]
    assert breaches == [], f"{name}: {breaches}"


def attributes(topic: str) -> dict[str, str]:
    """The example's attributes that say something."""
    return {name: v for name, v in example(topic).items() if name not in ("data", "datacontenttype") and v is not None}


def binary(topic: str) -> Message:
    """The example as a Kafka message in binary mode."""
    said, data = attributes(topic), orjson.dumps(example(topic)["data"])
    return Message(topic, said["subject"].encode(), data, tuple(to_headers(said)), 0, 0)


def structured(topic: str) -> Message:
    """The example as a Kafka message in structured mode."""
    headers = (("content-type", STRUCTURED.encode()),)
    return Message(topic, None, orjson.dumps(example(topic)), headers, 0, 0)
