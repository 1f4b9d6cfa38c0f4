"""Users, permissions and certificates of a secured broker, without the broker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contracts.outbound import OUTBOUND
from cryptography import x509
from stack.broker.access import Access, one_line
from stack.broker.certificates import AUTHORITY_DAYS, LEAF_DAYS, Certificates
from stack.broker.permissions import PREFIXES, Permission, of_service, of_third_party, outbound_kinds
from stack.broker.users import Users
from stack.errors import CannotStart
from stack.keys import FIRST_TENANT
from stack.plan import SERVICES
from stack.run import secured

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(folder: Path) -> Users:
    users = Users(folder / "users.json")
    users.ensure()
    return users


def test_users_of_services_are_created_once_and_are_private(tmp_path: Path) -> None:
    users = made(tmp_path)
    before = users.all()
    assert list(before) == list(SERVICES)
    assert len({user.password for user in before.values()}) == len(SERVICES)
    users.ensure()
    assert users.all() == before
    assert users.file.stat().st_mode & 0o777 == 0o600


def test_a_third_party_keeps_its_password_when_its_tenants_change_and_loses_all_when_removed(tmp_path: Path) -> None:
    users, other = made(tmp_path), "00000000-0000-7000-8000-00000000000f"
    first = users.add("partner", [FIRST_TENANT.upper()])
    second = users.add("partner", [other, FIRST_TENANT])
    assert first.password == second.password
    assert second.tenants == (FIRST_TENANT, other)
    assert users.permissions()["partner"] == of_third_party("partner", [FIRST_TENANT, other])
    assert "partner" not in users.permissions(without=["partner"])
    users.remove("partner")
    assert set(users.all()) == set(SERVICES)
    with pytest.raises(CannotStart, match="no user partner"):
        users.remove("partner")


@pytest.mark.parametrize("name", ["crm", "sync", "Shop", "a.b", "", "1st", "x" * 41])
def test_a_name_of_ours_or_a_malformed_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotStart, match="cannot be the name of a user"):
        made(tmp_path).add(name, [FIRST_TENANT])


def test_a_user_for_nothing_and_a_malformed_tenant_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="allowed nothing"):
        made(tmp_path).add("partner")
    with pytest.raises(CannotStart, match="not the id of a tenant"):
        made(tmp_path).add("partner", ["*"])


def test_services_write_only_those_outbound_topics_that_somebody_reads(tmp_path: Path) -> None:
    users = made(tmp_path)
    topic = f"{FIRST_TENANT}.deal.v1"
    written = Permission("topic", topic, "Write", prefix=False)
    assert written not in users.permissions()["crm"]
    users.add("partner", [FIRST_TENANT])
    assert written in users.permissions()["crm"]
    assert written not in users.permissions()["erp"] | users.permissions()["gateway"]


def test_each_kind_has_one_service_that_publishes_it_outward() -> None:
    kinds = [kind for service in SERVICES for kind in outbound_kinds(service)]
    assert len(kinds) == len(set(kinds))
    assert "customer" in outbound_kinds("gateway")
    assert "deal" in outbound_kinds("crm")
    assert "stock_move" in outbound_kinds("erp")


def test_the_gateway_reads_a_system_that_joined_and_nobody_else_does(tmp_path: Path) -> None:
    users = made(tmp_path)
    users.add("shop", system=True)
    readers = [name for name, found in users.permissions().items() if Permission("topic", "shop.", "Read") in found]
    assert readers == ["gateway"]
    assert of_service("crm") == users.permissions()["crm"]


def test_certificates_stay_until_they_expire_soon_or_miss_a_host(tmp_path: Path) -> None:
    made, later = Certificates(tmp_path, ["127.0.0.1"]), NOW + timedelta(days=LEAF_DAYS - 30)
    made.ensure(NOW)
    first = made.broker.read_text()
    made.ensure(NOW + timedelta(days=30))
    assert made.broker.read_text() == first
    made.ensure(later)
    second = made.broker.read_text()
    assert second != first
    Certificates(tmp_path, ["127.0.0.1", "kafka"]).ensure(later)
    assert made.broker.read_text() != second
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    assert authority.not_valid_after_utc == NOW + timedelta(days=AUTHORITY_DAYS)
    x509.load_pem_x509_certificate(made.broker.read_bytes()).verify_directly_issued_by(authority)


def test_a_pem_file_fits_in_one_line_of_properties(tmp_path: Path) -> None:
    access = Access(tmp_path)
    access.ensure()
    key, certificate = one_line(access.certificates.broker.read_text())
    assert "\n" not in key + certificate
    assert key.startswith("-----BEGIN PRIVATE KEY----- ")
    assert certificate.startswith("-----BEGIN CERTIFICATE----- ")
    assert one_line(access.certificates.authority.read_text())[0] == ""


def test_kafka_secure_is_0_or_1_and_for_the_embedded_broker() -> None:
    assert (secured({}), secured({"KAFKA_SECURE": "0"}), secured({"KAFKA_SECURE": "1"})) == (False, False, True)
    with pytest.raises(CannotStart, match="0 or 1"):
        secured({"KAFKA_SECURE": "yes"})
    with pytest.raises(CannotStart, match="embedded broker"):
        secured({"KAFKA_SECURE": "1", "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"})


def test_the_kinds_of_outbound_topics_are_those_of_the_contracts() -> None:
    for service in SERVICES:
        prefix = PREFIXES[service]
        assert set(outbound_kinds(service)) == {kind for kind, topic in OUTBOUND.items() if topic.startswith(prefix)}
