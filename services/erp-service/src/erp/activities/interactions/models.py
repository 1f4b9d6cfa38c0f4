"""The table of interactions; the shared part is in `activities`."""

from activities import InteractionColumns, interaction_indexes
from chassis.db import unique

from erp.tables import Base


class Interaction(InteractionColumns, Base):
    """Something that people said to each other."""

    __tablename__ = "interactions"
    __table_args__ = (unique("id"), *interaction_indexes("interactions"))
