"""The steps of the sales story: leads, deals, interactions, tasks and quotes, through REST."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from rich.progress import track
from stack.services import Stack

from ..e2e.clients import Body, Company
from .northwind import Northwind, rows
from .pipeline import Deal, Pipeline, Sales, planned
from .steps import Story

AT_ONCE = 4


class SalesStory(Story):
    """One run over one tenant: each order is won as a deal of its employee."""

    def __init__(self, stack: Stack, company: Company, northwind: Northwind, folder: Path) -> None:
        super().__init__(stack, company, northwind, folder)
        self.ids: dict[int, Body] = {}
        """Of each deal: its id, that of its task, and the number of its stage."""
        self.forecast: list[Body] = []

    @cached_property
    def sales(self) -> Sales:
        """What is to happen, by rule, in the pipeline that the CRM declares."""
        declared = self.company.crm.get("/v1/pipelines/sales")
        probabilities = {stage["key"]: Decimal(stage["probability"]) for stage in declared["stages"]}
        return planned(self.northwind, Pipeline(probabilities, declared["lost_reasons"]))

    @cached_property
    def employees(self) -> dict[str, str]:
        """Number of an employee -> id in the CRM."""
        found = {each["name"]: each["id"] for each in self.company.crm.records("employee")}
        return {row["employee_id"]: found[_full_name(row)] for row in rows("employees")}

    @cached_property
    def customers(self) -> dict[str, str]:
        """Key of a customer -> id in the CRM."""
        found = {each["name"]: each["id"] for each in self.company.crm.records("customer")}
        return {row["customer_id"]: found[row["company_name"]] for row in rows("customers")}

    @cached_property
    def contacts(self) -> dict[str, str]:
        """Key of a customer -> id of its contact in the CRM."""
        found = {each["customer_id"]: each["id"] for each in self.company.crm.records("contact")}
        return {key: found[customer_id] for key, customer_id in self.customers.items()}

    @cached_property
    def products(self) -> dict[str, str]:
        """SKU -> id in the CRM."""
        return {each["sku"]: each["id"] for each in self.company.crm.all("/v1/products")}

    def enter_employees(self) -> None:
        """Nine, with their managers, in the ERP; they stand in the CRM then."""
        erp, made = self.company.erp, dict[str, Body]()
        for row in rows("employees"):
            made[row["employee_id"]] = erp.create(
                "employee",
                name=_full_name(row),
                position=row["title"],
                phone=row["home_phone"],
                department="Sales",
                entered_on=row["hire_date"],
            )
        for row in rows("employees"):
            if row["reports_to"]:
                manager = made[row["reports_to"]]["id"]
                erp.change("employee", made[row["employee_id"]]["id"], manager_id=manager)
        managed = sum(1 for row in rows("employees") if row["reports_to"])
        self._until(lambda: sum(1 for each in self.company.crm.records("employee") if each["manager_id"]) == managed)

    def enter_contacts(self) -> None:
        """The contact person of each customer, in the CRM."""
        bodies = [
            {"name": row["contact_name"], "position": row["contact_title"], "customer_id": self.customers[key]}
            for row in rows("customers")
            if (key := row["customer_id"])
        ]
        self._create("/v1/contacts:batch", bodies)

    def sell_until_the_forecast(self) -> None:
        """Every deal that began until the day of the forecast: closed ones to their end, the others to their stage."""
        day = self.sales.forecast_on
        self._begin([deal for deal in self.sales.deals if deal.begun_on <= day])
        self._each("closing", self._close, [deal for deal in self.sales.deals if deal.closed_on <= day])
        self._each("moving", lambda deal: self._move(deal, deal.stage_on(day)), self.sales.open_at_forecast)

    def make_the_forecast(self) -> None:
        """What the CRM expects of the next month on that day."""
        first, last = self.sales.next_month
        self.forecast = self.company.crm.get("/v1/forecast", first_day=str(first), last_day=str(last))["items"]

    def sell_the_rest(self) -> None:
        """The other deals, to their end."""
        day = self.sales.forecast_on
        self._begin([deal for deal in self.sales.deals if deal.begun_on > day])
        self._each("closing", self._close, [deal for deal in self.sales.deals if deal.closed_on > day])

    def _begin(self, deals: list[Deal]) -> None:
        """Enter leads and deals, then what was said and what is to be done about each."""
        self._each("beginning", self._open, deals)
        self._create("/v1/interactions:batch", [self._call(deal) for deal in deals])
        tasks = self._create("/v1/tasks:batch", [self._task(deal) for deal in deals])
        for deal, task_id in zip(deals, tasks, strict=True):
            self.ids[id(deal)]["task"] = task_id

    def _open(self, deal: Deal) -> None:
        deal_id = self._lead(deal) if deal.is_lead else self._deal(deal)
        self.ids[id(deal)] = {"deal": deal_id, "stage": 0}

    def _lead(self, deal: Deal) -> str:
        """The deal of a lead that is contacted, qualified, and converted to the customer and contact that are known."""
        crm, row = self.company.crm, self._customer(deal)
        body = {"name": row["contact_name"], "company": row["company_name"], "phone": row["phone"], "source": "Lead"}
        lead = crm.create("lead", **body, owner_id=self.employees[deal.order.employee])
        for verb in ("contact", "qualify"):
            crm.post(f"/v1/leads/{lead['id']}/{verb}")
        terms = {"name": self._name(deal), "amount": str(deal.amount), "currency": "USD"}
        known = {"customer_id": self.customers[deal.order.customer], "contact_id": self.contacts[deal.order.customer]}
        deal_id: str = crm.post(f"/v1/leads/{lead['id']}/convert", {**known, "deal": terms})["deal_id"]
        crm.change("deal", deal_id, expected_close=str(deal.expected_close))
        return deal_id

    def _deal(self, deal: Deal) -> str:
        made = self.company.crm.create(
            "deal",
            name=self._name(deal),
            customer_id=self.customers[deal.order.customer],
            contact_id=self.contacts[deal.order.customer],
            owner_id=self.employees[deal.order.employee],
            amount=str(deal.amount),
            currency="USD",
            expected_close=str(deal.expected_close),
        )
        return str(made["id"])

    def _call(self, deal: Deal) -> Body:
        return {
            "channel": "call_in" if deal.is_lead else "call_out",
            "subject": f"Asked about {len(deal.order.lines)} products",
            "started_at": f"{deal.begun_on}T10:00:00Z",
            "minutes": 10,
            "customer_id": self.customers[deal.order.customer],
            "contact_ids": [self.contacts[deal.order.customer]],
            "employee_ids": [self.employees[deal.order.employee]],
            "deal_id": self.ids[id(deal)]["deal"],
        }

    def _task(self, deal: Deal) -> Body:
        return {
            "subject": f"Send the quote for {self._name(deal)}",
            "due_at": f"{deal.expected_close}T16:00:00Z",
            "assignee_id": self.employees[deal.order.employee],
            "customer_id": self.customers[deal.order.customer],
            "deal_id": self.ids[id(deal)]["deal"],
        }

    def _move(self, deal: Deal, stage: str) -> None:
        """Through every stage from the present one up to this one."""
        known = self.ids[id(deal)]
        reached = deal.stages.index(stage)
        for each in deal.stages[known["stage"] + 1 : reached + 1]:
            self.company.crm.post(f"/v1/deals/{known['deal']}/move", {"stage": each})
        known["stage"] = reached

    def _close(self, deal: Deal) -> None:
        crm, known = self.company.crm, self.ids[id(deal)]
        self._move(deal, deal.stages[-1])
        if deal.reason is None:
            crm.post(f"/v1/tasks/{known['task']}/complete")
            self._quote(deal)
        else:
            crm.post(f"/v1/tasks/{known['task']}/cancel")
            crm.post(f"/v1/deals/{known['deal']}/lose", {"reason": deal.reason, "closed_on": str(deal.closed_on)})

    def _quote(self, deal: Deal) -> None:
        """Quoted, sent, and accepted on the day of the order, which wins the deal and makes the order."""
        lines = [
            {
                "product_id": self.products[line.sku],
                "quantity": str(line.quantity),
                "unit_price": str(line.unit_price),
                "discount": str(line.discount),
            }
            for line in deal.order.lines
        ]
        about = {
            "customer_id": self.customers[deal.order.customer],
            "contact_id": self.contacts[deal.order.customer],
            "deal_id": self.ids[id(deal)]["deal"],
        }
        quote = self.company.crm.create("quote", **about, currency="USD", lines=lines)
        self.company.crm.post(f"/v1/quotes/{quote['id']}/send")
        accepted = {"accepted_on": str(deal.closed_on), "reference": deal.order.number}
        self.company.crm.post(f"/v1/quotes/{quote['id']}/accept", accepted)

    def _create(self, path: str, bodies: Iterable[Body]) -> list[str]:
        """The ids of created records, in batches, in their order."""
        made = []
        for result in self._in_batches(self.company.crm, path, [{"body": body} for body in bodies]):
            self._expect(result, "created")
            made.append(result["id"])
        return made

    def _each(self, what: str, do: Callable[[Deal], None], deals: list[Deal]) -> None:
        """Do it for each deal, some at once, with a progress bar."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in track(pool.map(do, deals), f"  {what:38}", len(deals)):
                pass

    @cached_property
    def _rows(self) -> dict[str, dict[str, str]]:
        return {row["customer_id"]: row for row in rows("customers")}

    def _customer(self, deal: Deal) -> dict[str, str]:
        return self._rows[deal.order.customer]

    def _name(self, deal: Deal) -> str:
        return f"{self._customer(deal)['company_name']} {deal.order.number}"


def _full_name(row: dict[str, str]) -> str:
    return f"{row['first_name']} {row['last_name']}"
