"""The one list of scopes: what each permits, and which one allows reading a kind's events.

`contracts/scopes.json` is generated from it, with the operations of every service that need a scope.
"""

from typing import Any

SCOPES = {
    "employees:read": "Read employees, teams, and the employee of the caller.",
    "employees:write": "Enter, change and archive employees and teams; reassign the records that an employee owns.",
    "customers:read": "Read customers and the definitions of custom fields.",
    "customers:write": "Enter, change and archive customers, except their credit; declare custom fields.",
    "credit:write": "Set a customer's credit limit, and block or unblock a customer.",
    "contacts:read": "See contacts.",
    "contacts:write": "Enter, change and archive contacts.",
    "products:read": "Read products and their availability.",
    "products:write": "Enter, change and archive products, except their list price in the ERP.",
    "prices:read": "Read price lists, prices and tax rates, and the ERP's limits of discounts; calculate prices.",
    "prices:write": "Set list prices, price lists, prices, tax rates and limits of discounts.",
    "inventory:read": "Read warehouses, stock and its movements.",
    "inventory:write": "Receive, move and adjust stock; enter, change and archive warehouses.",
    "orders:read": "Read orders and shipments.",
    "orders:write": "Enter, change, submit, confirm, cancel, ship and return orders.",
    "orders:hold": "Put an order on hold, and resume or confirm an order that is on hold.",
    "invoices:read": "Read invoices, credit notes, balances and dunning.",
    "invoices:write": "Issue invoices and credit notes; run dunning.",
    "payments:read": "Read payments, bank accounts and bank statements.",
    "payments:write": "Enter, assign, allocate and reverse payments; keep bank accounts, import bank statements.",
    "ledger:read": "Read the company, accounts, journal entries, periods and the trial balance.",
    "ledger:write": "Change the company's data, and open accounts.",
    "ledger:post": "Write manual journal entries.",
    "ledger:close": "Close months, and reopen them.",
    "quotes:read": "Read quotes, the letterhead and the CRM's limits of discounts.",
    "quotes:write": "Enter, change, send and decide quotes; change the letterhead.",
    "activities:read": "Read interactions, tasks and the calendar.",
    "activities:write": "Enter, change and archive interactions, tasks and calendar events; answer invitations.",
    "deals:read": "Read deals and pipelines.",
    "deals:write": "Enter, change, move and decide deals; declare pipelines.",
    "quotas:write": "Set the quotas of employees and teams.",
    "leads:read": "Read leads and their rules.",
    "leads:write": "Enter, change, assign, disqualify and convert leads; declare their rules.",
    "mail:read": "Read mailboxes without their secrets, e-mails and their templates.",
    "mail:write": "Keep mailboxes and templates; send and receive e-mails.",
    "messages:read": "Read channels of messages without their secrets, and text messages.",
    "messages:write": "Keep channels of messages; send and receive text messages.",
    "templates:write": "Replace the templates by which documents are printed.",
    "numbers:read": "Read the number formats of documents and records.",
    "numbers:write": "Declare the number formats of documents and records.",
    "jobs:read": "Read long-running jobs and imports: their state, progress and result.",
    "jobs:write": "Start imports, which needs the scope to write their records too, and cancel jobs.",
    "sync:read": "Read records, decisions, deliveries, quarantine and status of the gateway.",
    "sync:write": "Resolve conflicts, restore values, retry or drop deliveries, correct links, handle held messages.",
    "policies:write": "Choose the policies by which the gateway decides between concurrent edits.",
    "sync:operate": "Operate the gateway for all tenants.",
    "events:read": (
        "Read the HTTP feed of events; each kind of event also needs the scope that allows reading the kind."
    ),
    "events:write": "Send the events of a system over HTTP; the system's registration names the senders.",
    "webhooks:read": "See webhooks and their messages, without secrets.",
    "webhooks:write": "Make, change and delete webhooks; each kind of event needs the scope that shows the kind too.",
    "outbound:read": "See which kinds the tenant publishes to topics of its own, and how far each topic is.",
    "outbound:write": "Declare and withdraw outbound topics; each needs the scope that shows its kind too.",
    "outbox:read": "Read which events are pending and which the broker has refused, without their content.",
    "outbox:operate": "Resend an event that the broker has refused.",
    "audit:read": "Read the audit log.",
    "access:read": "Read roles, who has which, and API keys without their secrets.",
    "access:write": "Declare and assign roles, and make and revoke API keys, each with scopes of your own at most.",
    "replication:write": "Deliver and compare records through the replication API of a system; used by the gateway.",
}

EVENT_SCOPES = {
    "availability": "products:read",
    "balance": "invoices:read",
    "conflict": "sync:read",
    "contact": "contacts:read",
    "credit_note": "invoices:read",
    "custom_field": "customers:read",
    "customer": "customers:read",
    "deal": "deals:read",
    "employee": "employees:read",
    "interaction": "activities:read",
    "invoice": "invoices:read",
    "journal_entry": "ledger:read",
    "lead": "leads:read",
    "order": "orders:read",
    "payment": "payments:read",
    "price": "prices:read",
    "price_list": "prices:read",
    "product": "products:read",
    "quote": "quotes:read",
    "shipment": "orders:read",
    "stock_move": "inventory:read",
    "task": "activities:read",
    "task_reminder": "activities:read",
    "tax_rate": "prices:read",
    "team": "employees:read",
}
"""The scope that allows reading the events of a kind on the feed of every service: that of `GET` of the kind's
records."""

WRITE_SCOPES = {
    "customer.credit": "credit:write",
    "product.list_price": "prices:write",
    "price": "prices:write",
    "price_list": "prices:write",
    "tax_rate": "prices:write",
}
"""What needs a scope of its own to write: all groups of a kind, or one (`kind.group`), in the system that owns it.

The gateway requires the same scope when a steward selects a value."""


def write_scopes_of(kind: str) -> dict[str, str]:
    """The groups of a kind that need a scope of their own, with the scope."""
    found = {name.partition("."): scope for name, scope in WRITE_SCOPES.items()}
    return {group: scope for (named, _, group), scope in found.items() if named == kind and group}


def audience_of(service: str) -> str:
    """The value of `aud` in tokens for a service."""
    return f"concord-{service}"


def scopes_document(openapi: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Each scope with what it permits, and the operations that need it, by service.

    An operation that needs a scope only for certain fields is listed with those fields.
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
