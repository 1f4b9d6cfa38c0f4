"""What holds for every route of the service."""

from chassis.auth import undeclared_routes
from erp.settings import Settings
from erp.wiring import SERVICE

APP = SERVICE.app(Settings(database_url="postgresql://not.used"))


def test_every_route_declares_its_scope() -> None:
    assert undeclared_routes(APP) == []


def test_operations_have_stable_names() -> None:
    paths = APP.openapi()["paths"]
    assert paths["/v1/customers"]["post"]["operationId"] == "customers_create_customer"
    assert paths["/v1/contacts/{contact_id}"]["patch"]["operationId"] == "contacts_change_contact"


def test_a_patch_is_documented_as_a_merge_patch() -> None:
    body = APP.openapi()["paths"]["/v1/customers/{customer_id}"]["patch"]["requestBody"]
    assert list(body["content"]) == ["application/merge-patch+json"]
