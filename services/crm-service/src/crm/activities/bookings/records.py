"""The declarations of resources and bookings."""

from party.me import employee_id_of
from records import Record

from crm.activities.bookings.checks import check
from crm.activities.bookings.models import Booking, Resource
from crm.activities.bookings.schemas import (
    BookingBody,
    BookingFilters,
    BookingOut,
    ResourceBody,
    ResourceFilters,
    ResourceOut,
)
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES

RESOURCES = Record(
    "resource",
    path="/v1/resources",
    scope="activities",
    tag="calendar",
    row=Resource,
    body=ResourceBody,
    out=ResourceOut,
    filters=ResourceFilters,
    sort=("name", "created_at", "updated_at"),
)
BOOKINGS = Record(
    "booking",
    path="/v1/bookings",
    scope="activities",
    tag="calendar",
    row=Booking,
    body=BookingBody,
    out=BookingOut,
    filters=BookingFilters,
    sort=("starts_at", "created_at", "updated_at"),
    order="-starts_at",
    verbs=("create", "list", "read", "change", "archive", "restore", "export"),
    where={
        "takes_place_from": lambda moment: Booking.ends_at > moment,
        "takes_place_until": lambda moment: Booking.starts_at < moment,
    },
    refers={
        "resource_id": RESOURCES,
        "employee_id": EMPLOYEES,
        "booked_by_id": EMPLOYEES,
        "calendar_event_id": CALENDAR_EVENTS,
        "customer_id": CUSTOMERS,
        "contact_id": CONTACTS,
    },
    callers={"booked_by_id": employee_id_of(Employee)},
    check=check,
)
