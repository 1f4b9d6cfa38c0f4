"""One stack for end-to-end tests and for those that kill its processes: starting it takes longer than most of them."""

import re
from collections.abc import Iterator

import pytest
from stack.services import Stack
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from .collector import Collector, collecting

RECORDS = "tests/records/"
OF_APPLICATIONS = ("tests/architecture/", "tests/contracts/")
APPLICATION = re.compile(r"\[(crm|erp|gateway)\]$")


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types.
    """One test process for all tests of a file, because they share fixtures; in the suite of records, for all tests of
    a record; and for all that look at the application of one service, which takes seconds to make.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if nodeid.startswith(OF_APPLICATIONS) and (service := APPLICATION.search(nodeid)):
            return f"application{service.group()}"
        _, bracket, record = nodeid.partition("[")
        return f"{RECORDS}[{record}" if bracket and nodeid.startswith(RECORDS) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Distribute tests with `--dist loadfile`."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """What the stack exports its traces to."""
    with collecting() as running:
        yield running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    """PostgreSQL, Kafka and all six processes, which log every step of an edit, and export the traces of which the
    caller says that they are sampled.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOG_LEVEL", "debug")
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        environment.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield from _running(tmp_path_factory)


def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), fast=True, with_mail=True) as running:
        yield running
