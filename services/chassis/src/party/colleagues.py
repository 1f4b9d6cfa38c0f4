"""The employees whose records a caller sees, if its roles limit it to its own or to those of its teams."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from access import Colleagues
from contracts.roles import Visibility
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from party.me import employee_id_of
from party.people import team_filters


def colleagues_of(employee: Any, team: Any) -> Colleagues:
    """Finds them in these tables. A team is its members and its lead; who is no employee has no colleagues."""
    find, in_team = employee_id_of(employee), team_filters(team)["member_id"]

    async def found(session: AsyncSession, subject: str, visibility: Visibility) -> Collection[UUID]:
        mine = await find(session, subject)
        if mine is None or visibility is Visibility.OWN:
            return [mine] if mine else []
        teams = select(team).where(team.archived_at.is_(None), or_(team.lead_id == mine, in_team(mine)))
        ids = {mine}
        for each in await session.scalars(teams):
            ids |= {*each.member_ids, *filter(None, [each.lead_id])}
        return ids

    return found
