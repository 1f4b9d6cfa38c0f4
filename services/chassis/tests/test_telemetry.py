import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from chassis import telemetry

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.usefixtures("_logs_as_they_were")
def test_logs_are_json_with_correlation_and_trace_whoever_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logs("info")
    with telemetry.relayed(PARENT, "c-1"):
        structlog.get_logger("ours").info("order_confirmed", number=7)
        structlog.get_logger("ours").debug("too quiet")
        logging.getLogger("library").warning("pool is %s", "full")
        try:
            raise ValueError("boom")
        except ValueError:
            structlog.get_logger("ours").exception("failed")
    ours, library, failed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (ours["event"], ours["number"], ours["level"]) == ("order_confirmed", 7, "info")
    assert library["event"] == "pool is full"
    assert "ValueError: boom" in failed["exception"]
    for line in (ours, library, failed):
        assert (line["correlation_id"], line["trace_id"]) == ("c-1", "a" * 32)
        assert line["timestamp"].endswith("Z")


def test_work_goes_on_below_the_trace_that_caused_it() -> None:
    with telemetry.relayed(PARENT, "c-1"):
        assert telemetry.traceparent() == PARENT
        with telemetry.relayed():
            assert telemetry.traceparent() == PARENT
            assert telemetry.correlation_id.get() == "c-1"
    assert telemetry.correlation_id.get() is None
    assert telemetry.traceparent() is None


@pytest.mark.parametrize("parent", [None, "", "nonsense", f"00-{'0' * 32}-{'b' * 16}-01"])
def test_without_a_readable_parent_a_trace_begins(parent: str | None) -> None:
    with telemetry.relayed(parent):
        first = telemetry.traceparent()
    with telemetry.relayed(parent):
        second = telemetry.traceparent()
    assert first and second and first != second
