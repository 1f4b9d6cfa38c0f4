"""Quotas: what an employee or a team is to sell in a period."""

from modules import Module

from crm.sales.quotas.records import QUOTAS

MODULE = Module(records=(QUOTAS,), option="deals")
