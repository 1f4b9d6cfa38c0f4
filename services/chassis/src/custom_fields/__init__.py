"""Fields of a tenant's own: declared once with a type, then filled in on customers."""

from modules import Module

from custom_fields.routes import router

MODULE = Module(routers=(router,))
