"""Replacing the signing key of an issuer: a key is added, used, and retired.

Services trust a new key before it signs. They trust the former key until the tokens that it signed have expired.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from stack.errors import CannotStart
from stack.keys import TOKEN_HOURS, Issuer, public_half, write_private

Clock = Callable[[], float]
EXPIRES = "exp"
"""Member of a public key that no longer signs: the time at which its last token expires, in seconds."""


class Listed(NamedTuple):
    """A key of an issuer. `verifies_until` is set when it no longer signs."""

    name: str
    state: str
    verifies_until: datetime | None


def add(issuer: Issuer) -> str:
    """Create a key that services trust and that does not sign yet, and return its name."""
    issuer.ensure()
    private = issuer.new_key()
    write_private(_waiting_file(issuer, private["kid"]), json.dumps(private, indent=2))
    issuer.publish([*issuer.published(), public_half(private)])
    return str(private["kid"])


def use(issuer: Issuer, name: str, clock: Clock = time.time) -> None:
    """Sign with an added key from now on; the former key's tokens stay valid until they expire.

    Raises CannotStart when the key was not added, or already signs.
    """
    issuer.ensure()
    waiting = _waiting_file(issuer, name)
    if not waiting.exists():
        raise CannotStart(f"{name} is not an added key: {_names(issuer)}.")
    former = issuer.signing_key()["kid"]
    expires = int(clock() + TOKEN_HOURS * 3600)
    keys = [{**key, EXPIRES: expires} if key["kid"] == former else key for key in issuer.published()]
    issuer.publish(keys)
    waiting.replace(issuer.private_file)


def retire(issuer: Issuer, name: str, *, now: bool = False, clock: Clock = time.time) -> None:
    """Remove a key: services refuse its tokens within five minutes.

    Raises CannotStart for the key that signs, and while its tokens are valid unless `now` is set.
    """
    found = {key["kid"]: key for key in issuer.published()}
    if name not in found:
        raise CannotStart(f"There is no key {name}: {_names(issuer)}.")
    if name == issuer.signing_key()["kid"]:
        raise CannotStart(f"{name} is the key that signs: add another and use it first.")
    if not now and clock() < (expires := found[name].get(EXPIRES, 0)):
        raise CannotStart(
            f"Tokens of {name} are valid until {_day_and_time(expires)}: retire it then, or now with --now."
        )
    issuer.publish([key for key in issuer.published() if key["kid"] != name])
    _waiting_file(issuer, name).unlink(missing_ok=True)


def listed(issuer: Issuer) -> list[Listed]:
    """The keys of an issuer, the oldest first."""
    issuer.ensure()
    signing = issuer.signing_key()["kid"]
    return [_listed(issuer, key, signing) for key in issuer.published()]


def _listed(issuer: Issuer, key: dict[str, Any], signing: str) -> Listed:
    name = key["kid"]
    if name == signing:
        return Listed(name, "signs", None)
    if _waiting_file(issuer, name).exists():
        return Listed(name, "added", None)
    return Listed(name, "verifies", datetime.fromtimestamp(key[EXPIRES], UTC) if EXPIRES in key else None)


def _waiting_file(issuer: Issuer, name: str) -> Path:
    return issuer.private_file.with_name(f"{name}.added.jwk.json")


def _names(issuer: Issuer) -> str:
    return "there are " + ", ".join(f"{key.name} ({key.state})" for key in listed(issuer))


def _day_and_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
