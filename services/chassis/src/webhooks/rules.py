"""Signatures, pauses, and which addresses may be called. Pure, but for the random part of secrets and pauses."""

import base64
import hmac
import ipaddress
import random
import secrets
from collections.abc import Sequence
from datetime import timedelta

PREFIX = "whsec_"
OVERLAP_HOURS = 24
SECRET_BYTES = 32
PAUSES_SECONDS = (30, 120, 480, 1920, 7200, 21_600, 43_200, 86_400)
"""Between the attempts of one message; then it has failed, after about two days."""

LONGEST_PROBE_SECONDS = 3600
"""A receiver that fails is tried once an hour at least, by its oldest message that is due."""

GONE = 410
TOO_MANY = 429
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def new_secret() -> bytes:
    """A secret of 256 bits."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """A secret as its receiver is given it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(keys: Sequence[bytes], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature for each secret, over id, time and body."""
    signed = f"{message_id}.{at}.".encode() + body
    signatures = [f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys]
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def pause(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts, with a fifth at random so that receivers are not met all at once.

    None: it was the last one.
    """
    if attempts > len(PAUSES_SECONDS):
        return None
    return timedelta(seconds=PAUSES_SECONDS[attempts - 1] * random.uniform(1.0, 1.2))  # noqa: S311  (no secret)


def probe_pause(failures: int) -> timedelta:
    """How long a receiver that has failed so often in a row is left alone."""
    return min(pause(failures) or timedelta.max, timedelta(seconds=LONGEST_PROBE_SECONDS))


def is_receivers_fault(status: int | None) -> bool:
    """Whether an answer concerns the receiver as a whole: any other message would fail in the same way."""
    return status is None or status >= 500 or status in (GONE, TOO_MANY) or 300 <= status < 400


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet. One that stands for an IPv4 address is what that one is."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
