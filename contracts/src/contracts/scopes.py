"""The one list of scopes: what each permits, and which one shows a kind's events.

`contracts/scopes.json` is made of it, with the operations of every service that ask for a scope.
"""

from typing import Any

SCOPES = {
    "employees:read": "See employees, teams, and whether the caller is one.",
    "employees:write": "Enter, change and archive employees and teams; hand over what an employee owns.",
    "customers:read": "See customers and the definitions of custom fields.",
    "customers:write": "Enter, change and archive customers, except their credit; declare custom fields.",
    "credit:write": "Set a customer's credit limit, and block or unblock a customer.",
    "contacts:read": "See contacts.",
    "contacts:write": "Enter, change and archive contacts.",
    "products:read": "See products and their availability.",
    "products:write": "Enter, change and archive products, except their list price in the ERP.",
    "prices:read": "See price lists, prices and tax rates, and the ERP's limits of discounts; ask for prices.",
    "prices:write": "Set list prices, price lists, prices, tax rates and limits of discounts.",
    "inventory:read": "See warehouses, stock and its movements.",
    "inventory:write": "Receive, move and adjust stock; enter, change and archive warehouses.",
    "orders:read": "See orders and shipments.",
    "orders:write": "Enter, change, submit, confirm, cancel, ship and return orders.",
    "orders:hold": "Put an order on hold, and resume or confirm an order that is on hold.",
    "invoices:read": "See invoices, credit notes, balances and dunning.",
    "invoices:write": "Issue invoices and credit notes; run dunning.",
    "payments:read": "See payments, bank accounts and bank statements.",
    "payments:write": "Enter, assign, allocate and reverse payments; keep bank accounts, import bank statements.",
    "ledger:read": "See the company, accounts, journal entries, periods and the trial balance.",
    "ledger:write": "Change the company's data, and open accounts.",
    "ledger:post": "Write manual journal entries.",
    "ledger:close": "Close months, and open them again.",
    "quotes:read": "See quotes, the letterhead and the CRM's limits of discounts.",
    "quotes:write": "Enter, change, send and decide quotes; change the letterhead.",
    "deals:read": "See deals and pipelines.",
    "deals:write": "Enter, change, move and decide deals; declare pipelines.",
    "numbers:read": "See how documents and records are numbered.",
    "numbers:write": "Declare how documents and records are numbered.",
    "jobs:read": "See long-running jobs and imports: their state, progress and result.",
    "jobs:write": "Start imports, which needs the scope to write their records too, and cancel jobs.",
    "sync:read": "See records, decisions, deliveries, quarantine and status of the gateway.",
    "sync:write": "Resolve conflicts, restore values, retry or drop deliveries, mend links, handle held messages.",
    "sync:operate": "Operate the gateway for all tenants.",
    "events:read": "Read the HTTP feed of events; each kind of event needs the scope that shows the kind too.",
    "outbox:read": "See which events wait for the broker and which it refuses, without their content.",
    "outbox:operate": "Send an event again that the broker has refused.",
    "replication:read": "Compare records by the port of a system; for the gateway.",
    "replication:write": "Deliver records by the port of a system; for the gateway.",
}

EVENT_SCOPES = {
    "availability": "products:read",
    "balance": "invoices:read",
    "conflict": "sync:read",
    "contact": "contacts:read",
    "credit_note": "invoices:read",
    "customer": "customers:read",
    "deal": "deals:read",
    "employee": "employees:read",
    "invoice": "invoices:read",
    "order": "orders:read",
    "payment": "payments:read",
    "price": "prices:read",
    "price_list": "prices:read",
    "product": "products:read",
    "quote": "quotes:read",
    "shipment": "orders:read",
    "tax_rate": "prices:read",
    "team": "employees:read",
}
"""The scope that shows the events of a kind on the feed of every service: that of `GET` of the kind's records."""

WRITE_SCOPES = {
    "customer.credit": "credit:write",
    "product.list_price": "prices:write",
    "price": "prices:write",
    "price_list": "prices:write",
    "tax_rate": "prices:write",
}
"""What takes a scope of its own to write: all groups of a kind, or one (`kind.group`), in the system that owns it.

The gateway asks for the same scope when a steward chooses a value.
"""


def write_scopes_of(kind: str) -> dict[str, str]:
    """The groups of a kind that take a scope of their own, with it."""
    found = {name.partition("."): scope for name, scope in WRITE_SCOPES.items()}
    return {group: scope for (named, _, group), scope in found.items() if named == kind and group}


def audience_of(service: str) -> str:
    """What a token for a service names in `aud`."""
    return f"concord-{service}"


def scopes_document(openapi: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Each scope with what it permits and where: the operations that ask for it, by service.

    An operation that asks for a scope only where certain fields are written stands there with those fields.
    """
    where: dict[str, dict[str, list[str]]] = {scope: {} for scope in SCOPES}
    for service, document in openapi.items():
        for name, operation in _operations(document):
            for scope, fields in _needed(operation).items():
                entry = f"{name} ({', '.join(fields)})" if fields else name
                where.setdefault(scope, {}).setdefault(service, []).append(entry)
    return {
        "audiences": {service: audience_of(service) for service in openapi},
        "scopes": {
            scope: {"permits": SCOPES.get(scope, ""), "operations": operations} for scope, operations in where.items()
        },
        "events": EVENT_SCOPES,
    }


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def _needed(operation: dict[str, Any]) -> dict[str, list[str]]:
    whole: dict[str, list[str]] = {
        scope: [] for each in operation.get("security", []) for scopes in each.values() for scope in scopes
    }
    for field, scope in operation.get("x-field-scopes", {}).items():
        whole.setdefault(scope, []).append(field)
    return whole
