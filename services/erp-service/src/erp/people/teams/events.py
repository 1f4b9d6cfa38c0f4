"""Teams in the ERP; `contracts.kinds.people` declares their groups."""

from chassis.replication import kind_from
from party.employees import team_members
from records import rows_of

from contracts import kinds
from erp.people.teams.models import Team

TEAM = kind_from(kinds.TEAM, team_members(), system="erp", row=Team, rows=rows_of(Team))
