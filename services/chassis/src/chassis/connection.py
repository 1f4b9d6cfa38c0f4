"""Connections to PostgreSQL by an address as libpq reads it, TLS included.

SQLAlchemy passes the parameters of an address to the driver's `connect`, which has no `sslmode`. The driver parses
whole addresses itself, so it gets the address unchanged.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from saving.opening import Connection

CONNECT_SECONDS = 10.0
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
SYSTEM = "system"
"""A value of `sslrootcert`: trust the authorities that the machine trusts."""

PARAMETERS = {
    *FILES, "sslmode", "sslpassword", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version",
    "host", "port", "dbname", "user", "password", "target_session_attrs", "application_name", "options",
    "connect_timeout",
}  # fmt: skip


class ConnectionUntrusted(ConnectionError):
    """TLS with the database failed; the text contains the address and the reason."""


def check(url: str) -> str:
    """The address. Raises `ValueError` with the reason when one of its parameters is unknown or invalid."""
    parameters = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    if unknown := sorted(parameters.keys() - PARAMETERS):
        raise ValueError(f"the parameter {unknown[0]} is not supported; supported are {', '.join(sorted(PARAMETERS))}")
    mode, roots = parameters.get("sslmode"), parameters.get("sslrootcert")
    if mode is not None and mode not in MODES:
        raise ValueError(f"sslmode is {mode!r}; it may be {', '.join(MODES)}")
    if roots == SYSTEM and mode != "verify-full":
        raise ValueError("sslrootcert=system needs sslmode=verify-full")
    for name in FILES:
        file = parameters.get(name)
        if file and (name, file) != ("sslrootcert", SYSTEM) and not Path(file).is_file():
            raise ValueError(f"{name} names the file {file}, which does not exist or cannot be read")
    if not parameters.get("connect_timeout", "0").isdecimal():
        raise ValueError("connect_timeout must be a number of seconds")
    return url


async def connect(url: str, server_settings: Mapping[str, str], command_timeout_seconds: float | None) -> Any:
    """A connection of asyncpg. Raises `ConnectionUntrusted` when the server's certificate is not accepted."""
    address = urlsplit(url)
    parameters = dict(parse_qsl(address.query))
    timeout = float(parameters.pop("connect_timeout", 0)) or CONNECT_SECONDS
    options: dict[str, Any] = {}
    if parameters.get("sslrootcert") == SYSTEM:
        options["ssl"] = ssl.create_default_context()
    try:
        return await asyncpg.connect(
            urlunsplit(address._replace(query=urlencode(parameters))),
            server_settings=dict(server_settings),
            timeout=timeout,
            command_timeout=command_timeout_seconds,
            connection_class=Connection,
            **options,
        )
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        place = address.netloc.rpartition("@")[2] or parameters.get("host", "")
        raise ConnectionUntrusted(f"TLS with the database at {place} failed: {reason.rstrip('.')}.") from error
