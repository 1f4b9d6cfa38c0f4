"""Which addresses the issuer sends people back to. Pure."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT = tuple(
    f"http://{host}{path}"
    for host in ("localhost", "127.0.0.1")
    for path in ("/", "/callback", "/docs/oauth2-redirect")
)
"""Pages of front ends that are developed on this machine, and the documentation of the services."""


def is_registered(address: str, registered: Iterable[str]) -> bool:
    """Whether an address is registered: exactly, or on this machine with any port (RFC 8252, section 7.3)."""
    try:
        parts = _without_port(urlsplit(address))
    except ValueError:
        return False
    return any(address == each or (parts is not None and parts == _without_port(urlsplit(each))) for each in registered)


def _without_port(parts: SplitResult) -> tuple[str, str, str] | None:
    """What of an address on this machine must be equal; None for any other, and for one with a login or a fragment."""
    parts.port  # noqa: B018  (raises ValueError for a port that is none)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or "@" in parts.netloc or parts.fragment:
        return None
    return parts.hostname, parts.path, parts.query
