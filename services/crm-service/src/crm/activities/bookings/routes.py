"""HTTP of bookings."""

from records import routes, writes

from crm.activities.bookings.records import BOOKINGS

# A booking locks its resource: files and batches, which write many in one transaction, could deadlock.
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
