"""Text messages: SMS and messages of social channels, through gateways that the tenant declares."""

from modules import Module

from crm.activities.messages import handlers
from crm.activities.messages.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks, option="messages")
