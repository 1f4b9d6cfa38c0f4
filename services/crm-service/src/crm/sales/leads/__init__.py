"""Leads: people and companies that may become customers. They never reach the ERP."""

from modules import Module

from crm.sales.leads.routes import routers

MODULE = Module(routers=routers, option="leads")
