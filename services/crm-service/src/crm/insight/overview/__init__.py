"""The overview of a customer: what is open with it, in one request."""

from modules import Module

from crm.insight.overview.routes import router

MODULE = Module(routers=(router,))
