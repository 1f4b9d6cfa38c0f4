"""`GET /v1/meta`: what a front end shows of records, derived from their declarations, in the language of the caller."""

from meta.routes import meta_router

__all__ = ["meta_router"]
