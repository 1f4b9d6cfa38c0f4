"""What deals and employees brought: what was done, won, ordered, invoiced and paid."""

from modules import Module

from crm.insight.results.routes import router

MODULE = Module(routers=(router,), option="deals")
