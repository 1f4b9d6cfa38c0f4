"""`GET /v1/search`: records of every kind that the caller may read, by the beginnings of words."""

from search.routes import search_router

__all__ = ["search_router"]
