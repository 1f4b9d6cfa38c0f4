"""Tags, notes and the timeline of every record, for all records that a service serves."""

from annotations.routes import annotated

__all__ = ["annotated"]
