"""Rows of records: by the examples of their bodies, or brought by the hub where a service only reads them."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from chassis.db import Sessions, transaction
from chassis.service import Service
from chassis.testing import TENANT, application
from contracts.activity import Channel, Priority
from contracts.kinds import TABLES
from crm.activities.reminders.commands import remind
from records import Record

from ..contracts.published import example
from .subjects import SUBJECTS
from .trade import FOLLOWING, to_invoice

Json = dict[str, Any]
CHANNELS = tuple(Channel)
PRIORITIES = tuple(Priority)


class Maker:
    """Makes rows in one service, and before them those that they refer to."""

    def __init__(self, service: Service, api: httpx.AsyncClient, sessions: Sessions) -> None:
        self.service, self.api, self.sessions = service, api, sessions
        self._made = count()
        self.subjects = {each.record.name: each for each in SUBJECTS if each.service is service}

    async def make(self, name: str, number: int) -> Json:
        """The answer for a new row; `number` tells it from others."""
        subject = self.subjects[name]
        if "create" in subject.verbs:
            return await self.post(subject.record.path, await self.body(subject.record, number))
        follows = {**FOLLOWING, **HERE}.get(str(subject))
        made = await (follows(self, number) if follows else self.bring(name, number))
        if "read" in subject.verbs:
            return await self.get(f"{subject.record.path}/{made}")
        listed: list[Json] = shown(await self.api.get(subject.record.path, params={"limit": "200"}))["items"]
        return next(row for row in listed if key_of(row) == made)

    async def body(self, record: Record[Any, Any, Any], number: int) -> Json:
        """What creates a row: the first example, with references to rows that are there, and what tells it apart."""
        shape = record.new or record.body
        body: Json = dict(shape.model_json_schema().get("examples", [{}])[0])
        if "name" in shape.model_fields:
            body["name"] = f"{body.get('name', 'Example')} {number}"
        for field, other in record.refers.items():
            body[field] = await self.id_of(other.name, number)
        more = APART.get(record.name)
        body |= await more(self, number) if more else {}
        if record.alike is not None:
            made = next(self._made)
            body |= {"email": f"{made}.{body['email']}", "phone": f"+49 30 {1_000_000 + made}"}
        return body

    async def bring(self, kind: str, number: int) -> str:
        """The local id of the golden example of a kind, as the hub delivers it."""
        values: Json = dict(example(f"erp.{kind}.v1")["data"]["snapshot"])
        for group in TABLES[kind].groups:
            if group.refers and group.reference_field is None and values.get(group.name):
                values[group.name] = await self.id_of(group.refers, number)
        values |= BROUGHT[kind](values, number) if kind in BROUGHT else {}
        groups = [{"group": group, "value": value, "rev": 1} for group, value in values.items()]
        items = [{"canonical_id": str(uuid4()), "hlc": 1, "groups": groups}]
        (outcome,) = (await self.post(f"/replication/v1/{kind}", {"items": items}))["items"]
        assert outcome["outcome"] == "applied", outcome
        return str(outcome["local_id"])

    async def id_of(self, name: str, number: int) -> str:
        """A row that another one may refer to."""
        subject = self.subjects.get(name)
        if subject is not None and "create" in subject.verbs:
            return str((await self.make(name, number))["id"])
        return await self.bring(name, number)

    async def get(self, path: str) -> Json:
        return shown(await self.api.get(path))

    async def post(self, path: str, body: Json | None = None) -> Json:
        return shown(await self.api.post(path, json=body))

    async def put(self, path: str, body: Json) -> Json:
        return shown(await self.api.put(path, json=body, headers={"If-Match": "*"}))


def shown(answer: httpx.Response, status: int | None = None) -> Json:
    """The body of an answer that has this status, or is any success."""
    assert answer.status_code == status if status else answer.is_success, answer.text
    found: Json = answer.json()
    return found


def key_of(row: Json) -> str:
    """What tells a row from others: its id, or that of what it is about."""
    return str(next(row[name] for name in ("id", "line_id", "product_id") if name in row))


async def _employee(_maker: Maker, number: int) -> Json:
    return {"email": f"nancy{number}@northwind.example", "subject": f"nancy-{uuid4()}", **_days(number)}


def _days(number: int) -> Json:
    return {"entered_on": f"1992-05-{number + 1:02}", "left_on": f"1999-05-{number + 1:02}"}


async def _team(maker: Maker, number: int) -> Json:
    return {"member_ids": [await maker.id_of("employee", number + 20)]}


async def _customer(_maker: Maker, number: int) -> Json:
    return {"email": f"info{number}@alfki.example", "segment": "food"}


async def _product(_maker: Maker, number: int) -> Json:
    return {"sku": f"CHAI-{number}", "gtin": _gtin(number)}


async def _price_list(_maker: Maker, number: int) -> Json:
    """One for a group, the others for customers."""
    left_out = "customer_id" if number == 0 else "customer_group"
    return {"valid_from": f"2026-01-{number + 1:02}", left_out: None}


async def _price(_maker: Maker, number: int) -> Json:
    return {"amount": f"{number + 10}.00", "min_quantity": str(number + 1)}


async def _tax_rate(_maker: Maker, number: int) -> Json:
    return {"valid_from": f"2026-01-{number + 1:02}"}


async def _deal(maker: Maker, number: int) -> Json:
    product_id = await maker.id_of("product", number + 50)
    line = {"product_id": product_id, "quantity": "1", "unit_price": f"{number + 1}000.00"}
    return {"amount": f"{number + 1}000.00", "lines": [line], "expected_close": f"2026-12-{number + 1:02}"}


async def _quota(_maker: Maker, number: int) -> Json:
    """One of a team, the others of employees."""
    left_out = "employee_id" if number == 0 else "team_id"
    return {"first_day": f"2026-10-{number + 1:02}", "amount": f"{number + 1}000.00", left_out: None}


async def _lead(_maker: Maker, number: int) -> Json:
    campaign = "Spring" if number else None
    return {"email": f"ana{number}@trujillo.example", "campaign": campaign, "phone": f"+52 5 555 47{number:02}"}


async def _form_submission(maker: Maker, number: int) -> str:
    """The id of one that a visitor has sent; each form takes another one."""
    application(maker.service).state.rates._counts.storage.reset()  # A visitor may not send that many.
    form = await maker.make("form", number)
    fields = {"name": f"Ana {number}", "email": f"ana{number}@trujillo.example", "news": "on"}
    return str((await maker.post(f"/v1/forms/{form['key']}/submissions", fields))["id"])


async def _quote(maker: Maker, number: int) -> Json:
    deal = await maker.make("deal", number)
    line = {"product_id": await maker.id_of("product", number), "quantity": "12", "unit_price": "18.00"}
    days = {"valid_until": f"2999-12-{number + 1:02}"}
    return {"customer_id": deal["customer_id"], "deal_id": deal["id"], "lines": [line], **days}


async def _order(maker: Maker, number: int) -> Json:
    line = {"product_id": await maker.id_of("product", number), "quantity": "12", "unit_price": "18.00"}
    customer_id = await maker.id_of("customer", number)
    deal = {"deal_id": await maker.id_of("deal", number + 20)} if maker.service.name == "crm" else {}
    return {"customer_id": customer_id, "reference": f"R-{number}", "lines": [line], **deal}


async def _interaction(maker: Maker, number: int) -> Json:
    people = {f"{name}_ids": [await maker.id_of(name, number + 10)] for name in ("contact", "employee")}
    return {"started_at": f"2026-11-{number + 1:02}T09:30:00Z", "channel": CHANNELS[number % len(CHANNELS)], **people}


async def _task(maker: Maker, number: int) -> Json:
    due_at = f"2026-11-{number + 1:02}T12:00:00Z"
    rule = {"recurrence": "FREQ=WEEKLY", "remind_minutes_before": 30}
    return {
        "due_at": due_at,
        "priority": PRIORITIES[number % len(PRIORITIES)],
        **(rule if maker.service.name == "crm" else {}),
    }


async def _task_reminder(maker: Maker, number: int) -> str:
    """The id of the reminder of a task that was due."""
    task = await maker.make("task", number)
    async with transaction(maker.sessions, TENANT) as session:
        await remind(session)
    listed = await maker.get(f"/v1/task-reminders?task_id={task['id']}")
    return str(listed["items"][0]["id"])


async def _calendar_event(maker: Maker, number: int) -> Json:
    times = {"starts_at": f"2026-11-{number + 1:02}T08:00:00Z", "ends_at": f"2026-11-{number + 1:02}T09:30:00Z"}
    contact = {"contact_id": await maker.id_of("contact", number + 10)}
    return {**times, "attendees": [{"employee_id": await maker.id_of("employee", number + 10)}, contact]}


async def _booking(_maker: Maker, number: int) -> Json:
    """One of an employee, who works on that day, the others of a resource."""
    times = {"starts_at": f"1998-04-{number + 6:02}T10:00:00Z", "ends_at": f"1998-04-{number + 6:02}T11:30:00Z"}
    return {**times, "resource_id" if number == 0 else "employee_id": None}


async def _mailbox(_maker: Maker, number: int) -> Json:
    return {"email": f"sales{number}.{uuid4().hex[:8]}@northwind.example"}


async def _message_channel(_maker: Maker, number: int) -> Json:
    return {"name": f"SMS {number}", "medium": "sms", "driver": "log", "gateway": None}


async def _text_message(maker: Maker, number: int) -> Json:
    return {"to": f"+4930007{number:04}", "channel_id": await maker.id_of("message_channel", number)}


async def _email_template(_maker: Maker, _number: int) -> Json:
    return {"language": "en"}


async def _invoice(maker: Maker, number: int) -> Json:
    return {"order_id": await to_invoice(maker, number)}


async def _credit_note(maker: Maker, number: int) -> Json:
    return {"invoice_id": (await maker.make("invoice", number))["id"]}


async def _payment(maker: Maker, number: int) -> Json:
    more = {"bank_account_id": await maker.id_of("bank_account", number)} if "bank_account" in maker.subjects else {}
    return {"customer_id": await maker.id_of("customer", number), "reference": f"E2E-{number}", **more}


async def _bank_account(_maker: Maker, number: int) -> Json:
    account = f"37040044{number:010}"
    return {"iban": f"DE{98 - int(f'{account}131400') % 97:02}{account}"}


def _gtin(number: int) -> str:
    digits = f"400638133{number:03}"
    return f"{digits}{-sum(int(each) * (1, 3)[place % 2] for place, each in enumerate(digits)) % 10}"


def _numbered(values: Json, number: int) -> Json:
    return {"document": {**values["document"], "number": f"{values['document']['number']}-{number}"}}


APART: Mapping[str, Callable[[Maker, int], Awaitable[Json]]] = {
    "employee": _employee,
    "team": _team,
    "customer": _customer,
    "product": _product,
    "price_list": _price_list,
    "price": _price,
    "tax_rate": _tax_rate,
    "deal": _deal,
    "lead": _lead,
    "quota": _quota,
    "quote": _quote,
    "order": _order,
    "interaction": _interaction,
    "task": _task,
    "calendar_event": _calendar_event,
    "booking": _booking,
    "mailbox": _mailbox,
    "email_template": _email_template,
    "message_channel": _message_channel,
    "text_message": _text_message,
    "invoice": _invoice,
    "credit_note": _credit_note,
    "payment": _payment,
    "bank_account": _bank_account,
}
"""What a record's example leaves open: unique numbers, references inside of lists, fields that lists filter by."""
HERE = {"crm-form_submission": _form_submission, "crm-task_reminder": _task_reminder}
"""Rows that no client creates."""

BROUGHT: Mapping[str, Callable[[Json, int], Json]] = {
    "employee": lambda values, number: {
        "name": f"{values['name']} {number}",
        "subject": f"nancy-{number}",
        "email": f"nancy{number}@northwind.example",
        "employment": _days(number),
    },
    "team": lambda values, number: {"name": f"{values['name']} {number}"},
    "price_list": lambda values, number: {
        "name": f"{values['name']} {number}",
        "terms": {**values["terms"], "customer_group": None if number else "retail"},
        "customer": values["customer"] if number else None,
    },
    "tax_rate": lambda values, number: {"tax_rate": {**values["tax_rate"], "valid_from": f"1983-07-{number + 1:02}"}},
    "invoice": _numbered,
    "credit_note": _numbered,
    "shipment": _numbered,
}
"""What tells one delivery of a golden example from another."""
