"""A copy of the customers from webhooks (Standard Webhooks): the receiver behind an address that the CRM posts to.

Webhooks tell what changes from now on. `consumers.feed` makes the copy that they continue.
"""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path

from consumers.copies import opened, take

TOLERATED_SECONDS = 300
TAKEN, FORGED = 204, 401


def receive(headers: Mapping[str, str], body: bytes, secret: str, file: Path) -> int:
    """The status to answer. A message may come twice, and late: the number of the record tells."""
    if not genuine(headers, body, secret):
        return FORGED
    database = opened(str(file))
    with database:
        take(database, json.loads(body)["data"])
    database.close()
    return TAKEN


def genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether the message is signed with the secret and is not old. During a rotation there are two signatures."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERATED_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return any(hmac.compare_digest(each, wanted) for each in headers.get("webhook-signature", "").split())
