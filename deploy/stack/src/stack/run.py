"""`make run`: one stack in the foreground, until Ctrl-C."""

import json
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from stack.errors import CannotStart
from stack.folder import data_folder
from stack.guard import end_with_parent
from stack.plan import LOCAL_PAGES, SERVICES, Program, python_program
from stack.services import PARTITIONS, Stack
from stack.watch import Watch

DEFAULT_PORTS = {"crm": 8001, "erp": 8002, "gateway": 8003, "sign_in": 8004}
MAIL_PORTS = {"smtp": 8025, "imap": 8143}
TITLES = {"crm": "CRM", "erp": "ERP", "gateway": "Sync gateway"}
WIDEST = 240
LOOK_SECONDS = 0.3


def ports(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """The ports of the three services and of sign-in: CRM_PORT, ERP_PORT, GATEWAY_PORT, SIGN_IN_PORT, or the defaults;
    with MAIL=1 SMTP_PORT and IMAP_PORT too; KAFKA_PORT if it is set.

    Without KAFKA_PORT the broker selects a free port and stores it in its data folder.
    """
    chosen, defaults = {}, DEFAULT_PORTS | (MAIL_PORTS if wants_mail(environment) else {})
    for name in (*defaults, "kafka"):
        variable = f"{name.upper()}_PORT"
        text = environment.get(variable) or str(defaults.get(name, ""))
        if not text:
            continue
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise CannotStart(f"{variable} is {text!r}: it must be a port number from 1 to 65535.")
        chosen[name] = int(text)
    if len(set(chosen.values())) < len(chosen):
        names = ", ".join(f"{name.upper()}_PORT" for name in chosen)
        raise CannotStart(f"{names} must be different ports.")
    return chosen


def most_partitions(environment: Mapping[str, str] = os.environ) -> int:
    """The most partitions of a topic that is made: KAFKA_MOST_PARTITIONS, or a few."""
    text = environment.get("KAFKA_MOST_PARTITIONS") or str(PARTITIONS)
    if not text.isdecimal() or int(text) < 1:
        raise CannotStart(f"KAFKA_MOST_PARTITIONS is {text!r}: it must be a number from 1.")
    return int(text)


def wants_mail(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a mail server is started: MAIL=1. Logins set MAIL to the path of a mailbox, which means nothing here."""
    return environment.get("MAIL") == "1"


def secured(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether our broker has TLS, users and permissions: KAFKA_SECURE=1."""
    text = environment.get("KAFKA_SECURE") or "0"
    if text not in ("0", "1"):
        raise CannotStart(f"KAFKA_SECURE is {text!r}: it must be 0 or 1.")
    if text == "1" and environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise CannotStart("KAFKA_SECURE is for the embedded broker: leave it out, or KAFKA_BOOTSTRAP_SERVERS.")
    return text == "1"


def systems(environment: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """The spokes in SYSTEMS, each with its address or an object with its address; None if SYSTEMS is not set."""
    text = environment.get("SYSTEMS")
    if not text:
        return None
    try:
        named = json.loads(text)
    except ValueError:
        named = None
    if not isinstance(named, dict) or not named or not all(isinstance(each, str | dict) for each in named.values()):
        raise CannotStart('SYSTEMS must name every system and its address as JSON: {"crm": "http://...", ...}.')
    return named


def databases(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The external databases: DATABASE_URL_CRM, DATABASE_URL_ERP, DATABASE_URL_GATEWAY."""
    given = {service: environment.get(f"DATABASE_URL_{service.upper()}") for service in SERVICES}
    return {service: url for service, url in given.items() if url}


def run(program: Program = python_program) -> None:
    """Start everything, print the addresses, and run until Ctrl-C or SIGTERM; then stop everything.

    Raises CannotStart with one sentence.
    """
    if "MAKELEVEL" in os.environ:
        # The parent `make` may be killed instead of this process.
        end_with_parent(signal.SIGTERM, os.getppid())
    # All stop signals are handled alike, including a closed terminal. A shell starts its background jobs with SIGINT
    # ignored, so SIGINT is enabled here.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    console = wide_console()
    stack = Stack(
        data_folder(),
        ports=ports(),
        databases=databases(),
        bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None,
        systems=systems(),
        cors_origins=os.environ.get("CORS_ORIGINS") or LOCAL_PAGES,
        most_partitions=most_partitions(),
        secured=secured(),
        with_mail=wants_mail(),
        program=program,
    )
    try:
        stack.prepare()
        with console.status("Starting") as status:
            stack.say = status.update
            stack.start()
    except KeyboardInterrupt:
        console.print("Stopped before all parts were ready.")
        return
    try:
        show(stack, console)
        watch(stack, console)
    except KeyboardInterrupt:
        console.print("\nStopping")
    finally:
        stack.stop()
    console.print("Everything has stopped. The data is kept in", stack.folder, soft_wrap=True)


def wide_console() -> Console:
    """A console that leaves line wrapping to the terminal, so that a line can be copied as a whole."""
    console = Console()
    console.width = max(console.width, WIDEST)
    return console


def watch(stack: Stack, console: Console) -> None:
    """Restart dead parts until the process is interrupted."""
    keeper = Watch(stack, lambda sentence: console.print(sentence, soft_wrap=True))
    try:
        while True:
            keeper.look()
            time.sleep(LOOK_SECONDS)
    finally:
        # A second Ctrl-C must not leave a server half stopped; all waits from here on have a limit.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        keeper.close()


def show(stack: Stack, console: Console) -> None:
    """Print the addresses and commands to try."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("service", "address", "docs", "worker metrics", "commands to try"):
        table.add_column(heading, no_wrap=True)
    tries = what_to_try(stack.urls)
    for service in SERVICES:
        url = stack.urls[service]
        metrics = f":{stack.plan.worker_ports[service]}/metrics"
        table.add_row(TITLES[service], url, f"{url}/docs", metrics, tries[service])
    console.print("Concord is running.\n")
    console.print(table)
    console.print("\nThe lines above read their token from this variable (12 hours; `make -s token` prints another):")
    console.print(f"export TOKEN={stack.token()}\n", soft_wrap=True, highlight=False)
    console.print(
        f"Sign-in for front ends (OpenID Connect, client `concord`): {stack.plan.sign_in_url}", soft_wrap=True
    )
    users = "" if stack.access is None else f" (SASL_SSL; users and authority: {stack.access.folder})"
    console.print(f"Kafka: {stack.bootstrap}{users}   data and logs: {stack.folder}", soft_wrap=True)
    if stack.mail is not None:
        users = ", ".join(f"{user} (secret `{secret}`)" for user, secret in stack.mail.users.items())
        places = f"SMTP 127.0.0.1:{stack.mail.smtp_port}, IMAP 127.0.0.1:{stack.mail.imap_port}"
        console.print(f"Mail, kept until it stops: {places}; {users}", soft_wrap=True)
    console.print("Ctrl-C stops everything; make run continues where it stopped.")


def what_to_try(urls: Mapping[str, str]) -> dict[str, str]:
    """One command to paste for each service."""
    ask = "curl -s --oauth2-bearer $TOKEN"
    create = '-H content-type:application/json -d \'{"name": "Alfreds Futterkiste"}\''
    return {
        "crm": f"{ask} {urls['crm']}/v1/customers {create}",
        "erp": f"{ask} '{urls['erp']}/v1/customers?q=alfreds'",
        "gateway": f"{ask} {urls['gateway']}/v1/status",
    }
