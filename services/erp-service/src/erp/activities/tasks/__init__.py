"""Tasks: what is to be done, by whom and until when."""

from modules import Module

from erp.activities.tasks.routes import routers

MODULE = Module(routers=routers, option="activities")
