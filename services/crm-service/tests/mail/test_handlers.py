"""Sending and fetching, with a real mail server."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import mail
import pytest
import sealing
from chassis.db import Sessions
from chassis.testing import TENANT, application, caller
from crm.activities.mail import commands
from crm.activities.mail.handlers import Mailing
from crm.wiring import SERVICE
from mail.sending import connected
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from stack.mail import MailServer

pytestmark = [pytest.mark.servers, pytest.mark.filterwarnings("ignore::ResourceWarning")]
SUSPEND = text("insert into tenants (tenant_id, name, created_at, suspended_at) values (:id, '', now(), now())")
OURS, THEIRS = "sales@northwind.example", "ana@trujillo.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with MailServer(tmp_path_factory.mktemp("mail"), {OURS: "s3cret", THEIRS: "other"}) as started:
        yield started


@pytest.fixture
async def api(committing: Sessions, scopes: str) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(SERVICE, committing, scopes) as client:
        yield client


@pytest.fixture
async def mailing(working: Sessions, api: httpx.AsyncClient) -> AsyncIterator[Mailing]:
    settings = application(SERVICE).state.settings.model_copy(update={"mail_private_networks": True})
    yield Mailing(working, settings)
    async with working() as session:
        for table in ("emails", "mailboxes", "interactions", "contacts"):
            await session.execute(text(f"delete from {table}"))  # noqa: S608  (of this list)
        await session.commit()


async def opened(api: httpx.AsyncClient, server: MailServer, **more: Any) -> dict[str, Any]:
    smtp = {"host": "127.0.0.1", "port": server.smtp_port, "tls": "none"}
    imap = {"host": "127.0.0.1", "port": server.imap_port, "tls": "none"}
    body = {"name": "Sales", "email": OURS, "smtp": smtp, "imap": imap, "login_name": OURS, "secret": "s3cret", **more}
    answer = await api.post("/v1/mailboxes", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def queued(api: httpx.AsyncClient, mailbox: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"mailbox_id": mailbox["id"], "to": [{"email": THEIRS}], "subject": "Grüße", "text": "Tee?", **more}
    answer = await api.post("/v1/emails", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(api: httpx.AsyncClient, email: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/v1/emails/{email['id']}")).json()
    return found


async def post(server: MailServer, subject: str, body: str = "Twelve", **more: Any) -> None:
    """Ana sends us a message."""
    draft = mail.Draft(
        message_id=mail.new_message_id(THEIRS),
        sender=mail.Address(THEIRS, "Ana"),
        to=[mail.Address(OURS)],
        cc=[],
        subject=subject,
        text=body,
        html=None,
        date=datetime(1998, 5, 1, tzinfo=UTC),
        **more,
    )
    async with connected(mail.Server("127.0.0.1", server.smtp_port, "none", private=True)) as connection:
        await connection.send(mail.composed(draft), THEIRS, [OURS])


async def test_a_queued_email_goes_out_and_its_answer_comes_in(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer
) -> None:
    contact = await api.post("/v1/contacts", json={"name": "Ana", "email": THEIRS, "allow_duplicate": True})
    contact = await api.post("/v1/contacts", json={"name": "Ana", "email": THEIRS}) if contact.is_error else contact
    mailbox = await opened(api, server)
    ours = await queued(api, mailbox)
    await mailing.step()
    out = await read(api, ours)
    assert (out["state"], out["attempts"], out["due_at"]) == ("sent", 0, None)
    files = [mail.Attachment("Bestellung.txt", "text/plain", b"12")]
    await post(server, "Re: Grüße", in_reply_to=ours["message_id"], references=[ours["message_id"]], attachments=files)
    await refetch(mailing)
    (answer,) = (await api.get("/v1/emails", params={"direction": "in", "thread_id": ours["thread_id"]})).json()[
        "items"
    ]
    assert (answer["text"], answer["contact_id"]) == ("Twelve", contact.json()["id"])
    (file,) = (await api.get(f"/v1/emails/{answer['id']}/files")).json()["items"]
    assert (file["name"], file["size_bytes"]) == ("Bestellung.txt", 2)
    entries = (await api.get("/v1/interactions", params={"contact_id": contact.json()["id"]})).json()["items"]
    assert sorted(each["channel"] for each in entries) == ["email_in", "email_out"]
    await refetch(mailing)
    assert len((await api.get("/v1/emails", params={"direction": "in"})).json()["items"]) == 1


async def test_a_draft_waits_for_its_files_and_leaves_with_them(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer
) -> None:
    mailbox = await opened(api, server)
    draft = await queued(api, mailbox, draft=True, to=[{"email": OURS}], subject="Price list")
    await mailing.step()
    assert ((await read(api, draft))["state"], draft["allowed"]) == ("draft", ["send"])
    form = {"file": ("Preise.csv", b"Chai;18.00\n", "text/csv")}
    assert (await api.post(f"/v1/emails/{draft['id']}/files", files=form)).status_code == 201
    assert (await api.post(f"/v1/emails/{draft['id']}/send")).json()["state"] == "queued"
    await mailing.step()
    assert (await read(api, draft))["state"] == "sent"
    await refetch(mailing)
    parameters = {"direction": "in", "message_id": draft["message_id"]}
    (copy,) = (await api.get("/v1/emails", params=parameters)).json()["items"]
    (file,) = (await api.get(f"/v1/emails/{copy['id']}/files")).json()["items"]
    assert file["name"] == "Preise.csv"
    assert (await api.get(f"/v1/files/{file['id']}/content")).text.split() == ["Chai;18.00"]


async def test_files_that_are_too_large_for_an_email_are_refused_before_it_leaves(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, working: Sessions
) -> None:
    draft = await queued(api, await opened(api, server, imap=None), draft=True)
    await api.post(f"/v1/emails/{draft['id']}/files", files={"file": ("a.txt", b"abcd", "text/plain")})
    async with working() as session:
        await session.execute(text("update record_files set size_bytes = 30000000"))
        await session.commit()
    refused = await api.post(f"/v1/emails/{draft['id']}/send")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/files-too-large")
    assert (await read(api, draft))["state"] == "draft"


async def test_the_pdf_of_a_quote_goes_with_an_email(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer
) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Ana", "currency": "EUR"})).json()
    quote = (await api.post("/v1/quotes", json={"customer_id": customer["id"], "currency": "EUR"})).json()
    email = await queued(api, await opened(api, server, imap=None), quote_id=quote["id"])
    (file,) = (await api.get(f"/v1/emails/{email['id']}/files")).json()["items"]
    assert (file["name"], file["media_type"]) == (f"{quote['number']}-1.pdf", "application/pdf")
    await mailing.step()
    assert (await read(api, email))["state"] == "sent"


async def test_a_server_that_is_away_holds_up_its_own_mailbox_only(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer
) -> None:
    away = {"host": "127.0.0.1", "port": 1, "tls": "none"}
    dead = await opened(api, server, email="dead@northwind.example", smtp=away, imap=None)
    live = await opened(api, server)
    waiting, gone = await queued(api, dead), await queued(api, live)
    await mailing.step()
    waiting, gone = await read(api, waiting), await read(api, gone)
    assert (waiting["state"], waiting["attempts"], gone["state"]) == ("queued", 1, "sent")
    assert waiting["due_at"] > waiting["updated_at"]
    assert "does not answer" in waiting["reason"]
    assert "does not answer" in (await api.get(f"/v1/mailboxes/{dead['id']}")).json()["trouble"]


async def test_a_process_that_died_while_sending_sends_again_with_the_same_id(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, working: Sessions
) -> None:
    email = await queued(api, await opened(api, server))
    async with working() as session:
        await session.execute(text("update emails set state = 'sending', due_at = now() - interval '1 second'"))
        await session.commit()
    await mailing.step()
    again = await read(api, email)
    assert (again["state"], again["message_id"]) == ("sent", email["message_id"])


async def test_a_bounce_marks_the_email_that_did_not_arrive_and_it_is_sent_again(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer
) -> None:
    mailbox = await opened(api, server, imap=None)
    email = await queued(api, mailbox)
    await mailing.step()
    bounce = BOUNCE.format(to=OURS, message_id=email["message_id"]).replace("\n", "\r\n")
    headers = {"Content-Type": "message/rfc822"}
    stored = await api.post(
        "/v1/emails:receive", params={"mailbox_id": mailbox["id"]}, content=bounce.encode(), headers=headers
    )
    assert (stored.status_code, stored.json()["thread_id"]) == (200, email["thread_id"]), stored.text
    bounced = await read(api, email)
    assert (bounced["state"], bounced["allowed"]) == ("bounced", ["send"])
    assert bounced["reason"] == f"{THEIRS}: 5.1.1 smtp; 550 5.1.1 no such user"
    assert (await api.post(f"/v1/emails/{email['id']}/send")).json()["state"] == "queued"
    await mailing.step()
    assert (await read(api, email))["state"] == "sent"


async def test_servers_in_private_networks_are_not_called_unless_the_operator_allows_it(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, working: Sessions
) -> None:
    email = await queued(api, await opened(api, server, imap=None))
    await Mailing(working, application(SERVICE).state.settings).step()
    assert "public internet" in (await read(api, email))["reason"]


async def test_a_secret_that_cannot_be_opened_is_told(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, working: Sessions
) -> None:
    email = await queued(api, await opened(api, server, imap=None))
    keyless = mailing.settings.model_copy(update={"sealing_keys": (sealing.new_key(),)})
    await Mailing(working, keyless).step()
    found = await read(api, email)
    assert (found["state"], "cannot be opened" in found["reason"]) == ("queued", True)


async def test_an_email_whose_entry_fails_is_sent_once(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(session: AsyncSession, *_: object) -> None:
        await session.execute(text("select 1 / 0"))

    monkeypatch.setattr(commands, "enter", fails)
    email = await queued(api, await opened(api, server, imap=None))
    await mailing.step()
    found = await read(api, email)
    assert (found["state"], found["due_at"], found["attempts"]) == ("sent", None, 0)


async def test_a_message_that_cannot_be_stored_does_not_stop_the_next(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = commands.receive

    async def refuses_one(session: AsyncSession, mailbox: Any, found: mail.Parsed, actor: str) -> Any:
        if found.subject == "Poison":
            await session.execute(text("select 1 / 0"))
        return await receive(session, mailbox, found, actor)

    monkeypatch.setattr(commands, "receive", refuses_one)
    mailbox = await opened(api, server)
    await refetch(mailing)
    for subject in ("Poison", "After it"):
        await post(server, subject)
    await refetch(mailing)
    items = (await api.get("/v1/emails", params={"direction": "in", "mailbox_id": mailbox["id"]})).json()["items"]
    assert "After it" in [each["subject"] for each in items if each["state"] == "received"]
    assert "Poison" not in [each["subject"] for each in items]
    assert any("division by zero" in each["reason"] for each in items if each["state"] == "unreadable")


async def test_mailboxes_of_a_suspended_tenant_wait(
    api: httpx.AsyncClient, mailing: Mailing, server: MailServer, working: Sessions
) -> None:
    email = await queued(api, await opened(api, server))
    async with working() as session:
        await session.execute(SUSPEND, {"id": TENANT})
        await session.commit()
    await mailing.step()
    async with working() as session:
        state = await session.scalar(text("select state from emails where id = :id"), {"id": email["id"]})
        await session.execute(text("delete from tenants"))
        await session.commit()
    assert state == "queued"
    await mailing.step()
    assert (await read(api, email))["state"] == "sent"


async def refetch(mailing: Mailing) -> None:
    async with mailing.sessions() as session:
        await session.execute(text("update mailboxes set fetch_after = null"))
        await session.commit()
    await mailing.step()


BOUNCE = """From: MAILER-DAEMON@trujillo.example
To: {to}
Subject: Undelivered Mail
Message-ID: <bounce-1@trujillo.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.trujillo.example

Final-Recipient: rfc822; ana@trujillo.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
Subject: Hello

--b--
"""
