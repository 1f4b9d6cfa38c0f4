"""Shapes of requests and responses: those of every system, with the deal."""

from uuid import UUID

from activities.schemas import InteractionBody, InteractionFilters, InteractionOut
from pydantic import Field

DEAL = "The deal that it is about. It is kept in the CRM only, and set when the record is entered."


class NewInteraction(InteractionBody):
    """A new interaction: `channel` and `subject` are required; `started_at` is now by default."""

    deal_id: UUID | None = Field(default=None, description=DEAL)


class DealInteractionOut(InteractionOut):
    """An interaction."""

    deal_id: UUID | None


class DealInteractionFilters(InteractionFilters):
    """Filters of the list; all given filters must match."""

    deal_id: UUID | None = None
