"""The table of templates."""

from access.models import Changed
from chassis.db import Base
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column


class DocumentTemplate(Changed, Base):
    """A version of a tenant's template; one without a `source` is ours again. Versions are only added."""

    __tablename__ = "document_templates"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
