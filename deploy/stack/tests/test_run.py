"""`make run` in a terminal, with fakes for the services."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from stack.errors import CannotStart
from stack.folder import data_folder
from stack.part import answers
from stack.ports import HOST, free_port
from stack.run import databases, most_partitions, ports, systems
from stack.services import Stack

PROGRAM = str(Path(__file__).with_name("run_with_fakes.py"))


# Addresses on which nothing listens: the fakes use neither a database nor a broker.
GIVEN = {
    "DATABASE_URL_CRM": "postgresql://crm@127.0.0.1:9/crm",
    "DATABASE_URL_ERP": "postgresql://erp@127.0.0.1:9/erp",
    "DATABASE_URL_GATEWAY": "postgresql://gateway@127.0.0.1:9/gateway",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
}


class Run:
    """A `make run` in the background."""

    def __init__(self, folder: Path, **environment: str) -> None:
        chosen = {f"{name}_PORT": str(free_port()) for name in ("CRM", "ERP", "GATEWAY", "SIGN_IN")}
        self.environment = {**os.environ, "DATA_DIR": str(folder), **chosen, **environment}
        self.output = folder.with_suffix(".output")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, PROGRAM], env=self.environment, stdout=output, stderr=output
            )

    def wait_until_said(self, words: str, limit_seconds: float = 60) -> None:
        deadline = time.monotonic() + limit_seconds
        while words not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.05)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path / "data")
    yield run
    run.process.kill()
    run.process.wait()


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path / "data", **GIVEN)
    yield run
    run.process.kill()
    run.process.wait()


@pytest.mark.servers
def test_ctrl_c_stops_everything_within_ten_seconds(running: Run) -> None:
    running.wait_until_said("Ctrl-C stops everything")
    family = running.family()
    assert len(family) >= 8
    asked = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=10) == 0
    assert time.monotonic() - asked < 10
    assert not [process for process in family if process.is_running()]
    assert "The data is kept in" in running.output.read_text()


@pytest.mark.servers
def test_killing_it_leaves_no_process_and_the_next_run_continues(running: Run, tmp_path: Path) -> None:
    running.wait_until_said("Ctrl-C stops everything")
    family = running.family()
    running.process.kill()
    running.process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    again = Run(tmp_path / "data")
    again.wait_until_said("Ctrl-C stops everything")
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=10) == 0


@pytest.mark.servers
def test_with_databases_and_a_broker_of_others_it_starts_only_the_services(light: Run) -> None:
    light.wait_until_said("Ctrl-C stops everything")
    commands = {" ".join(process.cmdline()[-2:]) for process in light.family()}
    of_services = {f"{name} {verb}" for name in ("crm", "erp", "gateway") for verb in ("api", "worker")}
    assert commands == of_services | {"stack.sign_in serve"}
    light.process.terminate()
    assert light.process.wait(timeout=10) == 0


@pytest.mark.servers
def test_the_table_names_addresses_and_a_line_to_paste(light: Run) -> None:
    light.wait_until_said("Ctrl-C stops everything")
    said = light.output.read_text()
    for name in ("CRM", "ERP", "GATEWAY"):
        assert f"http://127.0.0.1:{light.environment[f'{name}_PORT']}" in said
    assert f"client `concord`): http://127.0.0.1:{light.environment['SIGN_IN_PORT']}\n" in said
    assert "curl -s --oauth2-bearer $TOKEN http" in said
    assert re.search(r"export TOKEN=[\w-]+\.[\w-]+\.[\w-]+\n", said)


@pytest.mark.servers
def test_a_second_run_in_the_same_folder_is_refused_in_one_sentence(light: Run) -> None:
    light.wait_until_said("Ctrl-C stops everything")
    refused = Run(Path(light.environment["DATA_DIR"]))
    assert refused.process.wait(timeout=20) == 1
    said = refused.output.read_text()
    assert "already runs" in said
    assert said.count("\n") == 1


@pytest.mark.servers
def test_a_service_that_dies_is_started_again(light: Run) -> None:
    light.wait_until_said("Ctrl-C stops everything")
    [api] = [process for process in light.family() if process.cmdline()[-2:] == ["crm", "api"]]
    api.kill()
    light.wait_until_said("crm-api ended; starting it again at once")
    light.wait_until_said("crm-api runs again")


@pytest.mark.servers
def test_killing_the_make_that_started_it_stops_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    program = f"import subprocess, sys; subprocess.run([sys.executable, {PROGRAM!r}])"
    ports_chosen = {f"{name}_PORT": str(free_port()) for name in ("CRM", "ERP", "GATEWAY", "SIGN_IN")}
    make = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "DATA_DIR": str(data), "MAKELEVEL": "1", **GIVEN, **ports_chosen},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not is_ready(int(ports_chosen["GATEWAY_PORT"])):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    family = psutil.Process(make.pid).children(recursive=True)
    make.kill()
    make.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def is_ready(port: int) -> bool:
    return answers(f"http://{HOST}:{port}/readyz")


@pytest.mark.servers
def test_ctrl_c_while_starting_stops_as_well(running: Run) -> None:
    time.sleep(1.0)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=10) is not None
    assert not [line for line in psutil.process_iter(["environ"]) if belongs_to(line, running)]


def belongs_to(process: psutil.Process, run: Run) -> bool:
    environment = process.info["environ"] or {}
    return bool(environment.get("DATA_DIR") == run.environment["DATA_DIR"])


def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        run = Run(tmp_path / "data", ERP_PORT=str(port))
        assert run.process.wait(timeout=20) == 1
    said = run.output.read_text()
    assert said == f"Port {port} is taken: stop the program that listens on it, or set ERP_PORT to another port.\n"
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_missing_java_is_said_before_anything_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.java.candidates", list)
    with pytest.raises(CannotStart, match="needs Java 17 or later"):
        Stack(tmp_path).start()
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("wrong", ["eighty", "0", "70000"])
def test_a_port_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(CannotStart, match=r"CRM_PORT is .* it must be a port number"):
        ports({"CRM_PORT": wrong})


def test_two_services_cannot_share_a_port() -> None:
    with pytest.raises(CannotStart, match="must be different ports"):
        ports({"CRM_PORT": "8002"})
    with pytest.raises(CannotStart, match="must be different ports"):
        ports({"KAFKA_PORT": "8002"})


@pytest.mark.parametrize("wrong", ["crm", "[]", "{}", '{"crm": 8001}'])
def test_systems_that_are_no_addresses_by_name_are_refused(wrong: str) -> None:
    with pytest.raises(CannotStart, match="SYSTEMS must name every system"):
        systems({"SYSTEMS": wrong})


def test_the_port_of_kafka_and_the_systems_are_taken_from_the_environment() -> None:
    assert ports({"KAFKA_PORT": "9092"})["kafka"] == 9092


def test_a_bad_number_of_partitions_is_refused_before_anything_starts() -> None:
    assert (most_partitions({}), most_partitions({"KAFKA_MOST_PARTITIONS": "6"})) == (2, 6)
    with pytest.raises(CannotStart, match="KAFKA_MOST_PARTITIONS is '0'"):
        most_partitions({"KAFKA_MOST_PARTITIONS": "0"})
    assert systems({"SYSTEMS": '{"shop": "http://127.0.0.1:1"}'}) == {"shop": "http://127.0.0.1:1"}
    assert systems({"SYSTEMS": '{"shop": {"address": "http://shop"}}'}) == {"shop": {"address": "http://shop"}}
    assert systems({}) is None


def test_a_mail_server_has_ports_if_it_is_wanted() -> None:
    wanted = ports({"MAIL": "1", "IMAP_PORT": "143"})
    assert (wanted["smtp"], wanted["imap"]) == (8025, 143)
    assert "smtp" not in ports({"MAIL": "/var/mail/anna"})


def test_the_usual_ports_and_folder_are_taken_without_a_choice() -> None:
    assert ports({}) == {"crm": 8001, "erp": 8002, "gateway": 8003, "sign_in": 8004}
    assert data_folder({}).name == ".data"
    assert databases({"DATABASE_URL_ERP": "postgresql://erp@db/erp"}) == {"erp": "postgresql://erp@db/erp"}
