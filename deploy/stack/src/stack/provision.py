"""The roles and the database of one service, on any PostgreSQL that an administrator can reach."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
ONE_AT_A_TIME = 0x636F6E636F7264  # An advisory lock: roles are shared by all databases of the server.


def provision(
    admin_url: str,
    name: str,
    login_password: str | None = None,
    database: str | None = None,
    template: str = "template1",
) -> str:
    """Create the roles and the database of service `name` if they are missing, and return the database's address.

    The login role `<name>` owns nothing and inherits nothing. It may switch to `<name>_owner` (owns the database;
    migrations), `<name>_app` (row-level security applies) or `<name>_worker` (all tenants). Roles of other services
    cannot connect. A second run changes only the password. `database` is the database's name if it differs from the
    service's; a new one is a copy of `template`. Raises ValueError for a name that is not a plain SQL name,
    and asyncpg's errors.
    """
    database = database or name
    for word in (name, database, template):
        if not NAME.fullmatch(word):
            raise ValueError(f"{word!r} cannot name a database: use a-z, 0-9 and _, a letter first")
    # Runs in a thread of its own, so that callers with and without an event loop can use it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, _provision(admin_url, name, login_password, database, template)).result()
    return address(admin_url, name, login_password, database)


def provision_for(admin_url: str, database_url: str) -> None:
    """Create the login and the database that a service's DATABASE_URL names, with its password."""
    parts = urlsplit(database_url)
    if not parts.username:
        raise ValueError("the address of the database contains no login")
    password = unquote(parts.password) if parts.password else None
    provision(admin_url, unquote(parts.username), password, parts.path.removeprefix("/") or None)


async def _provision(admin_url: str, name: str, login_password: str | None, database: str, template: str) -> None:
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute("select pg_advisory_lock($1)", ONE_AT_A_TIME)
        await _create_roles(admin, name, login_password)
        if not await admin.fetchval("select 1 from pg_database where datname = $1", database):
            await admin.execute(f"create database {database} owner {name}_owner template {template}")
        await admin.execute(f"revoke all on database {database} from public")
        await admin.execute(f"grant connect on database {database} to {name}")
    finally:
        await admin.close()


async def _create_roles(admin: Any, name: str, login_password: str | None) -> None:
    groups = (f"{name}_owner", f"{name}_app", f"{name}_worker")
    wanted = {name: "login noinherit", **dict.fromkeys(groups, "nologin")}
    for role, attributes in wanted.items():
        if not await admin.fetchval("select 1 from pg_roles where rolname = $1", role):
            await admin.execute(f"create role {role} {attributes}")
    for group in groups:
        await admin.execute(f"grant {group} to {name} with inherit false, set true")
    if login_password is not None:
        literal = await admin.fetchval("select quote_literal($1::text)", login_password)
        await admin.execute(f"alter role {name} password {literal}")


def address(admin_url: str, role: str, password: str | None, database: str) -> str:
    """The address of `database` for `role`, on the server of `admin_url`."""
    parts = urlsplit(admin_url)
    server = parts.netloc.rpartition("@")[2]
    login = quote(role) if password is None else f"{quote(role)}:{quote(password, safe='')}"
    query = {key: values for key, values in parse_qs(parts.query).items() if key not in ("user", "password")}
    return urlunsplit(("postgresql", f"{login}@{server}", f"/{database}", urlencode(query, doseq=True, safe="/"), ""))
