"""What holds for every route of both services."""

import pytest
from chassis.auth import undeclared_routes
from chassis.testing import application
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from fastapi import FastAPI


@pytest.fixture(scope="module", params=[CRM, ERP], ids=lambda service: service.name)
def app(request: pytest.FixtureRequest) -> FastAPI:
    return application(request.param)


def test_every_route_declares_its_scope(app: FastAPI) -> None:
    assert undeclared_routes(app) == []


def test_operations_have_stable_names(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert paths["/v1/customers"]["post"]["operationId"] == "customers_create_customer"
    assert paths["/v1/contacts/{contact_id}"]["patch"]["operationId"] == "contacts_change_contact"


def test_a_patch_is_documented_as_a_merge_patch(app: FastAPI) -> None:
    body = app.openapi()["paths"]["/v1/customers/{customer_id}"]["patch"]["requestBody"]
    assert list(body["content"]) == ["application/merge-patch+json"]
