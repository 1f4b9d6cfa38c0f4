"""Forms: what visitors of a website send becomes leads."""

from modules import Module

from crm.sales.forms.models import UNWANTED
from crm.sales.forms.routes import routers

MODULE = Module(routers=routers, expiring=(UNWANTED,), option="leads")
