"""Brings the users and permissions of a broker to what is declared."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from stack.broker.permissions import Permission
from stack.broker.wire import AlterPasswords
from stack.errors import CannotStart

SECONDS = 30.0
UNKNOWN_CREDENTIAL = 91
ANY_HOST = "*"
ALLOW, ANY = 3, 1
PREFIXED, LITERAL = 4, 3
RESOURCES = {"topic": 2, "group": 3}
OPERATIONS = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
Row = tuple[int, str, int, str, int]
"""Resource type, resource name, pattern type, principal, operation: one permission as the protocol has it."""


def administrator(authority: Path, certificate: Path) -> dict[str, Any]:
    """How the administrator connects: by a certificate, so that there is a first user without a password."""
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate)
    return {"security_protocol": "SSL", "ssl_context": context}


async def declare(
    servers: str,
    security: Mapping[str, Any],
    passwords: Mapping[str, str],
    permissions: Mapping[str, Iterable[Permission]],
    removed: Iterable[str] = (),
) -> None:
    """Set the password of each user and exactly these permissions; `removed` users lose both.

    Permissions of users that are not named stay. Raises CannotStart when the broker refuses or does not answer.
    """
    try:
        async with asyncio.timeout(SECONDS):
            admin = AIOKafkaAdminClient(bootstrap_servers=servers, **security)
            await admin.start()
            try:
                gone = list(removed)
                await _set_passwords(admin, passwords, gone)
                wanted = {_row(user, each) for user, found in permissions.items() for each in found}
                await _set_permissions(admin, wanted, {*map(_principal, permissions), *map(_principal, gone)})
            finally:
                await admin.close()
    except (KafkaError, OSError, TimeoutError) as error:
        raise CannotStart(
            f"The users of the broker at {servers} could not be set: {str(error) or type(error).__name__}"
        ) from None


async def _set_passwords(admin: AIOKafkaAdminClient, passwords: Mapping[str, str], removed: list[str]) -> None:
    answer = await admin._send_request(AlterPasswords(passwords, removed))
    for user, code, message, _ in answer.results:
        if code and not (code == UNKNOWN_CREDENTIAL and user in removed):
            raise for_code(code)(f"{user}: {message}")


async def _set_permissions(admin: AIOKafkaAdminClient, wanted: set[Row], principals: set[str]) -> None:
    answer = await admin._send_request(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    _check(answer.error_code, answer.error_message)
    present = {
        (resource, name, pattern, principal, operation)
        for resource, name, pattern, rules in answer.resources
        for principal, _, operation, _ in rules
        if principal in principals
    }
    new = [admin._send_request(CreateAclsRequest(*_arguments(row))) for row in sorted(wanted - present)]
    old = [admin._send_request(DeleteAclsRequest(*_arguments(row))) for row in sorted(present - wanted)]
    for answered in await asyncio.gather(*new):
        [(code, message)] = answered.creation_responses
        _check(code, message)
    for answered in await asyncio.gather(*old):
        [(code, message, _)] = answered.filter_responses
        _check(code, message)


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message or "")


def _arguments(row: Row) -> tuple[int, str, int, str, str, int, int]:
    resource, name, pattern, principal, operation = row
    return resource, name, pattern, principal, ANY_HOST, operation, ALLOW


def _row(user: str, permission: Permission) -> Row:
    pattern = PREFIXED if permission.prefix else LITERAL
    resource, operation = RESOURCES[permission.resource], OPERATIONS[permission.operation]
    return resource, permission.name, pattern, _principal(user), operation


def _principal(user: str) -> str:
    return f"User:{user}"
