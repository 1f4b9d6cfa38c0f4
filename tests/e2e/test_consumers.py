"""The consumers of contracts/examples against real services: rebuilt from nothing, repeated, restarted."""

import json
import time
from pathlib import Path
from typing import Any

from consumers import copies, feed, kafka, webhook
from stack.services import Stack
from webhooks.rules import headers, new_secret, shown

from .clients import Company
from .waiting import eventually

Copy = dict[str, tuple[str, bool]]


def copy_in(file: Path) -> Copy:
    """The copy: id -> name, and whether it is archived."""
    database = copies.opened(str(file))
    rows = database.execute("select id, content, archived from customers").fetchall()
    database.close()
    return {id_: (json.loads(content)["name"]["name"], bool(archived)) for id_, content, archived in rows}


def in_crm(company: Company) -> Copy:
    """What the copy must be."""
    records = company.crm.records("customer")
    return {each["id"]: (each["name"], each["archived_at"] is not None) for each in records}


def changed(company: Company) -> None:
    """Customers that are entered, edited and archived."""
    first = company.crm.create("customer", name="Alfreds Futterkiste")
    second = company.crm.create("customer", name="Bolido Comidas")
    company.crm.change("customer", first["id"], name="Alfreds Feinkost")
    company.crm.archive("customer", second["id"])


def all_sent(company: Company) -> None:
    """Wait until every event of the CRM has left its outbox, those that tell of links too."""

    def look() -> bool:
        assert [each["id"] for each in company.crm.records("customer") if each["canonical_id"] is None] == []
        page = company.crm.get("/v1/outbox", limit=1)
        assert page["items"] == []
        return True

    eventually(look)


def test_a_copy_from_the_feed_is_rebuilt_continued_and_repeated(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "feed.sqlite"
    changed(company)
    all_sent(company)
    assert feed.read(company.crm.http, file) > 0
    assert copy_in(file) == in_crm(company)
    changed(company)
    all_sent(company)
    feed.read(company.crm.http, file)
    assert copy_in(file) == in_crm(company)
    database = copies.opened(str(file))
    copies.reached(database, feed.SOURCE, 0)
    database.commit()
    database.close()
    assert feed.read(company.crm.http, file) == 0, "what is read twice is no news"
    assert copy_in(file) == in_crm(company)


async def test_a_copy_from_kafka_is_rebuilt_continued_and_repeated(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    file = tmp_path / "kafka.sqlite"
    for _ in range(2):  # The second run continues where the first has ended.
        changed(company)
        all_sent(company)
        await kafka.follow(stack.bootstrap, company.tenant, file, until_read=True)
        assert copy_in(file) == in_crm(company)
    again = tmp_path / "again.sqlite"
    await kafka.follow(stack.bootstrap, company.tenant, again, until_read=True)
    assert copy_in(again) == copy_in(file)


def test_a_receiver_of_webhooks_takes_what_is_signed_once_and_in_any_order(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "webhook.sqlite"
    changed(company)
    all_sent(company)
    events = company.crm.get("/v1/events", kinds="customer")["items"]
    old, secret = new_secret(), new_secret()

    def posted(event: dict[str, Any], at: float | None = None, keys: tuple[bytes, ...] = (secret, old)) -> int:
        body = json.dumps(event).encode()
        signed = headers(keys, event["id"], int(at or time.time()), body)
        return webhook.receive(signed, body, shown(secret), file)

    assert {posted(event) for event in [*reversed(events), *events]} == {webhook.TAKEN}
    assert copy_in(file) == in_crm(company)
    assert posted(events[0], keys=(old,)) == webhook.FORGED
    assert posted(events[0], at=time.time() - 3600) == webhook.FORGED
