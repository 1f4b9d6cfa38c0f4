"""HTTP of mailboxes, e-mails and templates."""

from typing import Annotated
from uuid import UUID

import mail
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.edge import BodyLimit, Takes
from chassis.errors import UnsupportedMediaType
from fastapi import Query, Request, Response
from localisation import Phrase
from records import ActionRouter, answered, reads, routes, writes
from sealing import Seal

from crm.activities.mail import commands
from crm.activities.mail.models import EmailUnreadable
from crm.activities.mail.records import EMAILS, MAILBOXES, SEAL, TEMPLATES
from crm.activities.mail.schemas import EmailOut

Writer = Annotated[Principal, requires("mail:write")]
Proposer = Annotated[Principal, requires("mail:write", "leads:write")]
MESSAGE = "message/rfc822"
MailRequest = Annotated[Request, Takes(lambda settings: BodyLimit(settings.mail_limit_bytes, settings.upload_seconds))]
A_MESSAGE = {
    "requestBody": {"required": True, "content": {MESSAGE: {"schema": {"type": "string", "format": "binary"}}}}
}


class NotAMessage(UnsupportedMediaType):
    code = "not-a-message"
    title = "The request is not an e-mail message"
    hint = "Send the message as it arrived, with `Content-Type: message/rfc822`."


async def attaching(request: Request, session: Session) -> None:
    """Dependency: the session can store files."""
    session.info[commands.FILES] = commands.FilePlace(request.app.state.sessions, request.app.state.settings)


async def sealing(request: Request, session: Session) -> None:
    """Dependency: the session can seal secrets."""
    session.info[SEAL] = Seal(request.app.state.settings.sealing_keys)


# A file holds no secrets: mailboxes are entered by people.
create_mailbox, _ = writes.plain(MAILBOXES)
create_template, _ = writes.plain(TEMPLATES)
emails = ActionRouter(EMAILS)
routers = (
    routes(MAILBOXES, create=create_mailbox, before=sealing),
    routes(TEMPLATES, create=create_template),
    emails,
    routes(
        EMAILS,
        create=commands.queue,
        before=attaching,
        says={
            "create": (
                "Queue an e-mail. The worker sends it; `state` says what became of it. More than five recipients, or "
                "`marketing`, need the consent of every one. Files are attached to a draft; then it is sent."
            )
        },
    ),
)


@emails.post(":receive", openapi_extra=A_MESSAGE)
async def receive_email(
    request: MailRequest,
    mailbox_id: Annotated[UUID, Query(description="The mailbox at which it arrived.")],
    session: Session,
    caller: Writer,
    response: Response,
) -> EmailOut:
    """Store a message that arrived (RFC 5322). One with a known Message-ID changes nothing: the stored one is answered.

    It joins the conversation of the messages that it names, or of one with the same sender and subject. The contact or
    customer with the address of the sender gets an interaction. A bounce (RFC 3464) marks the e-mail that it is about.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MESSAGE:
        raise NotAMessage()
    mailbox = await reads.by_id(session, MAILBOXES, mailbox_id)
    try:
        found = mail.parse(await request.body())
    except mail.Unreadable as error:
        raise EmailUnreadable(reason=Phrase("{error}", error=str(error))) from None
    row, is_new = await commands.receive(session, mailbox, found, caller.subject)
    if is_new:
        place = commands.FilePlace(request.app.state.sessions, request.app.state.settings)
        await commands.attach(session, place, row, found)
    response.headers["Location"] = f"{EMAILS.path}/{row.id}"
    return await answered(session, EMAILS, row, response)


@emails.post("/{email_id}/send", dependencies=[requires("mail:write")])
async def send_email(request: Request, email_id: UUID, session: Session, response: Response) -> EmailOut:
    """Send a draft with its files; or again what has failed or bounced, with the same Message-ID."""
    most_bytes = request.app.state.settings.mail_limit_bytes
    return await answered(session, EMAILS, await commands.send(session, email_id, most_bytes), response)


@emails.post("/{email_id}/propose")
async def propose_email(email_id: UUID, session: Session, caller: Proposer, response: Response) -> EmailOut:
    """Make a lead of the sender of an e-mail who is neither contact nor customer; its text is the lead's interest."""
    return await answered(session, EMAILS, await commands.propose(session, email_id, caller.subject), response)
