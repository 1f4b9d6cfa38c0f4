"""What sales may expect: the forecast of open deals, and the funnel of a cohort."""

from modules import Module

from crm.sales.forecast.routes import router

MODULE = Module(routers=(router,), option="deals")
