"""Whether a record is one: every replicated value through both REST interfaces, and the golden record."""

from collections.abc import Mapping
from typing import Any

from .clients import Body, Company
from .waiting import eventually

CUSTOMER_FIELDS = (
    "stage", "email", "phone", "website", "billing_address", "shipping_address", "language", "currency", "segment",
    "source", "notes", "payment_terms", "credit",
)  # fmt: skip
REFERRED = ("customer", "employee")
CONTACT_FIELDS = ("name", "email", "phone", "position", "consent")
ENTITY_FIELDS = ("legal_name", "country", "tax_id", "registration", "valid_from", "valid_to")


def values_of(kind: str, shown: Body, shared_ids: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The groups of a record as a service shows it, without the empty ones.

    `shared_ids` tells the canonical id of a customer or an employee by its local id.
    """
    values: dict[str, Any] = {"life": "dead" if shown["archived_at"] else "live"}
    if kind == "contact":
        values |= {field: shown[field] for field in CONTACT_FIELDS}
        values["customer"] = _reference("customer", shown["customer_id"], shared_ids)
    else:
        values |= {field: shown[field] for field in CUSTOMER_FIELDS}
        values["owner"] = shown["owner_name"]
        values["owner_employee"] = _reference("employee", shown["owner_id"], shared_ids)
        values["name"] = {"name": shown["name"], "kind": shown["kind"]}
        values |= {f"tag:{tag}": True for tag in shown["tags"]}
        values |= {f"custom:{key}": value for key, value in shown["custom"].items()}
        values |= {
            f"legal:{entity['id']}": {field: entity[field] for field in ENTITY_FIELDS}
            for entity in shown["legal_entities"]
        }
    return without_empty(values)


def _reference(kind: str, local_id: str | None, shared_ids: Mapping[str, str] | None) -> Body | None:
    canonical_id = (shared_ids or {}).get(local_id or "")
    return {"kind": kind, "canonical_id": canonical_id} if canonical_id else None


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only the groups that say something: absent, null and empty are one; a member that is false is absent."""
    return {
        group: value
        for group, value in values.items()
        if value not in (None, "") and not (group.startswith("tag:") and value is False)
    }


def differences(company: Company, kind: str) -> list[str]:
    """Every value of every record that is not the same in the CRM, the ERP and the hub; empty when all are one."""
    absent = {"stage": "customer"} if kind == "customer" else {}
    golden = {
        record["canonical_id"]: {"hub": without_empty({**absent, **record["values"]})}
        for record in company.hub.records(kind)
    }
    shared_ids = ids_of(company)
    found: list[str] = []
    for office in company.offices:
        for record in office.records(kind):
            canonical_id = record["canonical_id"]
            if canonical_id not in golden:
                found.append(f"{office.name} {record['id']} ({canonical_id}) is not in the hub")
            elif office.name in golden[canonical_id]:
                found.append(f"{office.name} holds {canonical_id} twice")
            else:
                golden[canonical_id][office.name] = values_of(kind, record, shared_ids)
    return found + [line for canonical_id, sides in golden.items() for line in _compared(canonical_id, sides)]


def equal(company: Company, kind: str = "customer", limit_seconds: float = 60.0) -> int:
    """Wait until both sides and the hub are one, and answer how many records that are. Fail with each difference."""

    def look() -> bool:
        found = differences(company, kind)
        assert not found, "\n".join(found[:20])
        return True

    eventually(look, limit_seconds)
    return len(company.crm.records(kind))


def ids_of(company: Company) -> dict[str, str]:
    """The canonical ids of customers and employees, by their local ids in both systems."""
    found = [each for office in company.offices for kind in REFERRED for each in office.records(kind)]
    return {each["id"]: each["canonical_id"] for each in found}


def _compared(canonical_id: str, sides: Mapping[str, dict[str, Any]]) -> list[str]:
    missing = [f"{canonical_id} is missing in the {system}" for system in ("crm", "erp") if system not in sides]
    groups = sorted({group for values in sides.values() for group in values})
    return missing + [
        f"{canonical_id} {group}: " + ", ".join(f"{system} {values.get(group)!r}" for system, values in sides.items())
        for group in groups
        if any(values.get(group) != sides["hub"].get(group) for values in sides.values())
    ]
