"""Tags, notes and the timeline of every record: declared once, switched on for whatever a service serves."""

from annotations.routes import annotated

__all__ = ["annotated"]
