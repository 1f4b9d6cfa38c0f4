"""Webhooks: events that are posted to subscribers, by the Standard Webhooks specification."""

from modules import Module

from webhooks import handlers
from webhooks.models import FINISHED_MESSAGES
from webhooks.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks, expiring=(FINISHED_MESSAGES,))
