"""Interactions: calls, meetings, messages, in one history of a customer."""

from modules import Module

from crm.activities.interactions.records import INTERACTIONS

MODULE = Module(records=(INTERACTIONS,), option="activities")
