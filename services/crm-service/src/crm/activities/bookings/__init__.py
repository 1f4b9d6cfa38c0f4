"""Bookings of resources, like rooms and cars, and of employees: never two at the same time."""

from modules import Module

from crm.activities.bookings.records import RESOURCES
from crm.activities.bookings.routes import routers

MODULE = Module(records=(RESOURCES,), routers=routers, option="activities")
