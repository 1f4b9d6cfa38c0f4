"""Shapes of answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class FileOut(BaseModel):
    """A file of a record. Its content is at `/v1/files/{id}/content`."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    record_kind: str = Field(description="The kind of its record: customer, order.")
    record_id: UUID
    name: str
    media_type: str
    size_bytes: int
    sha256: str = Field(description="The digest of the content, which is also its `ETag`.")
    created_by: str
    created_at: datetime
