"""What sales may expect: the forecast of open deals, its state of each week, and the funnel of a cohort."""

from modules import Module

from crm.sales.forecast import handlers
from crm.sales.forecast.routes import router

MODULE = Module(routers=(router,), tasks=handlers.tasks, option="deals")
