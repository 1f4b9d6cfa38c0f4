"""The table of the chain. Its rows are only added, by the worker."""

from uuid import UUID

from chassis.db import TENANT, Base
from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column


class AuditLink(Base):
    """The position and the hash of one entry in the chain of its tenant."""

    __tablename__ = "audit_chain"
    __table_args__ = (UniqueConstraint("entry_id"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[UUID]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
