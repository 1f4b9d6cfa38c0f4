"""Policies that tenants have chosen, in versions that are never changed; without one the built-in policy is in force.

A change raises a number in the row that every merge locks (`system_changes`): a merge under way ends under the policies
that it has read, and every later one, in any process, knows the new ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, Text, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.kinds import KindSpec, kind_spec
from gateway.merge.policy import parse
from gateway.store.tables import Base

BUILT_IN = 1
"""The version of the built-in policy of every group."""


class PolicyRow(Base):
    """One version of the policy of a group, which a tenant has chosen."""

    __tablename__ = "policies"
    __table_args__ = (Index("ix_policies_newest", "tenant_id", "kind", "group_key", "version", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    group_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    policy: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


@dataclass(frozen=True)
class Policies:
    """The kinds as tenants merge them: what is not chosen is built in."""

    chosen: Mapping[tuple[UUID, str], Mapping[str, PolicyRow]] = field(default_factory=dict)
    _specs: dict[tuple[UUID, str], KindSpec] = field(default_factory=dict)

    def spec(self, tenant: UUID, kind: str) -> KindSpec:
        """The kind under the policies of a tenant. Raises `UnknownKind`."""
        if (tenant, kind) not in self.chosen:
            return kind_spec(kind)
        if (tenant, kind) not in self._specs:
            self._specs[tenant, kind] = _under(kind_spec(kind), self.chosen[tenant, kind])
        return self._specs[tenant, kind]


NO_CHOICES = Policies()


def _under(spec: KindSpec, chosen: Mapping[str, PolicyRow]) -> KindSpec:
    groups = (
        replace(group, policy=parse(chosen[group.pattern].policy, chosen[group.pattern].version))
        if group.pattern in chosen
        else group
        for group in spec.groups
    )
    return replace(spec, groups=tuple(groups))


async def current(session: AsyncSession) -> Policies:
    """The policies in force: of the session's tenant, or of all tenants for the worker."""
    key = PolicyRow.tenant_id, PolicyRow.kind, PolicyRow.group_key
    newest = select(PolicyRow).ext(distinct_on(*key)).order_by(*key, PolicyRow.version.desc())
    chosen: dict[tuple[UUID, str], dict[str, PolicyRow]] = {}
    for row in await session.scalars(newest):
        chosen.setdefault((row.tenant_id, row.kind), {})[row.group_key] = row
    return Policies(chosen)


async def versions(session: AsyncSession, kind: str, group: str) -> Sequence[PolicyRow]:
    """The chosen versions of the policy of a group, the newest first."""
    wanted = select(PolicyRow).where(PolicyRow.kind == kind, PolicyRow.group_key == group)
    return (await session.scalars(wanted.order_by(PolicyRow.version.desc()))).all()
