"""Operations that change rights or operate the services are noted in the audit log."""

import pytest
from chassis import audit
from chassis.auth import dependants
from chassis.service import Service
from chassis.testing import application
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from fastapi.routing import iter_route_contexts
from gateway.wiring import SERVICE as GATEWAY

from .test_routes import operations

NOTED = {"access:write", "sync:write", "sync:operate", "policies:write", "outbox:operate"}
READS = (":simulate", "/simulate", "/explain")


@pytest.mark.parametrize("service", [CRM, ERP, GATEWAY], ids=lambda service: service.name)
def test_each_operation_with_a_scope_of_operators_is_noted(service: Service) -> None:
    app = application(service)
    audited = {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if any(each.call is audit._noted for each in dependants(getattr(route, "dependant", None)))
    }
    wanted = {
        name
        for name, operation in operations(app).items()
        if not name.startswith("GET ") and not name.endswith(READS)
        if NOTED & {scope for each in operation["security"] for scopes in each.values() for scope in scopes}
    }
    assert wanted <= audited
