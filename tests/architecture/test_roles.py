"""Each built-in role over the operations of each service: what it may not do is refused, what it may do is not."""

import json
from collections.abc import Iterator

import pytest
from chassis.service import Service
from chassis.testing import application
from contracts.roles import OF_ALL_TENANTS, OF_MACHINES, ROLES
from contracts.scopes import SCOPES
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY

from .source import ROOT
from .test_rights import Called, _streams_end_at_once, app, called, issuers, service
from .test_routes import READS_BY_POST, operations

__all__ = ["_streams_end_at_once", "app", "called", "issuers", "service"]
PUBLISHED = json.loads((ROOT / "contracts/scopes.json").read_text(encoding="utf-8"))


def one_for_each_need(called: Called) -> Iterator[tuple[str, frozenset[str]]]:
    """One operation for each set of scopes that operations need: `test_rights` walks over all of them."""
    seen = set()
    for operation, needed in called.needed.items():
        if needed and frozenset(needed) not in seen:
            seen.add(frozenset(needed))
            yield operation, frozenset(needed)


@pytest.mark.servers
async def test_a_role_opens_what_its_scopes_open_and_nothing_else(called: Called) -> None:
    for role, granted in ((name, role.scopes) for name, role in ROLES.items()):
        token = called.token("", roles=(role,))
        for operation, needed in one_for_each_need(called):
            if needed <= granted and not operation.startswith("GET "):
                continue  # `test_rights` runs these; what they do does not depend on where the scope is from.
            answer = await called.answer(operation, token)
            if needed <= granted:
                assert answer.status_code not in (401, 403) and answer.status_code < 500, (role, operation)
            else:
                assert answer.json()["type"] == "/problems/scope-missing", (role, operation)


@pytest.mark.parametrize("service", [CRM, ERP, GATEWAY], ids=lambda service: service.name)
def test_an_auditor_reads_everything_and_writes_nothing(service: Service) -> None:
    auditor = ROLES["auditor"].scopes
    for name, operation in operations(application(service)).items():
        needed = {scope for each in operation["security"] for scopes in each.values() for scope in scopes}
        reads = (
            name.startswith("GET ")
            or name.endswith((":simulate", "/simulate", "/explain", "/preview"))
            or (service.name, name) in READS_BY_POST
        )
        assert (needed <= auditor) == reads or needed <= OF_MACHINES, name


def test_every_scope_is_granted_by_a_role_or_left_to_machines() -> None:
    granted = frozenset().union(*(role.scopes for role in ROLES.values()))
    assert granted == SCOPES.keys() - OF_MACHINES
    assert all(role.purpose for role in ROLES.values())
    assert [name for name, role in ROLES.items() if role.scopes & OF_ALL_TENANTS] == ["operator"]


def test_roles_are_published_with_their_scopes() -> None:
    assert {name: set(role["scopes"]) for name, role in PUBLISHED["roles"].items()} == {
        name: set(role.scopes) for name, role in ROLES.items()
    }
