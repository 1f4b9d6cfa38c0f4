"""What is declared of webhooks and their messages."""

from records import Record

from webhooks.models import Webhook, WebhookMessage
from webhooks.schemas import WebhookFilters, WebhookMessageFilters, WebhookMessageOut, WebhookOut

WEBHOOKS = Record(
    "webhook",
    row=Webhook,
    out=WebhookOut,
    filters=WebhookFilters,
    sort=("created_at", "updated_at"),
    order="-created_at",
    verbs=("list", "read"),
    annotated=False,
)
MESSAGES = Record(
    "webhook_message",
    scope="webhooks",
    tag="webhooks",
    row=WebhookMessage,
    out=WebhookMessageOut,
    filters=WebhookMessageFilters,
    sort=("created_at", "position"),
    order="-created_at",
    verbs=("list", "read"),
    annotated=False,
)
