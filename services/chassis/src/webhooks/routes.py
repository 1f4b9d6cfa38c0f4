"""HTTP of webhooks."""

from typing import Annotated, Any
from uuid import UUID

from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.patch import JsonPatch
from chassis.preconditions import SeenVersion, etag
from fastapi import APIRouter, Depends, Request, Response
from records import routes
from sealing import Seal

from webhooks import commands
from webhooks.models import Webhook
from webhooks.records import MESSAGES, WEBHOOKS
from webhooks.rules import shown
from webhooks.schemas import WebhookBody, WebhookMessageOut, WebhookOut, WebhookSecret

Writer = Annotated[Principal, requires("webhooks:write")]
# Answers with a secret are not kept: a repeated request makes another webhook, or another secret.
router = APIRouter(prefix="/v1", tags=["webhooks"])
routers = (routes(WEBHOOKS), routes(MESSAGES), router)


def event_scopes(request: Request) -> commands.Scopes:
    """The scope of each topic of the service."""
    scopes: commands.Scopes = request.app.state.event_scopes
    return scopes


Scopes = Annotated[commands.Scopes, Depends(event_scopes)]


def seal_of(request: Request) -> Seal:
    """What seals secrets in this process."""
    return Seal(request.app.state.settings.sealing_keys)


Sealing = Annotated[Seal, Depends(seal_of)]


@router.post("/webhooks", status_code=201, dependencies=[audited])
async def create_webhook(
    body: WebhookBody, session: Session, caller: Writer, scopes: Scopes, seal: Sealing, response: Response
) -> WebhookSecret:
    """Have events of these kinds posted to an address, signed as Standard Webhooks says, from now on.

    Each message is one CloudEvent in JSON. A receiver answers 2xx within 15 seconds; otherwise the message is tried
    again after 30 seconds, and then after growing pauses of up to a day. Messages of one record keep their order, and
    may come twice: `webhook-id` tells. The answer 410 disables the webhook. The secret is shown here only.
    """
    row, secret = await commands.create(session, body, caller, scopes, seal)
    add_facts(session, webhook_id=str(row.id), **_audited(row))
    response.headers["Location"] = f"/v1/webhooks/{row.id}"
    return _with_secret(row, secret, response)


@router.patch("/webhooks/{webhook_id}", dependencies=[audited])
async def change_webhook(
    webhook_id: UUID,
    patch: JsonPatch[WebhookBody],
    session: Session,
    caller: Writer,
    scopes: Scopes,
    seen: SeenVersion,
    response: Response,
) -> WebhookOut:
    """Change the fields named. With `enabled` true a webhook that was disabled goes on where it was."""
    row = await commands.locked(session, webhook_id)
    seen.check(row.version, WebhookOut.model_validate(row))
    before = _audited(row)
    await commands.change(session, row, patch, caller, scopes)
    add_facts(session, before=before, **_audited(row))
    response.headers["ETag"] = etag(row.version)
    return WebhookOut.model_validate(row)


@router.delete("/webhooks/{webhook_id}", dependencies=[audited])
async def delete_webhook(webhook_id: UUID, session: Session, _: Writer, seen: SeenVersion) -> WebhookOut:
    """Delete a webhook with its messages. The answer is what it was."""
    row = await commands.locked(session, webhook_id)
    was = WebhookOut.model_validate(row)
    seen.check(row.version, was)
    add_facts(session, **_audited(row))
    await session.delete(row)
    return was


@router.post("/webhooks/{webhook_id}/rotate-secret", dependencies=[audited])
async def rotate_webhook_secret(
    webhook_id: UUID, session: Session, caller: Writer, scopes: Scopes, seal: Sealing, response: Response
) -> WebhookSecret:
    """Make a new secret, which is shown here only. For a day messages are signed with the former one too."""
    row = await commands.locked(session, webhook_id)
    commands.readable(row.kinds, caller, scopes)
    secret = commands.rotate(row, seal)
    await session.flush()
    return _with_secret(row, secret, response)


@router.post("/webhook-messages/{webhook_message_id}/replay")
async def replay_webhook_message(webhook_message_id: UUID, session: Session, _: Writer) -> WebhookMessageOut:
    """Send a message again that was delivered or has failed, with the same `webhook-id`."""
    return WebhookMessageOut.model_validate(await commands.replay(session, webhook_message_id))


def _audited(row: Webhook) -> dict[str, Any]:
    """What the audit log has of a webhook: where it sends what. An address may contain a password in its query."""
    return {"address": row.url.partition("?")[0], "kinds": list(row.kinds), "enabled": row.enabled}


def _with_secret(row: Webhook, secret: bytes, response: Response) -> WebhookSecret:
    response.headers["ETag"] = etag(row.version)
    response.headers["Cache-Control"] = "no-store"
    return WebhookSecret(**WebhookOut.model_validate(row).model_dump(), secret=shown(secret))
