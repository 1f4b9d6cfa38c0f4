"""The users of a broker, in a private file: our services, third parties, and systems that joined over Kafka."""

import json
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from stack.broker import permissions
from stack.broker.permissions import Permission
from stack.errors import CannotStart
from stack.keys import write_private
from stack.plan import SERVICES

PASSWORD_BYTES = 32
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = {*SERVICES, "sync"}


@dataclass(frozen=True)
class User:
    """A password, and what its owner is for: the tenants whose outbound topics it reads, or a system of its own."""

    password: str
    tenants: tuple[str, ...] = ()
    system: bool = False


class Users:
    """The file of users. `ensure` creates the three services; an existing password is never replaced."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def ensure(self) -> None:
        """Create the users of our services that are missing."""
        found = self.all() if self.file.exists() else {}
        if missing := [service for service in SERVICES if service not in found]:
            self._write({**found, **{service: User(new_password()) for service in missing}})

    def all(self, without: Collection[str] = ()) -> dict[str, User]:
        """All users by name, except those `without`."""
        found = json.loads(self.file.read_text())
        return {
            name: User(each["password"], tuple(each["tenants"]), bool(each["system"]))
            for name, each in found.items()
            if name not in without
        }

    def add(self, name: str, tenants: Iterable[str] = (), *, system: bool = False) -> User:
        """Add a user, or replace what an existing one is for; it keeps its password.

        Raises CannotStart for a name of ours, a malformed name or tenant, and for a user that is for nothing.
        """
        _check_name(name)
        chosen = tuple(sorted({_tenant(each) for each in tenants}))
        if not chosen and not system:
            raise CannotStart(f"{name} would be allowed nothing: name a tenant (--tenant), or let it join (--system).")
        known = self.all()
        made = replace(known.get(name) or User(new_password()), tenants=chosen, system=system)
        self._write({**known, name: made})
        return made

    def remove(self, name: str) -> None:
        """Remove a third party or a system. Raises CannotStart when there is none of this name."""
        self.check_known(name)
        self._write(self.all(without=[name]))

    def check_known(self, name: str) -> None:
        """Raises CannotStart when there is no third party or system of this name."""
        _check_name(name)
        if name not in (known := self.all()):
            raise CannotStart(f"The broker has no user {name}: there are {', '.join(known)}.")

    def permissions(self, without: Collection[str] = ()) -> dict[str, set[Permission]]:
        """What each user may do."""
        known = self.all(without)
        systems = sorted(name for name, user in known.items() if user.system)
        tenants = sorted({tenant for user in known.values() for tenant in user.tenants})
        return {name: _allowed(name, user, systems, tenants) for name, user in known.items()}

    def _write(self, users: Mapping[str, User]) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.file, json.dumps({name: asdict(user) for name, user in users.items()}, indent=2))


def new_password() -> str:
    """A random password."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _allowed(name: str, user: User, systems: list[str], tenants: list[str]) -> set[Permission]:
    if name in SERVICES:
        return permissions.of_service(name, systems, tenants)
    found = permissions.of_third_party(name, user.tenants)
    return found | permissions.of_system(name) if user.system else found


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name) or name in RESERVED:
        raise CannotStart(
            f"{name!r} cannot be the name of a user: it needs 1 to 40 lower case letters, digits and _, begins with a "
            f"letter, and is none of {', '.join(sorted(RESERVED))}."
        )


def _tenant(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise CannotStart(f"{text!r} is not the id of a tenant.") from None
