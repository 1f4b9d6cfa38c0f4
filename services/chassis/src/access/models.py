"""The tables of roles and of their assignments."""

from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.db import TENANT, Base
from chassis.errors import Conflict, Forbidden
from localisation import Counted
from sqlalchemy import Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class GrantExceedsOwn(Forbidden):
    code = "grant-exceeds-own"
    title = "The grant exceeds the caller's own rights"
    detail = "You would grant {exceeding}, which you do not have."
    hint = "Leave it out, or ask somebody who has it. GET /v1/me shows your scopes and limits."


class TooManyRoles(Conflict):
    code = "too-many-roles"
    title = "There are as many roles as are allowed"
    detail = Counted("A tenant declares {most} role at most.", "A tenant declares {most} roles at most.", by="most")
    hint = "Delete a role that is not used any more."


class Changed:
    """Who has written a row last, and its version for `If-Match`."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    def count_on(self, actor: str) -> None:
        """A new version, written by this subject now."""
        self.version, self.changed_by, self.changed_at = (self.version or 0) + 1, actor, clock.now()


class Role(Changed, Base):
    """A role that a tenant has declared, or a built-in one that it has replaced."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    visibility: Mapped[str | None] = mapped_column(Text)


class RoleAssignment(Changed, Base):
    """The roles of one subject, beside those in the claim `roles` of its tokens."""

    __tablename__ = "role_assignments"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
