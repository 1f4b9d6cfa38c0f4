"""Use cases on a real database: rows and events."""

from typing import Any

import orjson
import pytest
from chassis import outbox
from chassis.errors import Malformed, NotFound
from chassis.replication import OwnedElsewhere
from chassis.testing import OTHER_TENANT, act_for
from crm.parties.customers.records import CUSTOMERS
from crm.parties.customers.schemas import CustomerBody
from party.testing import ALFREDS, GERMAN
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    await session.flush()
    found = await session.scalars(select(outbox.OutboxRow).order_by(outbox.OutboxRow.id))
    return [orjson.loads(row.data) for row in found]


async def test_a_new_customer_is_announced_with_all_its_groups(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS, legal_entities=[GERMAN]), "anna")
    (event,) = await events(session)
    assert event["local_id"] == str(row.id)
    assert (event["seq"], event["origin"], event["actor"]) == (1, "user", "anna")
    groups = {change["group"] for change in event["changes"]}
    entity = f"legal:{row.legal_entities[0].id}"
    assert groups == {"name", "phone", "billing_address", "tag:retail", entity, "stage", "life"}


async def test_a_change_announces_only_its_groups_and_that_the_record_lives(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    await writes.change(session, CUSTOMERS, row.id, {"billing_address": {"city": "Bonn"}}, "bert", seen)
    event = (await events(session))[-1]
    assert [change["group"] for change in event["changes"]] == ["billing_address", "life"]
    assert event["changes"][0]["new"]["city"] == "Bonn"
    assert event["changes"][0]["new"]["postal_code"] == "12209"
    assert (row.version, row.seq) == (2, 2)


async def test_a_change_that_changes_nothing_is_not_announced(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    await writes.change(session, CUSTOMERS, row.id, {"name": ALFREDS["name"], "tags": ["retail"]}, "bert", seen)
    assert row.version == 1
    assert len(await events(session)) == 1


async def test_null_empties_a_field_and_takes_a_value_of_ones_own_away(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    row.change({"custom": {"code": "A1"}})
    await session.flush()
    await writes.change(
        session, CUSTOMERS, row.id, {"phone": None, "notes": None, "custom": {"code": None}}, "anna", seen
    )
    assert (row.phone, row.phone_e164, row.notes, row.custom) == (None, None, "", {})


async def test_terms_and_credit_are_kept_by_the_erp(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    with pytest.raises(OwnedElsewhere) as refused:
        await writes.change(session, CUSTOMERS, row.id, {"payment_terms": {"days": 10}}, "anna", seen)
    assert refused.value.document()["owner"] == "erp"
    assert refused.value.document()["fields"] == ["payment_terms"]


async def test_terms_sent_back_as_they_are_do_not_matter(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    terms = {"days": 30, "discount_days": None, "discount_percent": None}
    row.change({"payment_terms": terms})
    await session.flush()
    changed = await writes.change(session, CUSTOMERS, row.id, {"payment_terms": terms, "name": "Alfred"}, "anna", seen)
    assert changed.name == "Alfred"


async def test_a_value_of_a_field_that_is_not_declared_is_refused(session: AsyncSession) -> None:
    with pytest.raises(Malformed) as refused:
        await writes.create(session, CUSTOMERS, CustomerBody(name="A", custom={"shoe_size": 43}), "anna")
    assert refused.value.document()["errors"][0]["field"] == "custom.shoe_size"


async def test_archiving_and_restoring_are_announced_as_death_and_life(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    await writes.archive(session, CUSTOMERS, row.id, "anna", seen)
    await writes.archive(session, CUSTOMERS, row.id, "anna", seen)
    await writes.restore(session, CUSTOMERS, row.id, "anna")
    lives = [event["changes"][-1] for event in await events(session)]
    assert [(each["group"], each["new"]) for each in lives] == [("life", "live"), ("life", "dead"), ("life", "live")]


async def test_another_tenant_neither_reads_nor_changes_a_customer(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    await act_for(session, OTHER_TENANT)
    with pytest.raises(NotFound):
        await reads.by_id(session, CUSTOMERS, row.id)
    with pytest.raises(NotFound):
        await writes.change(session, CUSTOMERS, row.id, {"name": "Mine"}, "bert", seen)
