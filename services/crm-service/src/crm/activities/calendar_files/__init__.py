"""Calendars as iCalendar files (RFC 5545): export, import, and subscriptions by a secret address."""

from modules import Module

from crm.activities.calendar_files.routes import routers

MODULE = Module(routers=routers, option="activities")
