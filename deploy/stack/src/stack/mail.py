"""An embedded mail server, GreenMail: SMTP and IMAP on 127.0.0.1 only, with mail in memory."""

from collections.abc import Mapping
from pathlib import Path

from stack.jars import REPOSITORY, class_path
from stack.java import java
from stack.ports import HOST, free_port, is_free
from stack.process import Child, StoppedAtExit, wait_until

LOCK = REPOSITORY / "deploy" / "mail" / "jgo.lock.toml"
START_SECONDS = 60.0
USERS = {"sales@teehaus.example": "sales", "ana@trujillo.example": "ana"}
"""The users of `make run MAIL=1`, with their secrets: our mailbox and that of a customer."""

RUNNER = "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner"
JVM = ("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true")


class MailServer(StoppedAtExit):
    """A mail server with these users, whose secrets are given by their addresses: `{"anna@tea.example": "secret"}`.

    Without ports it selects free ones. A message for an address that is no user's makes one, without a secret.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        log: Path | None = None,
        *,
        smtp_port: int | None = None,
        imap_port: int | None = None,
    ) -> None:
        self.folder = folder
        self.log = log or folder / "mail.log"
        self.users = dict(users)
        self.smtp_port, self.imap_port = smtp_port or 0, imap_port or 0
        self._child: Child | None = None

    @property
    def running(self) -> bool:
        """True while the server runs."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """The process id; 0 before the first start."""
        return self._child.pid if self._child else 0

    def start(self) -> str:
        """Start the server and return the address of its SMTP. Raises CannotStart with the reason."""
        self.smtp_port, self.imap_port = self.smtp_port or free_port(), self.imap_port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        program, jars = java(), class_path(lock=LOCK)
        users = ",".join(
            f"{email.partition('@')[0]}:{key}@{email.partition('@')[2]}" for email, key in self.users.items()
        )
        options = {
            "smtp.hostname": HOST,
            "smtp.port": str(self.smtp_port),
            "imap.hostname": HOST,
            "imap.port": str(self.imap_port),
            "users": users,
            "users.login": "email",
        }
        set_up = [f"-Dgreenmail.{name}={value}" for name, value in options.items()]
        command = [str(program), *JVM, *set_up, "-cp", jars, RUNNER]
        self._child = Child("mail", command, self.log)
        self._child.start()
        wait_until(self._listens, self._child, START_SECONDS)
        return f"{HOST}:{self.smtp_port}"

    def stop(self, patience_seconds: float = 8.0) -> None:
        """Stop the server; its mail is lost."""
        if self._child is not None:
            self._child.stop(patience_seconds)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._child is not None:
            self._child.kill()

    def _listens(self) -> bool:
        return not is_free(self.smtp_port) and not is_free(self.imap_port)
