"""The timeline of a customer and of a deal: activities, changes, documents and payments in one order."""

from modules import Module

from crm.insight.timeline.routes import routers

MODULE = Module(routers=routers)
