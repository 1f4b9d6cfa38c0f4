"""The documentation page of a service, on which people may sign in."""

from documentation.pages import router

__all__ = ["router"]
