"""The reasons for which the port does not apply an item."""

from chassis.errors import Conflict, NotFound


class UnknownGroup(Conflict):
    """The kind has no such group here."""

    code = "unknown-group"
    title = "This system does not have that group"
    hint = "Remove the group from the kind's declaration in the gateway, or add it to the module's events.py."


class Incomplete(Conflict):
    """A new record was delivered without a required group."""

    code = "incomplete"
    title = "The record does not exist here, and a required group was not delivered"
    hint = "Deliver the record with all its groups."


class RowGone(Conflict):
    """The row existed before: this system was restored from an older backup."""

    code = "row-gone"
    title = "The record no longer exists here"
    hint = "Deliver it as a new record: without `local_id`, with all its groups."


class UnknownKind(NotFound):
    """This system does not replicate records of this kind."""

    code = "unknown-kind"
    title = "This system does not replicate that kind of record"
    hint = "Use one of the kinds listed."
