"""Tasks in the ERP; `contracts.kinds.activity` declares their groups."""

from chassis.replication import kind_from
from records import rows_of

from contracts import kinds
from erp.activities.tasks.models import Task

TASK = kind_from(kinds.TASK, system="erp", row=Task, rows=rows_of(Task))
