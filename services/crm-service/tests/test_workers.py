"""Several processes that share the port of the API: all of them answer, and none outlives the one that started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest
from crm.wiring import SERVICE
from sealing import new_key
from stack.ports import free_port

pytestmark = pytest.mark.servers
START_SECONDS = 120


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


class Api:
    """`python -m crm api` with two workers, as a supervisor starts it."""

    def __init__(self, address: str) -> None:
        port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": address,
            "PORT": str(port),
            "WORKERS": "2",
            "SEALING_KEYS": new_key(),
        }
        self.process = subprocess.Popen([sys.executable, "-m", SERVICE.name, "api"], env=environment)
        self.url = f"http://127.0.0.1:{port}"
        self.workers: list[psutil.Process] = []

    def started(self) -> bool:
        """Whether both workers have served, which their metrics say."""
        try:
            httpx.get(f"{self.url}/livez", headers={"Connection": "close"}, timeout=5)
        except httpx.HTTPError:
            return False
        children = psutil.Process(self.process.pid).children()
        self.workers = [each for each in children if "spawn_main" in " ".join(each.cmdline())]
        return len(self.workers) == 2 and all(each.net_connections() for each in self.workers)

    def gone(self) -> bool:
        return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in self.workers)


@pytest.fixture
def api(address: str) -> Iterator[Api]:
    made = Api(address)
    assert within(START_SECONDS, made.started)
    yield made
    made.process.kill()
    made.process.wait(10)


def test_each_process_answers_for_all_and_a_signal_stops_them(api: Api) -> None:
    for _ in range(20):
        assert httpx.get(f"{api.url}/v1/customers", headers={"Connection": "close"}).status_code == 401
    counts = [
        sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(COUNT) and '"401"' in line)
        for text in (httpx.get(f"{api.url}/metrics").text for _ in range(4))
    ]
    assert counts == [20.0] * 4
    api.process.send_signal(signal.SIGTERM)
    assert within(15, lambda: api.process.poll() is not None and api.gone())


COUNT = "http_request_seconds_count{"


def test_no_process_outlives_the_one_that_started_it(api: Api) -> None:
    api.process.kill()
    assert within(10, api.gone)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{api.url}/livez")
