"""HTTP of message channels and text messages."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import Response
from records import ActionRouter, answered, routes, writes

from crm.activities.mail.routes import sealing
from crm.activities.messages import commands
from crm.activities.messages.records import CHANNELS, MESSAGES
from crm.activities.messages.schemas import ReceivedTextMessage, TextMessageOut

WRITE = requires("messages:write")
Writer = Annotated[Principal, WRITE]

# A file holds no secrets: channels are entered by people.
create_channel, _ = writes.plain(CHANNELS)
messages = ActionRouter(MESSAGES)
routers = (
    routes(CHANNELS, create=create_channel, before=sealing),
    messages,
    routes(
        MESSAGES,
        create=commands.queue,
        says={"create": "Queue a message. The worker sends it; `state` says what became of it."},
    ),
)


@messages.post(":receive")
async def receive_text_message(
    body: ReceivedTextMessage, session: Session, caller: Writer, response: Response
) -> TextMessageOut:
    """Store a message that arrived at a channel. One with a known `external_id` changes nothing.

    The contact, the customer or the lead with the number of the sender gets it; a contact or customer an interaction
    too.
    """
    row = await commands.receive(session, body, caller.subject)
    response.headers["Location"] = f"{MESSAGES.path}/{row.id}"
    return await answered(session, MESSAGES, row, response)


@messages.post("/{text_message_id}/send", dependencies=[WRITE])
async def send_text_message(text_message_id: UUID, session: Session, response: Response) -> TextMessageOut:
    """Send a message again that has failed."""
    return await answered(session, MESSAGES, await commands.send_again(session, text_message_id), response)
