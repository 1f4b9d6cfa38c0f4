"""The worker's task: queued e-mails are sent, mailboxes are fetched, each mailbox apart from all others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import mail
import structlog
from access.tenants import is_suspended
from chassis import clock
from chassis.db import Sessions, is_passing, storable, transaction
from chassis.service import Running
from chassis.wakeup import Wakeup
from chassis.worker import AtOnce, Task, pause
from mail import fetching
from mail.fetching import Fetched, Place
from mail.sending import Connection, connected
from mail.servers import Refused
from sealing import NoKey, NotSealed, Seal
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.mail import commands
from crm.activities.mail.commands import FilePlace
from crm.activities.mail.models import Email, Mailbox
from crm.activities.mail.rules import EmailState
from crm.settings import Settings

log = structlog.get_logger()
LEASE = timedelta(minutes=15)
"""An e-mail that a process was sending when it died is sent again after this time, with the same Message-ID."""

SENT_AT_ONCE, FETCHED_AT_ONCE, MAILBOXES_AT_ONCE = 20, 50, 20
POLL_SECONDS = 1.0


class Owned(NamedTuple):
    """A mailbox, and whose it is."""

    tenant: UUID
    id: UUID


class Mailing:
    """Sends and fetches. A server that is slow or away holds up its own mailbox only, a message that fails itself only;
    mailboxes of suspended tenants wait."""

    def __init__(self, sessions: Sessions, settings: Settings, wakeup: Wakeup | None = None) -> None:
        self.sessions, self.settings = sessions, settings
        self.files = FilePlace(sessions, settings)
        self.seal = Seal(settings.sealing_keys)
        self.wakeup = wakeup or Wakeup()
        self._serving = AtOnce(self._serve, MAILBOXES_AT_ONCE)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`."""
        try:
            while not stop.is_set():
                count = self.wakeup.count
                busy = self._serving.begin(await self._due())
                await pause(stop, POLL_SECONDS)
                if not busy:
                    await self.wakeup.wait(stop, count, polling_seconds=0)
        finally:
            await self._serving.end()

    async def step(self) -> None:
        """Do once all that can be done now."""
        await asyncio.gather(*map(self._serving.alone, await self._due()))

    async def _due(self) -> list[tuple[str, Owned]]:
        now = clock.now()
        waiting = select(Email.tenant_id, Email.mailbox_id).where(
            Email.state.in_((EmailState.QUEUED, EmailState.SENDING)),
            Email.due_at <= now,
            ~is_suspended(Email.tenant_id),
        )
        fetched = select(Mailbox.tenant_id, Mailbox.id).where(
            Mailbox.enabled,
            Mailbox.archived_at.is_(None),
            Mailbox.imap.is_not(None),
            or_(Mailbox.fetch_after.is_(None), Mailbox.fetch_after <= now),
            ~is_suspended(Mailbox.tenant_id),
        )
        async with transaction(self.sessions) as session:
            sends = [("send", Owned(*row)) for row in await session.execute(waiting.distinct())]
            return sends + [("fetch", Owned(*row)) for row in await session.execute(fetched)]

    async def _serve(self, due: tuple[str, Owned]) -> None:
        act, place = due
        await (self._send(place) if act == "send" else self._fetch(place))

    async def _send(self, place: Owned) -> None:
        mailbox, emails = await self._taken(place)
        if mailbox is None:
            return
        left = [each.id for each in emails]
        try:
            server = self._server(mailbox, mailbox.smtp)
            async with connected(server) as connection:
                for email in emails:
                    await self._send_one(place, connection, email)
                    left.remove(email.id)
        except Refused as refused:
            await self._settle(place, left, refused)
            await self._note(place, str(refused))
        else:
            await self._note(place, None)

    async def _taken(self, place: Owned) -> tuple[Mailbox | None, list[Email]]:
        """Lease the next e-mails; those of a mailbox that is off wait."""
        now = clock.now()
        async with transaction(self.sessions, place.tenant) as session:
            mailbox = await session.get(Mailbox, place.id)
            due = (
                select(Email)
                .where(
                    Email.mailbox_id == place.id,
                    Email.state.in_((EmailState.QUEUED, EmailState.SENDING)),
                    Email.due_at <= now,
                )
                .order_by(Email.due_at, Email.id)
                .limit(SENT_AT_ONCE)
            )
            emails = list(await session.scalars(due.with_for_update(skip_locked=True)))
            usable = mailbox is not None and mailbox.enabled and mailbox.archived_at is None and mailbox.smtp
            for each in emails:
                each.due_at = now + LEASE
                if usable:
                    each.state = EmailState.SENDING
        return (mailbox if usable else None), emails

    async def _send_one(self, place: Owned, connection: Connection, email: Email) -> None:
        try:
            files = await commands.attachments(self.files, place.tenant, email)
            await connection.send(_message(email, files), email.sender["email"], email.addressees)
        except ValueError as error:
            await self._settle(place, [email.id], Refused(str(error), permanent=True))
        except Refused as refused:
            await self._settle(place, [email.id], refused)
        except Exception as error:
            log.exception("email_failed", email=str(email.id))
            await self._settle(place, [email.id], Refused(f"it cannot be sent: {type(error).__name__}"))
        else:
            await self._settle(place, [email.id], None)

    async def _settle(self, place: Owned, email_ids: list[UUID], refused: Refused | None) -> None:
        now = clock.now()
        for email_id in email_ids:
            async with transaction(self.sessions, place.tenant) as session:
                email = await session.get_one(Email, email_id, with_for_update=True)
                if refused is not None:
                    email.refused(storable(str(refused)), now, permanent=refused.permanent)
                elif email.state == EmailState.SENDING:
                    email.sent(now)
                    await session.flush()
                    await _enter(session, email, place.id)

    async def _fetch(self, place: Owned) -> None:
        async with transaction(self.sessions, place.tenant) as session:
            mailbox = await self._leased(session, place.id)
        if mailbox is None:
            return
        try:
            server = self._server(mailbox, mailbox.imap)
            after = Place(mailbox.uid_validity, mailbox.uid)
            reached, found = await fetching.fetch(
                server, after, most=FETCHED_AT_ONCE, most_bytes=self.settings.mail_limit_bytes
            )
        except Refused as refused:
            await self._note(place, str(refused))
            return
        for each in found:
            await self._store(place, reached, each)
        await self._note(place, None, reached, again=len(found) == FETCHED_AT_ONCE)

    async def _leased(self, session: AsyncSession, mailbox_id: UUID) -> Mailbox | None:
        now, pause_seconds = clock.now(), timedelta(seconds=self.settings.mail_fetch_seconds)
        free = or_(Mailbox.fetch_after.is_(None), Mailbox.fetch_after <= now)
        leased = update(Mailbox).where(Mailbox.id == mailbox_id, free).values(fetch_after=now + pause_seconds)
        found: Mailbox | None = await session.scalar(leased.returning(Mailbox))
        return found

    async def _store(self, place: Owned, reached: Place, each: Fetched) -> None:
        """One message and how far the mailbox is, in one transaction; what cannot be stored is noted as unreadable."""
        try:
            found = mail.parse(each.raw) if each.raw is not None else None
            reason = None if found else f"it has {each.size_bytes} bytes, which is more than is fetched"
        except mail.Unreadable as error:
            found, reason = None, str(error)
        if found is not None:
            try:
                await self._stored(
                    place, reached, each, lambda session, mailbox: self._receive(session, mailbox, found)
                )
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("message_not_stored", mailbox=str(place.id), uid=each.uid)
                reason = str(error) or type(error).__name__
        if reason is not None:
            name, told = f"{reached.validity}.{each.uid}", storable(reason)
            await self._stored(place, reached, each, lambda session, mailbox: _unreadable(session, mailbox, name, told))

    async def _stored(
        self,
        place: Owned,
        reached: Place,
        each: Fetched,
        store: Callable[[AsyncSession, Mailbox], Awaitable[None]],
    ) -> None:
        async with transaction(self.sessions, place.tenant) as session:
            mailbox = await session.get_one(Mailbox, place.id, with_for_update=True)
            await store(session, mailbox)
            mailbox.uid_validity, mailbox.uid = reached.validity, each.uid

    async def _note(
        self, place: Owned, trouble: str | None, reached: Place | None = None, *, again: bool = False
    ) -> None:
        values: dict[str, Any] = {"trouble": storable(trouble) if trouble else None}
        if reached is not None:
            values |= {"uid_validity": reached.validity, "uid": reached.uid}
        if again:
            values["fetch_after"] = None
        async with transaction(self.sessions, place.tenant) as session:
            await session.execute(update(Mailbox).where(Mailbox.id == place.id).values(values))

    async def _receive(self, session: AsyncSession, mailbox: Mailbox, found: mail.Parsed) -> None:
        row, is_new = await commands.receive(session, mailbox, found, mailbox.about)
        if is_new:
            await commands.attach(session, self.files, row, found)

    def _server(self, mailbox: Mailbox, declared: Mapping[str, Any] | None) -> mail.Server:
        """Raises `Refused`."""
        if declared is None:
            raise Refused("the mailbox has no such server")
        login = None
        if mailbox.login_name and mailbox.sealed_secret is not None:
            try:
                secret = self.seal.opened(mailbox.sealed_secret, about=mailbox.about)
            except (NoKey, NotSealed):
                raise Refused(
                    "the secret of the mailbox cannot be opened: set SEALING_KEYS, or send it again"
                ) from None
            login = mail.Login(mailbox.login_name, secret.decode())
        return mail.Server(**declared, login=login, private=self.settings.mail_private_networks)


async def _enter(session: AsyncSession, email: Email, mailbox_id: UUID) -> None:
    """Enter a sent e-mail in the history. It has left: without its entry it is sent all the same, and not again."""
    try:
        async with session.begin_nested():
            mailbox = await session.get_one(Mailbox, mailbox_id)
            await commands.enter(session, email, mailbox, email.created_by)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("email_not_entered", email=str(email.id))


async def _unreadable(session: AsyncSession, mailbox: Mailbox, name: str, reason: str) -> None:
    session.add(commands.unreadable(mailbox, name, reason))


def _message(email: Email, files: Sequence[mail.Attachment]) -> Any:
    return mail.composed(
        mail.Draft(
            message_id=email.message_id,
            sender=_address(email.sender),
            to=[_address(each) for each in email.recipients],
            cc=[_address(each) for each in email.copies],
            subject=email.subject,
            text=email.text,
            html=email.html,
            date=email.created_at,
            in_reply_to=email.in_reply_to,
            references=email.message_references,
            attachments=files,
            automatic=email.marketing,
        )
    )


def _address(person: Mapping[str, Any]) -> mail.Address:
    return mail.Address(person["email"], person.get("name") or "")


def tasks(running: Running) -> Mapping[str, Task]:
    """What the worker does for mailboxes."""
    settings = running.settings
    if not isinstance(settings, Settings):
        raise TypeError("the worker of another service")
    return {"mail": Mailing(running.sessions, settings, running.wakeup).run}
