"""A standalone Kafka Connect with Debezium's connectors, for the bench only."""

import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.errors import CannotStart
from stack.jars import class_path
from stack.java import java
from stack.keys import write_private
from stack.ports import HOST, free_port
from stack.process import Child, StoppedAtExit, wait_until

LOCK = Path(__file__).with_name("jgo.lock.toml")
JVM = ("-Xms256m", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
"""The heap is that of Kafka's own script."""

START_SECONDS = 120
FAILED = re.compile(r"^.*(Task threw an uncaught|Failed to create|failed to start|Exception:).*$", re.MULTILINE)
WORKER = {
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "plugin.discovery": "only_scan",
    "connector.client.config.override.policy": "All",
    "producer.linger.ms": "0",
    "producer.max.request.size": "8388608",
}


class Connect(StoppedAtExit):
    """A process with these connectors. Fetches missing jars as it starts. Raises CannotStart with the reason."""

    def __init__(self, folder: Path, bootstrap_servers: str, connectors: Sequence[Mapping[str, str]]) -> None:
        self.folder, self.bootstrap_servers, self.connectors = folder, bootstrap_servers, connectors
        self.log = folder / "connect.log"
        self.port = free_port()
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises CannotStart before the start."""
        if self._child is None:
            raise CannotStart("Kafka Connect has not been started.")
        return self._child.pid

    def start(self) -> None:
        """Start the worker and wait until its REST interface listens; the connectors start after that."""
        program, jars = java(), class_path(lock=LOCK)
        self.folder.mkdir(parents=True, exist_ok=True)
        listener = f"http://{HOST}:{self.port}"
        worker = {**WORKER, "bootstrap.servers": self.bootstrap_servers, "listeners": listener}
        worker["offset.storage.file.filename"] = str(self.folder / "offsets")
        files = [self._write("worker", worker), *(self._write(each["name"], each) for each in self.connectors)]
        command = [str(program), *JVM, "-cp", jars, "org.apache.kafka.connect.cli.ConnectStandalone", *files]
        self._child = Child("Kafka Connect", command, self.log)
        self._child.start()
        try:
            wait_until(self._listens, self._child, START_SECONDS)
        except CannotStart:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the worker; its connectors end with it."""
        if self._child is not None:
            self._child.stop()

    def check(self) -> None:
        """Raise CannotStart with the first failure that the log shows."""
        if self._child is None or not self._child.running:
            raise CannotStart("Kafka Connect has ended.")
        if failed := FAILED.search(self.log.read_text(errors="replace")):
            raise CannotStart(f"A connector failed: {failed[0][:500]}")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def _write(self, name: str, properties: Mapping[str, str]) -> str:
        path = self.folder / f"{name}.properties"
        write_private(path, "".join(f"{key}={value}\n" for key, value in properties.items()))
        return str(path)
