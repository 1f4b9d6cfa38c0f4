"""Teams in the CRM; `contracts.kinds.people` declares their groups."""

from chassis.replication import kind_from
from party.employees import team_members
from records import rows_of

from contracts import kinds
from crm.people.teams.models import Team

TEAM = kind_from(kinds.TEAM, team_members(), system="crm", row=Team, rows=rows_of(Team))
