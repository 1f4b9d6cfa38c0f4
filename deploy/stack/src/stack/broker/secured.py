"""The embedded broker with TLS, passwords and permissions."""

from pathlib import Path

from stack.broker.access import ADMINISTRATION, Access
from stack.kafka import Kafka
from stack.ports import HOST, free_port


class SecuredKafka(Kafka):
    """An embedded Kafka whose users and permissions are set at each start, so a changed file needs no new log."""

    def __init__(self, folder: Path, access: Access, port: int | None = None, log: Path | None = None) -> None:
        access.ensure()
        super().__init__(folder, port, log, listeners={ADMINISTRATION: free_port()}, properties=access.properties())
        self.access = access

    @property
    def administration(self) -> str:
        """The listener for the administrator."""
        return f"{HOST}:{self.listeners[ADMINISTRATION]}"

    def finish(self) -> str:
        """Wait until the broker answers, then set its users and permissions."""
        servers = super().finish()
        self.access.apply(self.administration)
        self.access.keep_address(self.administration)
        return servers
