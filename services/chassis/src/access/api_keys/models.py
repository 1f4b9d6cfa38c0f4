"""The table of API keys."""

from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.db import Base, uuid7
from chassis.errors import Conflict
from chassis.retention import Expiry
from localisation import Counted
from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from access.api_keys import rules


class TooManyKeys(Conflict):
    code = "too-many-api-keys"
    title = "There are as many API keys as are allowed"
    detail = Counted(
        "A tenant has {most} key at most that is neither revoked nor expired.",
        "A tenant has {most} keys at most that are neither revoked nor expired.",
        by="most",
    )
    hint = "Revoke a key that is not used any more: GET /v1/api-keys shows the last use of each."


class ApiKey(Base):
    """A key. Of its text only the digest is kept. `last_used_at` is written at most once a minute."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "tenant_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(Text)

    @property
    def prefix(self) -> str:
        """The part of the key that is no secret."""
        return rules.shown(self.tenant_id, self.id)

    def in_force(self, now: datetime) -> bool:
        """Whether the key is accepted."""
        return self.revoked_at is None and now < self.expires_at

    def revoke(self, actor: str, now: datetime) -> None:
        """Accept the key no longer. Revoking it again changes nothing."""
        if self.revoked_at is None:
            self.revoked_at, self.revoked_by = now, actor


ENDED_KEYS = Expiry(
    "api_keys",
    """
    with gone as (
        delete from api_keys where id in (
            select id from api_keys where least(expires_at, revoked_at) < :before limit :batch
        ) returning id
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)
