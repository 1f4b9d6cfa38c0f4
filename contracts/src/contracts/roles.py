"""The built-in roles: what each is for, and the scopes that it grants.

A tenant may replace a role and declare further ones in each service. `replication:write` is granted by no role: the
gateway's own tokens name it. `sync:operate` reaches all tenants, so it belongs to the operator alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.scopes import EVENT_SCOPES, SCOPES

OF_MACHINES = frozenset({"replication:write"})
OF_ALL_TENANTS = frozenset({"sync:operate"})


class Visibility(StrEnum):
    """Whose records the bearer of a role sees, among those that have an owner; from the narrowest to the widest."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"

    @classmethod
    def widest(cls, said: Iterable["Visibility"]) -> "Visibility":
        """The widest one; all when no role says anything."""
        found = set(said)
        return next((each for each in reversed(cls) if each in found), cls.ALL)


@dataclass(frozen=True)
class BuiltInRole:
    """A role that every tenant has."""

    purpose: str
    scopes: frozenset[str]


_OF_EVERYBODY = ("employees:read", "jobs:read", "numbers:read", "events:read")
"""Employees, the progress of jobs, formats of numbers, and the feed of what the role may read."""


def _in_full(scope: str) -> tuple[str, ...]:
    """`name:*` stands for `name:read` and `name:write`."""
    stem = scope.removesuffix(":*")
    return (scope,) if stem == scope else (f"{stem}:read", f"{stem}:write")


def _role(purpose: str, *scopes: str) -> BuiltInRole:
    named = [full for scope in (*scopes, *_OF_EVERYBODY) for full in _in_full(scope)]
    if unknown := set(named) - SCOPES.keys():
        raise ValueError(f"there is no scope {', '.join(sorted(unknown))}")
    return BuiltInRole(purpose, frozenset(named))


_SELLS = ("customers:*", "contacts:*", "products:read", "prices:read", "inventory:read", "orders:*", "quotes:*",
          "leads:*", "deals:*", "activities:*", "mail:*", "invoices:read", "payments:read")  # fmt: skip
_READS = tuple(scope for scope in SCOPES if scope.endswith(":read"))
_READS_OF_RECORDS = tuple(sorted(set(EVENT_SCOPES.values())))

ROLES: Mapping[str, BuiltInRole] = {
    "sales": _role("Win customers and orders: customers, contacts, deals, quotes, orders.", *_SELLS),
    "sales-lead": _role(
        "Lead sales: also quotas, prices, limits of discounts, orders on hold, imports, and who owns which customer.",
        *_SELLS, "quotas:write", "prices:write", "orders:hold", "jobs:write", "templates:write",
    ),
    "service": _role(
        "Help customers after the sale: customers, contacts, orders and returns; see what was invoiced and paid.",
        "customers:*", "contacts:*", "activities:*", "mail:*", "products:read", "prices:read", "inventory:read",
        "orders:*", "invoices:read", "payments:read",
    ),
    "purchasing": _role(
        "Keep products and their stock available: products; see stock, orders, prices.",
        "products:*", "prices:read", "inventory:read", "orders:read", "customers:read", "activities:*",
    ),
    "warehouse": _role(
        "Receive, move and ship goods: stock, warehouses, shipments and returns of orders.",
        "products:read", "inventory:*", "orders:*", "customers:read",
    ),
    "accounting": _role(
        "Keep the books: invoices, payments, credit limits, the ledger and its periods, formats of numbers.",
        "customers:*", "credit:write", "contacts:read", "activities:*", "products:read", "prices:read",
        "inventory:read", "orders:read", "orders:hold", "quotes:read", "invoices:*", "payments:*", "ledger:*",
        "ledger:post", "ledger:close", "numbers:write", "jobs:write", "templates:write",
    ),
    "steward": _role(
        "Keep shared data right: resolve conflicts, correct links, clean customers, contacts and products.",
        *_READS_OF_RECORDS, "customers:write", "contacts:write", "products:write", "sync:*", "jobs:write",
    ),
    "operator": _role(
        "Run the installation: the gateway of all tenants, refused events, webhooks, jobs.",
        "sync:*", "sync:operate", "policies:write", "outbox:read", "outbox:operate", "webhooks:read", "jobs:write",
    ),
    "auditor": _role("Read everything, and write nothing.", *_READS),
    "admin": _role(
        "Everything in one tenant, roles and API keys too; not what reaches other tenants.",
        *(SCOPES.keys() - OF_MACHINES - OF_ALL_TENANTS),
    ),
}  # fmt: skip


def scopes_of(roles: Iterable[str], own: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The scopes of roles together: a declaration of the tenant's own replaces the built-in one; a name that is
    neither grants nothing."""
    granted: set[str] = set()
    for role in roles:
        if role in own:
            granted.update(own[role])
        elif role in ROLES:
            granted |= ROLES[role].scopes
    return frozenset(granted & SCOPES.keys())


def roles_document() -> dict[str, dict[str, str | list[str]]]:
    """Each role with what it is for and its scopes, for `contracts/scopes.json`."""
    return {name: {"purpose": role.purpose, "scopes": sorted(role.scopes)} for name, role in ROLES.items()}
