"""The choice of a policy for a group, in the tenant of the caller."""

from chassis.db import uuid7
from chassis.errors import Malformed, NotFound
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import GroupSpec
from gateway.kinds.changeable import refusal
from gateway.merge.policy import Policy, UnknownPolicy, parse
from gateway.resolve.log import Author
from gateway.store.holding import stored
from gateway.store.policies import BUILT_IN, PolicyRow, versions
from gateway.store.registrations import policies_change


class NoSuchVersion(NotFound):
    code = "no-such-version"
    title = "The policy has no such version"
    hint = "GET /v1/policies/{{kind}}/{{group}} lists the versions; 1 is the built-in policy."


async def choose(session: AsyncSession, kind: str, group: GroupSpec, text: str, author: Author) -> None:
    """Put a policy in force for later merges of all processes. The policy in force already is no new version.

    Raises `Malformed` for a policy that the group may not have.
    """
    policy = named(text)
    if because := refusal(kind, group, policy, await stored(session)):
        raise Malformed(errors=[{"field": "policy", "code": "choice", "message": because}])
    await policies_change(session)
    newest = (await versions(session, kind, group.pattern))[:1]
    in_force = newest[0].policy if newest else group.policy.name
    if policy.name == in_force:
        return
    version = newest[0].version + 1 if newest else BUILT_IN + 1
    row = PolicyRow(id=uuid7(), kind=kind, group_key=group.pattern, version=version, policy=policy.name)
    row.author, row.reason, row.at = author.actor, author.reason, author.now
    session.add(row)
    await session.flush()


async def roll_back(session: AsyncSession, kind: str, group: GroupSpec, version: int, author: Author) -> None:
    """Put an earlier version in force again, as a new version. Raises `NoSuchVersion`."""
    known = {row.version: row.policy for row in await versions(session, kind, group.pattern)}
    policy = {BUILT_IN: group.policy.name, **known}.get(version)
    if policy is None:
        raise NoSuchVersion(version=version)
    await choose(session, kind, group, policy, author)


def named(text: str) -> Policy:
    """The policy of this name. Raises `Malformed`."""
    try:
        return parse(text)
    except UnknownPolicy as error:
        raise Malformed(errors=[{"field": "policy", "message": str(error)}]) from None
