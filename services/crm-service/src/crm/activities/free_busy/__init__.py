"""Free/busy: when employees have no time."""

from modules import Module

from crm.activities.free_busy.routes import router

MODULE = Module(routers=(router,), option="activities")
