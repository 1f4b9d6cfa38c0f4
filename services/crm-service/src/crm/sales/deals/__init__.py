"""Possible sales: deals and their pipelines."""

from modules import Module

from crm.sales.deals import handlers
from crm.sales.deals.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks, option="deals")
