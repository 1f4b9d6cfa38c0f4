"""The Kubernetes files are valid, and set only variables, names and permissions that the services have.

Neither a cluster nor kubectl is needed: the test reads the files.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from contracts.events import EVENTS
from kubernetes_validate import latest_version, validate
from stack.broker.permissions import Permission, of_service
from stack.keys import AUDIENCES
from stack.plan import SERVICES
from stack.secrets import variables

from .test_compose import settings_of

FOLDER = Path(__file__).parents[2] / "kubernetes"
OTHERS = ("kustomize.config.k8s.io", "kafka.strimzi.io", "postgresql.cnpg.io")
"""The groups whose schemas belong to their operators."""

Document = dict[str, Any]


def documents(file: Path) -> list[Document]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each]


def settings(service: str, file: str = "settings.env") -> dict[str, str]:
    lines = (FOLDER / service / file).read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def pods() -> Iterator[tuple[str, Document]]:
    for file in sorted((FOLDER / "service").glob("*.yaml")):
        for each in documents(file):
            if "template" in each.get("spec", {}):
                yield each["metadata"]["name"], each["spec"]["template"]["spec"]


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.yaml")), ids=lambda file: str(file.relative_to(FOLDER)))
def test_a_file_is_valid(file: Path) -> None:
    found = documents(file)
    assert found
    for each in found:
        if not each["apiVersion"].startswith(OTHERS):
            validate(each, latest_version(), strict=True)


def test_a_wrong_field_is_found() -> None:
    [wrong] = documents(FOLDER / "service" / "migrate.yaml")
    wrong["spec"]["template"]["spec"]["restart"] = "Never"
    with pytest.raises(Exception, match="restart"):
        validate(wrong, latest_version(), strict=True)


def test_a_kustomization_names_every_file_beside_it() -> None:
    for file in FOLDER.rglob("kustomization.yaml"):
        [found] = documents(file)
        named = {(file.parent / each).resolve() for each in found["resources"]}
        assert all(each.exists() for each in named), file
        beside = {each for each in file.parent.iterdir() if each.suffix == ".yaml" and each != file}
        assert beside <= named, file


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_starts_with_the_settings_and_a_worker_with_those_of_the_broker_too(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = {field.upper() for field in settings_of(service).model_fields}
    found, broker = settings(service), settings(service, "broker.env")
    assert found.keys() - {"SERVICE"} <= known
    assert broker.keys() <= known
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", variables()[f"DATABASE_URL_{service.upper()}"])
    started = settings_of(service)()
    assert started.auth_audience == AUDIENCES[service]
    assert started.port == 8000
    assert started.metrics_port == 9000
    for name, value in broker.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAFKA_PASSWORD", "known")
    authority = tmp_path / "ca.crt"
    authority.touch()
    monkeypatch.setenv("KAFKA_CA_FILE", str(authority))
    assert settings_of(service)().kafka_security_protocol == "SASL_SSL"
    assert found["SERVICE"] == broker["KAFKA_USERNAME"] == service


def test_only_the_worker_gets_the_settings_of_the_broker() -> None:
    broker = {"configMapRef": {"name": "broker"}}
    assert {name for name, pod in pods() if broker in pod["containers"][0]["envFrom"]} == {"worker"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_own_logins(service: str) -> None:
    [found] = documents(FOLDER / service / "kustomization.yaml")
    database, api, worker = (yaml.safe_load(each["patch"]) for each in found["patches"])
    assert found["namePrefix"] == f"{service}-"
    assert database[0]["value"] == f"DATABASE_URL_{service.upper()}"
    assert worker[1]["value"] == service
    assert api[0]["value"] == worker[0]["value"] == f"SEALING_KEYS_{service.upper()}"
    for name, pod in pods():
        variable = pod["containers"][0]["env"]
        assert variable[0]["name"] == "DATABASE_URL"
        assert name != "worker" or variable[1]["name"] == "KAFKA_PASSWORD"
        place = {"api": 1, "worker": 3}.get(name)
        assert place is None or variable[place]["name"] == "SEALING_KEYS"


def test_only_the_worker_of_the_gateway_gets_its_key() -> None:
    mounted = {
        service: [each["value"] for each in yaml.safe_load(patches[-1]["patch"]) if each["op"] == "add"]
        for service in SERVICES
        for patches in [documents(FOLDER / service / "kustomization.yaml")[0]["patches"]]
    }
    assert {service for service, added in mounted.items() if added} == {"gateway"}
    assert mounted["gateway"][0]["secret"]["secretName"] == "gateway-key"
    assert settings("gateway")["SERVICE_KEY_FILE"].startswith(mounted["gateway"][1]["mountPath"])


def test_the_gateway_finds_the_apis() -> None:
    [_, service, *_] = documents(FOLDER / "service" / "api.yaml")
    [port] = service["spec"]["ports"]
    for system, address in json.loads(settings("gateway")["SYSTEMS"]).items():
        assert address == f"http://{system}-{service['metadata']['name']}:{port['port']}"


def test_a_pod_cannot_write_or_gain_rights() -> None:
    found = dict(pods())
    assert found.keys() == {"api", "worker", "migrate"}
    for pod in found.values():
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def permitted(service: str) -> set[Permission]:
    """What a service may do on the broker."""
    [user] = [
        each
        for each in documents(FOLDER / "servers" / "kafka.yaml")
        if each["kind"] == "KafkaUser" and each["metadata"]["name"] == service
    ]
    return {
        Permission(rule["resource"]["type"], rule["resource"]["name"], operation)
        for rule in user["spec"]["authorization"]["acls"]
        for operation in rule["operations"]
        if rule["resource"]["patternType"] == "prefix"
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_permissions_of_the_embedded_broker(service: str) -> None:
    assert permitted(service) == of_service(service)


def test_a_service_writes_its_own_topics_only_and_the_hub_reads_all() -> None:
    for topic in EVENTS:
        system = topic.split(".")[0]
        author = "gateway" if system == "sync" else system
        for service in SERVICES:
            assert (Permission("topic", f"{system}.", "Write") in of_service(service)) == (service == author)
        assert Permission("topic", f"{system}.", "Read") in of_service("gateway")
