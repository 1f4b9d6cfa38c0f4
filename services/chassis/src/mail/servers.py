"""Where and how a mail server is reached, and why it was not."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Literal

Tls = Literal["tls", "starttls", "none"]
CONNECT_SECONDS = 15.0


@dataclass(frozen=True)
class Login:
    """A user and the secret."""

    user: str
    secret: str


@dataclass(frozen=True)
class Server:
    """A mail server. Without a login the server lets everybody in. `private`: it may be in a private network."""

    host: str
    port: int
    tls: Tls
    login: Login | None = None
    private: bool = False


class Refused(Exception):
    """The server did not do it; `permanent` when it will not do it later either."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


async def addresses_of(server: Server) -> list[str]:
    """The addresses of a server. Raises `Refused` when there is none, or one that may not be used."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused(f"{server.host} is not known: {error}") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not server.private and not all(ipaddress.ip_address(each.partition("%")[0]).is_global for each in addresses):
        raise Refused(f"{server.host} is not on the public internet")
    return addresses
