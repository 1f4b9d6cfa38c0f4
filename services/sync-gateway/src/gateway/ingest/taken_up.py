"""Decisions that the hub reads back from its own topic, and stores if they are missing.

A hub that was restored from a backup continues at the position of the backup, so it reads exactly the decisions
published since. In any other hub every decision exists already, and is unchanged.
"""

from collections.abc import Sequence

from chassis.bus import Message
from chassis.events import Unreadable, from_message
from contracts.events import ConflictDecided
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from gateway.store import publish
from gateway.store.decisions import DecisionRow
from gateway.store.known_decisions import mark, others

log = get_logger()


def announced(message: Message) -> DecisionRow:
    """The decision of a message. Raises `Unreadable`."""
    envelope = from_message(message.headers, message.value)
    try:
        told = ConflictDecided.model_validate(envelope.data)
    except ValidationError as error:
        raise Unreadable(f"the data is not a decision: {error}") from error
    return DecisionRow.of_told(told, envelope.tenant)


async def take_up(session: AsyncSession, read: Sequence[DecisionRow]) -> None:
    """Store the decisions that the log does not have; of repeated ones the newest state.

    An open one is stored as superseded: its events are read again too, and decided again. One that was decided again
    before it arrived is in the log already, under another id.
    """
    newest = {row.id: row for row in read}
    if not newest:
        return
    columns = [column.key for column in DecisionRow.__table__.columns]
    values = [{name: getattr(row, name) for name in columns} for row in newest.values()]
    missing = insert(DecisionRow).values(values).on_conflict_do_nothing().returning(DecisionRow)
    read_back = list(await session.scalars(missing))
    anew = await others(session, read_back)
    taken = [row for row in read_back if row.state == "resolved" or mark(row) not in anew]
    for row in set(read_back).difference(taken):
        await session.delete(row)
    await session.flush()
    if taken:
        log.warning("decisions_taken_up", number=len(taken))
    overtaken = [row for row in taken if row.state == "open"]
    for row in overtaken:
        row.state = "superseded"
    publish.decisions(session, overtaken)
