"""An embedded Apache Kafka: broker and controller in one process, on 127.0.0.1 only."""

import base64
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from stack.errors import CannotStart
from stack.jars import class_path
from stack.java import java
from stack.keys import write_private
from stack.ports import HOST, free_port, is_free
from stack.process import Child, wait_until

START_SECONDS = 60.0
TRIES = 3
STARTED = b"Kafka Server started"

JVM = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils.AppInfoParser=error",
)

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKER",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # The same limit as in the services: an event may have 8 MiB.
    "message.max.bytes": "8388608",
    "replica.fetch.max.bytes": "8388608",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After a crash the broker waits until its own former session expires.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


class Kafka:
    """A Kafka 4 with its log in `folder`. Several may run at once, in different folders.

    Without a port it selects a free one and stores it in the folder: the next start uses the same port if it is free.
    `listeners` are additional listeners by name and port; `properties` configure them, or replace other properties.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        log: Path | None = None,
        *,
        listeners: Mapping[str, int] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        self.listeners = dict(listeners or {})
        self.properties = {**PROPERTIES, **(properties or {})}
        self.folder = folder.resolve()
        self.log = log or self.folder / "kafka.log"
        self.fixed = port is not None
        self._port = port
        self._child: Child | None = None
        self._said_before = 0

    @property
    def bootstrap_servers(self) -> str:
        """The bootstrap address for clients. Raises CannotStart before the first start."""
        if self._port is None:
            raise CannotStart("Kafka has no port before its first start.")
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the broker. Raises CannotStart before the first start."""
        return self._broker().pid

    @property
    def running(self) -> bool:
        """True while the broker process runs."""
        return self._child is not None and self._child.running

    def start(self) -> str:
        """Format the log if there is none, start the broker, and return its bootstrap servers.

        Fetches missing jars first. Raises CannotStart with the reason.
        """
        if not self.running:
            self.begin()
        return self.finish()

    def begin(self) -> None:
        """Start the broker without waiting for it, so that others can start meanwhile; `finish` waits."""
        program, jars = java(), class_path()
        if self._port is None:
            self._port = self._kept_port() or free_port()
        elif not is_free(self._port):
            raise CannotStart(
                f"Port {self._port} is taken: stop the program that listens on it, or give Kafka another port."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self._write_properties(self._port)
        if not (self.folder / "log" / "meta.properties").exists():
            self._format(properties, program, jars)
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        self._child = Child("Kafka", [str(program), *JVM, "-cp", jars, "kafka.Kafka", str(properties)], self.log)
        self._child.start()

    def finish(self) -> str:
        """Wait until the broker answers; if its free port was taken in the meantime, try another."""
        for tries_left in reversed(range(TRIES)):
            try:
                wait_until(self._says_started, self._broker(), START_SECONDS)
            except CannotStart:
                self.kill()
                if self.fixed or not tries_left or self._port is None or is_free(self._port):
                    raise
                self._port = None
                self.begin()
            else:
                break
        # From here on clients know the port.
        self.fixed = True
        (self.folder / "port").write_text(str(self._port))
        return self.bootstrap_servers

    def stop(self, patience_seconds: float = 8.0) -> None:
        """Stop the broker cleanly: it closes its log, so the next start needs no recovery."""
        if self._child is not None:
            self._child.stop(patience_seconds)

    def kill(self) -> None:
        """Kill the broker, as a crash would; the next start recovers from its log."""
        if self._child is not None:
            self._child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _kept_port(self) -> int | None:
        try:
            port = int((self.folder / "port").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return port if is_free(port) else None

    def _broker(self) -> Child:
        if self._child is None:
            raise CannotStart("Kafka has not been started.")
        return self._child

    def _says_started(self) -> bool:
        return STARTED in self.log.read_bytes()[self._said_before :]

    def _write_properties(self, port: int) -> Path:
        controller = f"{HOST}:{free_port()}"
        advertised = [f"{name}://{HOST}:{number}" for name, number in {"BROKER": port, **self.listeners}.items()]
        properties = {
            **self.properties,
            "listeners": ",".join((*advertised, f"CONTROLLER://{controller}")),
            "advertised.listeners": ",".join(advertised),
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self.folder / "log"),
        }
        path = self.folder / "server.properties"
        write_private(path, "".join(f"{name}={value}\n" for name, value in properties.items()))
        return path

    def _format(self, properties: Path, program: Path, jars: str) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [str(program), *JVM, "-cp", jars, "kafka.tools.StorageTool", "format"]
        command += [f"--cluster-id={cluster}", "-c", str(properties), "--ignore-formatted"]
        tool = Child("Kafka's storage tool", command, self.folder / "format.log")
        tool.start()
        if not tool.wait(START_SECONDS) or tool.exit_code != 0:
            tool.kill()
            raise CannotStart(f"Kafka could not prepare {self.folder}:\n{tool.last_words()}")
