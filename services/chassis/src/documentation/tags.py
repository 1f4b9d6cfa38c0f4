"""What the parts of an API are about that several services have, in the order in which the document lists them."""

from collections.abc import Mapping

SETTING_UP = {
    "custom_fields": "Fields that a tenant adds to its records. They are written and read in `custom`.",
    "numbers": "The numbers of documents: their format, and where the series continues.",
    "document-templates": "The layout of printed documents, for each kind of document of a tenant.",
    "access": "Who may do what: roles, assignments, API keys, and the caller of a token.",
}
ALL_RECORDS = {
    "search": "One search over all records that the caller may read.",
    "files": "The contents of files that are attached to records.",
    "imports": "Records from CSV files: upload, preview, run, and the outcome of each row.",
    "jobs": "Long work: its state, its progress and its result.",
    "meta": "What records, fields, states and enumerations there are, with labels in the caller's language.",
}
OTHER_SYSTEMS = {
    "events": "The changes of all records, in their order: a feed in pages, by long poll, or as a stream.",
    "webhooks": "Events sent to an address of yours, signed and repeated until they arrive.",
    "outbound topics": "Topics on Kafka that have the events of one tenant only.",
    "replication": "The port of the sync gateway. Front ends do not need it.",
}
OPERATION = {
    "outbox": "Events that have not reached the broker.",
    "audit": "Who signed in, exported, changed rights or operated the service.",
}
COMMON: Mapping[str, str] = SETTING_UP | ALL_RECORDS | OTHER_SYSTEMS | OPERATION
