"""Interactions in the ERP; `contracts.kinds.activity` declares their groups."""

from activities import presences
from chassis.replication import kind_from
from records import rows_of

from contracts import kinds
from erp.activities.interactions.models import Interaction

INTERACTION = kind_from(kinds.INTERACTION, *presences(), system="erp", row=Interaction, rows=rows_of(Interaction))
