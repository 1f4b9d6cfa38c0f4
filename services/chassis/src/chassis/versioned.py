"""Columns of a record that one system alone holds: who it is, and which version the caller has seen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis import clock
from chassis.db import uuid7


class Versioned:
    """`version` is what the `ETag` says; whoever changes the row counts it on."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=clock.now)

    def count_on(self) -> None:
        """Note a change."""
        self.version += 1
        self.updated_at = clock.now()
