"""What the parts of the API are about, in reading order."""

from documentation.tags import COMMON

_OWN = {
    "records": "Golden records, the records of systems that they are linked to, and why one is not on the other side.",
    "conflicts": "Values between which only a person can decide.",
    "decisions": "Concurrent edits and the values that were chosen. Each choice can be reversed.",
    "deliveries": "What each system has not taken yet, with the reason.",
    "systems": "The systems that are synchronised: registered, paused, resumed, with the state of each.",
    "policies": "The rule by which each group of a kind is decided, for a tenant, with its versions.",
    "quarantine": "Messages that could not be merged, and their replay.",
    "mending": "Repairs by a person: links, deliveries, and records that are compared again.",
}
TAGS = _OWN | {name: COMMON[name] for name in ("access", "jobs", "events", "outbound topics", "outbox", "audit")}
