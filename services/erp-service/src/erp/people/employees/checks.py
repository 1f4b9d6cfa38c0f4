"""Rules of employees that need the database."""

from typing import Any

from chassis.errors import Conflict
from records import ReferenceUnknown
from sqlalchemy.ext.asyncio import AsyncSession

from erp.people.employees import queries
from erp.people.employees.models import Employee


class SubjectTaken(Conflict):
    code = "subject-taken"
    title = "Another employee has this subject"
    detail = "The subject {subject} belongs to {name}, employee {id}."
    hint = "Remove it from that employee first. An archived employee keeps its subject."


class ManagerCycle(Conflict):
    code = "manager-cycle"
    title = "An employee cannot be a manager of itself"
    detail = "The manager {manager_id} is this employee, or reports to it, directly or indirectly."
    hint = "Choose a manager who does not report to this employee, or change the manager's own manager first."


async def subject_is_free(session: AsyncSession, row: Employee, values: dict[str, Any]) -> None:
    """Raises `SubjectTaken`."""
    subject = values["subject"]
    if subject and subject != row.subject:
        other = await queries.of_subject(session, subject)
        if other is not None and other is not row:
            raise SubjectTaken(subject=subject, id=other.id, name=other.name)


async def manager_fits(session: AsyncSession, row: Employee) -> None:
    """Raises `ReferenceUnknown`, `ManagerCycle`."""
    if row.manager_id is None:
        return
    chain = await queries.above(session, row.manager_id)
    if not chain:
        raise ReferenceUnknown(kind="employee", id=row.manager_id, field="manager_id")
    if row.id in chain:
        raise ManagerCycle(manager_id=row.manager_id, field="manager_id")
