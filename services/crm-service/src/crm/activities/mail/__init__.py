"""Mail: mailboxes, e-mails that go out and come in, and templates."""

from modules import Module

from crm.activities.mail import handlers
from crm.activities.mail.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks, option="mail")
