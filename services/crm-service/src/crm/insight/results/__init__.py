"""What deals brought: what was ordered, invoiced and paid."""

from modules import Module

from crm.insight.results.routes import router

MODULE = Module(routers=(router,), option="deals")
