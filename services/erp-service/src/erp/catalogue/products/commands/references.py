"""What may be named by its id, and must exist."""

from chassis.errors import Conflict


class ReferenceUnknown(Conflict):
    code = "reference-unknown"
    title = "It refers to a record that does not exist"
    detail = "There is no {kind} with the id {id} in this service."
    hint = "Look it up in its list; ids of other systems are found by `canonical_id`."
