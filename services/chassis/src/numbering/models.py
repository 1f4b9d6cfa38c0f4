"""The tables of counters and of declared formats."""

from uuid import UUID

from chassis.db import TENANT, Base
from chassis.tenant_settings import TenantSetting
from sqlalchemy import BigInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column


class Counter(Base):
    """The last assigned value of the numbers that begin with this text."""

    __tablename__ = "counters"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class NumberFormat(TenantSetting, Base):
    """The formats that a tenant has declared, each under the name of its series."""

    __tablename__ = "number_formats"
