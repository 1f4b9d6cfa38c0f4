"""The port of a spoke: what a system does so that its records stay one with those of all others.

`kind` says what a record is made of, `declared` makes it from a table, `edit` turns a change into an event, `port`
takes deliveries. The protocol and its words (group, seq, rev, ctx, hlc) are those of the replication protocol in
services/ARCHITECTURE.md.
"""

from chassis.replication.checked import checked, composed
from chassis.replication.creating import creating
from chassis.replication.declared import kind_from
from chassis.replication.edit import Archived, archive, created, edit, restore
from chassis.replication.kept import OwnedElsewhere, refuse_kept_by
from chassis.replication.kind import Group, Kind, Moment, Replicated, family, fields, guard
from chassis.replication.port import apply, router
from chassis.replication.shown import Shown
from chassis.replication.standing import sync_state
from chassis.replication.wire import Delivery, Outcome

__all__ = [
    "Archived",
    "Delivery",
    "Group",
    "Kind",
    "Moment",
    "Outcome",
    "OwnedElsewhere",
    "Replicated",
    "Shown",
    "apply",
    "archive",
    "checked",
    "composed",
    "created",
    "creating",
    "edit",
    "family",
    "fields",
    "guard",
    "kind_from",
    "refuse_kept_by",
    "restore",
    "router",
    "sync_state",
]
