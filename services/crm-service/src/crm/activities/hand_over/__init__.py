"""What an employee who leaves hands over to others: customers, leads, deals, tasks, calendar events and mailboxes."""

from modules import Module

from crm.activities.hand_over.handlers import HAND_OVER
from crm.activities.hand_over.routes import router

MODULE = Module(routers=(router,), jobs=(HAND_OVER,))
