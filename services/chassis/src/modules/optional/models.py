"""The table of modules that a tenant has turned off or on."""

from access.models import Changed
from chassis.db import Base
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column


class OptionalModule(Changed, Base):
    """What a tenant has decided about a module. A module without a row is on."""

    __tablename__ = "optional_modules"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    enabled: Mapped[bool]
