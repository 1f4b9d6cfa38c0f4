"""Custom fields of a tenant: declared with a type, then filled in on customers."""

from modules import Module

from custom_fields.routes import router

MODULE = Module(routers=(router,))
