"""A copy of the customers from the HTTP feed of the CRM: for who has no Kafka. The token decides the tenant."""

from pathlib import Path

import httpx

from consumers.copies import opened, position, reached, take

SOURCE = "crm"
CONFLICT, GONE = 409, 410


def read(client: httpx.Client, file: Path) -> int:
    """Read all events since the last call; how many were news. Call it again for ever, or with `wait=30`."""
    database, news = opened(str(file)), 0
    try:
        while True:
            after = position(database, SOURCE)
            answer = client.get("/v1/events", params={"after": after, "kinds": "customer", "limit": 200})
            if answer.status_code in (CONFLICT, GONE):  # The CRM was restored, or has forgotten: read all again.
                reached(database, SOURCE, 0)
                continue
            page = answer.raise_for_status().json()
            with database:
                database.execute("begin")
                news += sum(take(database, event["data"]) for event in page["items"])
                reached(database, SOURCE, page["next"])
            if not page["items"] and page["next"] == after:
                return news
    finally:
        database.close()
