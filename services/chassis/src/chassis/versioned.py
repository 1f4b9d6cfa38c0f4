"""Columns of a record that only one system holds: its id, and the version for `If-Match`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis import clock
from chassis.db import uuid7


class Versioned:
    """`version` is the value of the `ETag`; every change increments it."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=clock.now)

    def count_on(self) -> None:
        """Increment the version."""
        self.version += 1
        self.updated_at = clock.now()
