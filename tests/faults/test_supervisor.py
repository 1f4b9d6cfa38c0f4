"""`make run` after `kill -9` of everything it started: all of it serves again within seconds."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from stack.part import answers
from stack.ports import HOST, free_port

from ..e2e.clients import Hub, Office
from ..e2e.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.servers, pytest.mark.long]

START_SECONDS = 180.0
BACK_SECONDS = 120.0
"""The product needs less than 15; a machine that is busy with other tests needs more."""

SERVICES = ("crm", "erp", "gateway")
PARTS = 9
"""PostgreSQL, Kafka, the issuer for development, and an API and a worker of each service."""


class Run:
    """A `make run` in the background, and its services as a user meets them."""

    def __init__(self, folder: Path) -> None:
        self.ports = {service: free_port() for service in SERVICES}
        chosen = {f"{service.upper()}_PORT": str(port) for service, port in self.ports.items()}
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stack", "run"],
                env={**os.environ, **chosen, "DATA_DIR": str(folder / "data")},
                stdout=output,
                stderr=output,
            )

    def wait_until_said(self, words: str, limit_seconds: float = START_SECONDS) -> None:
        eventually(lambda: words in self.output.read_text(), limit_seconds)

    def office(self, service: str) -> Office:
        return Office(service, self.address(service), self.token)

    @property
    def hub(self) -> Hub:
        return Hub(self.address("gateway"), self.token)

    def address(self, service: str) -> str:
        return f"http://{HOST}:{self.ports[service]}"

    @property
    def token(self) -> str:
        found = re.search(r"export TOKEN=(\S+)", self.output.read_text())
        assert found is not None
        return found.group(1)

    @property
    def ready_urls(self) -> list[str]:
        workers = re.findall(r":(\d+)/metrics", self.output.read_text())
        assert len(workers) == len(SERVICES)
        return [f"http://{HOST}:{port}/readyz" for port in (*self.ports.values(), *workers)]

    def parts(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    run.wait_until_said("Ctrl-C stops everything")
    yield run
    run.process.send_signal(signal.SIGINT)
    run.process.wait(timeout=20)


def crosses(run: Run, name: str) -> None:
    """A customer that is entered in the CRM stands in the ERP."""
    run.office("crm").create("customer", name=name)
    eventually(lambda: [each for each in run.office("erp").records("customer") if each["name"] == name], BACK_SECONDS)


def test_all_parts_killed_at_once_serve_again(run: Run) -> None:
    crosses(run, "before")
    killed = run.parts()
    assert len(killed) == PARTS
    for part in killed:
        part.kill()
    began = time.monotonic()
    psutil.wait_procs(killed, timeout=10)
    eventually(lambda: all(map(answers, run.ready_urls)), BACK_SECONDS)
    ready = time.monotonic()
    crosses(run, "after")
    assert len(run.parts()) == PARTS
    print(
        f"\nall ready {ready - began:.1f} s after the kill, an edit crosses {time.monotonic() - began:.1f} s after it"
    )


def test_the_servers_and_the_front_killed_one_after_another_serve_again(run: Run) -> None:
    names = {"postgres": "bin/postgres", "kafka": "kafka.Kafka", "gateway-api": "gateway api"}
    for name, words in names.items():
        [part] = [each for each in run.parts() if words in " ".join(each.cmdline())]
        part.kill()
        run.wait_until_said(f"{name} ended; starting it again", BACK_SECONDS)
    began = time.monotonic()
    for name in names:
        run.wait_until_said(f"{name} runs again", BACK_SECONDS)
    eventually(lambda: all(map(answers, run.ready_urls)), BACK_SECONDS)
    crosses(run, "after")
    print(f"\nan edit crosses {time.monotonic() - began:.1f} s after the last kill")
