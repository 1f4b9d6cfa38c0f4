"""Calendar: events with attendees, which may recur."""

from modules import Module

from crm.activities.calendar.routes import routers

MODULE = Module(routers=routers, option="activities")
