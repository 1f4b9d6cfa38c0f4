"""E-mails over HTTP: what goes out is queued, what comes in is stored, matched and put into its conversation."""

from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from crm.activities.mail.models import Mailbox
from sqlalchemy import select

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
SERVER = {"host": "smtp.northwind.example", "port": 465}
ANA = "ana@trujillo.example"
RAW = {"Content-Type": "message/rfc822"}


@pytest.fixture
async def mailbox(api: httpx.AsyncClient) -> dict[str, Any]:
    body = {"name": "Sales", "email": "sales@northwind.example", "smtp": SERVER, "signature": "Northwind"}
    answer = await api.post("/v1/mailboxes", json={**body, "login_name": "sales", "secret": "tops3cret"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    given = {"From": f"Ana <{ANA}>", "To": "sales@northwind.example", "Subject": "Tea", "Message-ID": "<1@t.example>"}
    for name, value in {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        made[name] = value
    made.set_content("Twelve cases, please.")
    return made


async def arrives(api: httpx.AsyncClient, mailbox: dict[str, Any], found: EmailMessage | bytes) -> httpx.Response:
    content = found if isinstance(found, bytes) else found.as_bytes()
    return await api.post("/v1/emails:receive", params={"mailbox_id": mailbox["id"]}, content=content, headers=RAW)


async def sent(api: httpx.AsyncClient, mailbox: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"mailbox_id": mailbox["id"], "to": [{"email": ANA}], "subject": "Offer", "text": "Here it is.", **more}
    return await api.post("/v1/emails", json=body)


async def test_the_secret_of_a_mailbox_is_sealed_and_never_shown(
    api: httpx.AsyncClient, mailbox: dict[str, Any], sessions: Sessions
) -> None:
    assert mailbox["has_secret"] is True
    assert "secret" not in mailbox
    changed = await api.patch(f"/v1/mailboxes/{mailbox['id']}", json={"name": "Shop"}, headers=SEEN)
    assert (changed.json()["has_secret"], changed.json()["version"]) == (True, 2)
    again = await api.patch(f"/v1/mailboxes/{mailbox['id']}", json={"secret": "another"}, headers=SEEN)
    assert again.json()["version"] == 3
    async with sessions() as session:
        await session.connection()
        (stored,) = await session.scalars(select(Mailbox.sealed_secret))
    assert stored is not None
    assert b"another" not in stored


async def test_an_email_is_queued_with_the_signature_and_about_whom_its_address_belongs_to(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    contact = (await api.post("/v1/contacts", json={"name": "Ana", "email": ANA})).json()
    queued = await sent(api, mailbox)
    assert (queued.status_code, queued.json()["state"], queued.json()["contact_id"]) == (201, "queued", contact["id"])
    assert queued.json()["text"] == "Here it is.\n\n-- \nNorthwind"
    assert queued.json()["message_id"].endswith("@northwind.example>")
    await api.patch(f"/v1/mailboxes/{mailbox['id']}", json={"enabled": False}, headers=SEEN)
    assert (await sent(api, mailbox)).json()["type"] == "/problems/mailbox-off"


@pytest.mark.parametrize("field", ["subject", "name"])
async def test_a_line_break_adds_no_header(api: httpx.AsyncClient, mailbox: dict[str, Any], field: str) -> None:
    value = "Offer\r\nBcc: all@evil.example"
    more: dict[str, Any] = {"subject": value} if field == "subject" else {"to": [{"email": ANA, "name": value}]}
    refused = await sent(api, mailbox, **more)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/malformed")


async def test_a_message_that_arrives_twice_is_stored_once_and_stands_in_the_history(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Trujillo"})).json()
    contact = (await api.post("/v1/contacts", json={"name": "Ana", "email": ANA, "customer_id": customer["id"]})).json()
    found = message()
    found.add_alternative("<p onclick='x()'>Twelve<script>alert(1)</script></p>", subtype="html")
    found.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="../order.pdf")
    first, second = [await arrives(api, mailbox, found) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200), first.text
    email = first.json()
    assert second.json()["id"] == email["id"]
    assert (email["contact_id"], email["customer_id"]) == (contact["id"], customer["id"])
    assert (email["text"], email["html"]) == ("Twelve cases, please.", "<p>Twelve</p>\n")
    (file,) = (await api.get(f"/v1/emails/{email['id']}/files")).json()["items"]
    assert (file["name"], file["media_type"]) == (".._order.pdf", "application/pdf")
    (entry,) = (await api.get("/v1/interactions", params={"customer_id": customer["id"]})).json()["items"]
    assert (entry["channel"], entry["subject"], entry["contact_ids"]) == ("email_in", "Tea", [contact["id"]])


async def test_a_conversation_is_found_by_references_and_else_by_partner_and_subject(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    ours = (await sent(api, mailbox)).json()
    named = message(In_Reply_To=ours["message_id"], Subject="Something else", Message_ID="<2@t.example>")
    alike = message(Subject="AW: Re: offer", Message_ID="<3@t.example>")
    other = message(Subject="Re: Offer", Message_ID="<4@t.example>", From="bert@else.example")
    threads = [(await arrives(api, mailbox, each)).json()["thread_id"] for each in (named, alike, other)]
    assert threads[:2] == [ours["thread_id"]] * 2
    assert threads[2] != ours["thread_id"]
    listed = (await api.get("/v1/emails", params={"thread_id": ours["thread_id"]})).json()["items"]
    assert len(listed) == 3
    answer = (await sent(api, mailbox, reply_to_id=listed[0]["id"])).json()
    assert (answer["thread_id"], answer["in_reply_to"]) == (ours["thread_id"], listed[0]["message_id"])


async def test_the_unknown_sender_becomes_a_lead_when_somebody_wants_it(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    email = (await arrives(api, mailbox, message())).json()
    assert "propose" in email["allowed"]
    assert (await api.get("/v1/leads")).json()["items"] == []
    proposed = (await api.post(f"/v1/emails/{email['id']}/propose")).json()
    lead = (await api.get(f"/v1/leads/{proposed['lead_id']}")).json()
    assert (lead["name"], lead["email"], lead["interest"]) == ("Ana", ANA, "Twelve cases, please.")
    again = await api.post(f"/v1/emails/{email['id']}/propose")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/sender-known")
    later = (await arrives(api, mailbox, message(Message_ID="<9@t.example>"))).json()
    assert later["lead_id"] == lead["id"]


async def test_what_is_no_message_is_refused_with_the_reason(api: httpx.AsyncClient, mailbox: dict[str, Any]) -> None:
    for content in (b"", b"\x00\xff\xfe", b"Subject: nobody\r\n\r\nText", b"From: nobody\r\n\r\n"):
        refused = await arrives(api, mailbox, content)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/email-unreadable"), refused.text
    wrong = await api.post("/v1/emails:receive", params={"mailbox_id": mailbox["id"]}, json={})
    assert wrong.json()["type"] == "/problems/not-a-message"
    assert (await api.get("/v1/emails")).json()["items"] == []


async def test_a_message_of_strange_parts_is_stored_as_far_as_it_can_be(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    content = (
        b"From: =?utf-8?q?A=00na?= <ana@trujillo.example>\r\nSubject: =?nope?q?x?= \x01\r\nDate: yesterday\r\n"
        b"Content-Type: text/plain; charset=martian\r\n\r\nTea \x00\x07 \xff please"
    )
    stored = await arrives(api, mailbox, content)
    assert stored.status_code == 200, stored.text
    assert stored.json()["text"].startswith("Tea")
    assert (await arrives(api, mailbox, content)).json()["id"] == stored.json()["id"]


async def test_more_than_a_personal_answer_needs_the_consent_of_everybody(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    await api.post("/v1/contacts", json={"name": "Ana", "email": ANA, "consent": {"email": True}})
    assert (await sent(api, mailbox, marketing=True)).status_code == 201
    refused = await sent(api, mailbox, marketing=True, cc=[{"email": "bert@else.example"}])
    assert (refused.status_code, refused.json()["addresses"]) == (409, "bert@else.example")
    many = [{"email": f"p{number}@else.example"} for number in range(6)]
    assert (await sent(api, mailbox, to=many)).json()["type"] == "/problems/marketing-consent-missing"
    assert (await sent(api, mailbox, to=many[:5])).status_code == 201


async def test_a_template_takes_values_and_refuses_where_one_is_missing(
    api: httpx.AsyncClient, mailbox: dict[str, Any]
) -> None:
    await api.post("/v1/contacts", json={"name": "Ana <b>", "email": ANA})
    texts = {"subject": "Hello {contact_name}", "text": "Code {code}, {{x}}", "html": "<b>{contact_name}</b>"}
    template = (await api.post("/v1/email-templates", json={"name": "Fair", "fields": ["code"], **texts})).json()
    wanted = {"template_id": template["id"], "subject": None, "text": ""}
    missing = await sent(api, mailbox, **wanted)
    assert (missing.status_code, missing.json()["missing"]) == (409, "code")
    made = (await sent(api, mailbox, **wanted, values={"code": "42"})).json()
    assert (made["subject"], made["text"]) == ("Hello Ana <b>", "Code 42, {x}\n\n-- \nNorthwind")
    assert made["html"] == "<b>Ana &lt;b&gt;</b>"
    for wrong in ("{customer.name}", "{unknown}", "{code!r}", "{", "{0}", "{code:>9}"):
        refused = await api.post(
            "/v1/email-templates", json={"name": "Bad", **texts, "fields": ["code"], "text": wrong}
        )
        assert [each["field"] for each in refused.json()["errors"]] == ["text"], wrong
