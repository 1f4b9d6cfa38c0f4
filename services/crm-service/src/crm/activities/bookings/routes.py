"""HTTP of bookings."""

from records import routes, writes

from crm.activities.bookings.records import BOOKINGS

# Each booking waits for others of the same resource: files and batches, which hold many at once, would wait in a ring.
create, _ = writes.plain(BOOKINGS)
routers = (
    routes(
        BOOKINGS,
        create=create,
        says={
            "create": "Book a resource or an employee. A double booking is refused with the other one.",
            "archive": "Cancel a booking: the time is free again. `restore` books it again, if it still is.",
        },
    ),
)
