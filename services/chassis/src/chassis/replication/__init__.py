"""The port of a spoke: how a system keeps its records synchronised with those of other systems.

`kind` defines the groups of a record, `declared` derives them from a table, `edit` turns a change into an event, `port`
applies deliveries. The terms of the protocol (group, seq, rev, ctx, hlc) are explained in services/ARCHITECTURE.md.
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
from chassis.replication.wire import Delivered, Delivery

__all__ = [
    "Archived",
    "Delivered",
    "Delivery",
    "Group",
    "Kind",
    "Moment",
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
