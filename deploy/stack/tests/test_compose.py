"""The container files set only variables that the services know, and all required ones.

Docker is not needed: the test reads the files and validates them with the services' settings.
"""

import importlib
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from chassis.settings import Settings
from stack.broker.access import Access
from stack.jars import class_path
from stack.java import java
from stack.keys import AUDIENCES
from stack.plan import SERVICES, SYSTEMS
from stack.provision import NAME
from stack.secrets import AUTHORITY_IN_CONTAINERS, BROKER_HOSTS, create_secrets, variables

DEPLOY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]


def settings_of(service: str) -> type[Settings]:
    """The settings class that a service defines."""
    module = importlib.import_module(f"{service}.settings")
    [found] = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Settings) and each.__module__ == module.__name__
    ]
    return found


def example(service: str) -> dict[str, str]:
    """The variables of an example file, parsed as a shell would."""
    lines = (DEPLOY / "env" / f"{service}.env.example").read_text().splitlines()
    settings = (shlex.split(line)[0].partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in settings}


@pytest.mark.parametrize("service", SERVICES)
def test_an_example_names_every_setting_and_nothing_else(service: str) -> None:
    known = {field.upper() for field in settings_of(service).model_fields}
    assert set(example(service)) == known


@pytest.mark.parametrize("service", SERVICES)
def test_each_variable_of_an_example_has_one_comment(service: str) -> None:
    text = (DEPLOY / "env" / f"{service}.env.example").read_text()
    for paragraph in text.strip().split("\n\n"):
        assert re.fullmatch(r"# [A-Z][^\n]+\n[A-Z_]+=[^\n]*", paragraph), paragraph


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_the_values_of_its_example(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in example(service).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", variables()[f"DATABASE_URL_{service.upper()}"])
    settings = settings_of(service)()
    assert settings.port == 8000
    assert settings.auth_audience == AUDIENCES[service]
    assert NAME.fullmatch(service)


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_an_api_a_worker_and_a_migration(service: str) -> None:
    for verb in ("api", "worker"):
        part = PARTS[f"{service}-{verb}"]
        assert part["command"] == f"python -m {service} {verb}"
        assert {"path": f"env/{service}.env", "required": False} in part["env_file"]
        assert f"env/{service}.env.example" in part["env_file"]
        assert part["depends_on"][f"{service}-migrate"] == {"condition": "service_completed_successfully"}
        assert part["healthcheck"]["test"][0] == "CMD"
    assert PARTS[f"{service}-migrate"]["environment"]["SERVICE"] == service


def test_the_services_find_each_other_under_their_names_and_ports() -> None:
    for system, url in json.loads(example("gateway")["SYSTEMS"]).items():
        assert url == f"http://{system}-api:{example(system)['PORT']}"
    for service in SERVICES:
        assert f":{example(service)['PORT']}/readyz" in PARTS[f"{service}-api"]["healthcheck"]["test"][-1]
        assert f":{example(service)['METRICS_PORT']}/" in PARTS[f"{service}-worker"]["healthcheck"]["test"][-1]


def test_only_the_proxy_publishes_ports_so_that_an_api_can_have_several_containers() -> None:
    proxy = (DEPLOY / "proxy.caddy").read_text()
    sites = dict(re.findall(r"https://\{\$PUBLIC_HOST\}:(\d+) \{\n\timport api (\S+)\n\}", proxy))
    assert set(sites.values()) == {f"{service}-api" for service in SERVICES}
    assert [name for name, part in PARTS.items() if "ports" in part] == ["proxy"]
    published = [port.rsplit(":", 1) for port in PARTS["proxy"]["ports"]]
    assert all(address.startswith("127.0.0.1:") for address, _ in published)
    assert {port for _, port in published} == sites.keys()
    assert {example(service)["PORT"] for service in SERVICES} == set(re.findall(r"\{args\[0\]\} (\d+) \{", proxy))


def test_every_container_restarts_is_limited_and_has_no_capability_that_it_does_not_need() -> None:
    needed = {"proxy": {"NET_BIND_SERVICE"}, "postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}}
    for name, part in PARTS.items():
        ends = name.endswith("-migrate") or name == "kafka-users"
        assert part["restart"] == ("on-failure:5" if ends else "unless-stopped"), name
        assert part["cap_drop"] == ["ALL"], name
        assert set(part.get("cap_add", [])) == needed.get(name, set()), name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert part["mem_limit"], name
        assert part["logging"]["options"]["max-size"], name


def test_a_part_of_ours_cannot_write_and_has_a_numeric_user_and_a_tagged_image() -> None:
    for name, part in PARTS.items():
        assert ":" in part["image"], name
        if "build" in part:
            assert part["read_only"] is True, name
            assert re.fullmatch(r"\d+:\d+", part["user"]) or part["user"].startswith("${SECRETS_OWNER:"), name


def test_the_servers_reach_nothing_outside() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(PARTS[name]["networks"] == ["inside"] for name in ("postgres", "kafka"))


def test_what_a_part_depends_on_exists_and_can_be_waited_for() -> None:
    for part in PARTS.values():
        for needed, how in part.get("depends_on", {}).items():
            assert needed in PARTS
            assert how["condition"] != "service_healthy" or "healthcheck" in PARTS[needed]


def test_every_file_that_is_named_exists() -> None:
    for part in PARTS.values():
        for file in part.get("env_file", []):
            assert isinstance(file, dict) or (DEPLOY / file).is_file()
        assert (DEPLOY.parent / part.get("build", {"dockerfile": "Makefile"})["dockerfile"]).is_file()


def test_the_servers_are_those_of_make_run() -> None:
    assert PARTS["postgres"]["image"] == "postgres:18"
    pinned = (DEPLOY / "kafka" / "jgo.toml").read_text()
    version = PARTS["kafka"]["image"].removeprefix("apache/kafka:")
    assert f"org.apache.kafka:kafka_2.13:{version}" in pinned


def test_the_image_copies_only_what_exists() -> None:
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (DEPLOY.parent / source).exists(), source


def names_in(value: Any) -> set[str]:
    """The variables that a part of the file takes from the environment of `docker compose`."""
    return set(re.findall(r"\$\{([A-Z_]+)", json.dumps(value)))


def test_every_secret_is_demanded_and_created_and_has_no_default() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    defaulted = {f"{service.upper()}_PORT" for service in SERVICES} | {"CONCORD_VERSION", "PUBLIC_HOST"}
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?[^}]+\}", text))
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) - defaulted == demanded == variables().keys()
    assert set(variables().values()) & set(variables().values()) == {variables()["SECRETS_OWNER"]}


def test_no_password_stands_in_the_files() -> None:
    for file in (*DEPLOY.glob("*.yaml"), *DEPLOY.glob("env/*"), *DEPLOY.glob("Dockerfile*")):
        text = re.sub(r"\$\{[A-Z_]+:\?[^}]+\}", "", file.read_text())
        assert not re.search(r"(?i)change-me|password[ \t]*[:=][ \t]*\S|://\w+:[^@\s]+@(?!HOST)", text), file


def test_each_container_gets_its_own_secrets_and_no_others() -> None:
    own: dict[str, set[str]] = {"proxy": set(), "postgres": {"POSTGRES_PASSWORD"}, "kafka": set()}
    for service in SERVICES:
        database, sealing = f"DATABASE_URL_{service.upper()}", f"SEALING_KEYS_{service.upper()}"
        own |= {f"{service}-api": {database, sealing}, f"{service}-worker": {database, sealing}}
        own[f"{service}-migrate"] = {database, sealing, "ADMIN_DATABASE_URL"}
    own["gateway-worker"].add("SECRETS_OWNER")
    own["kafka-users"] = {"SECRETS_OWNER"}
    public = {f"{service.upper()}_PORT" for service in SERVICES} | {"CONCORD_VERSION", "PUBLIC_HOST"}
    assert {name: names_in(part) - public for name, part in PARTS.items()} == own


def test_a_container_mounts_public_keys_or_the_one_key_it_signs_with() -> None:
    mounted = {name: set(part.get("volumes", [])) for name, part in PARTS.items()}
    public = {"./secrets/keys/public:/keys:ro"}
    proxy = {"./proxy.caddy:/etc/caddy/Caddyfile:ro", "certificates:/data", "proxy:/config"}
    servers = {
        "proxy": proxy,
        "postgres": {"postgres:/var/lib/postgresql"},
        "kafka": {"kafka:/var/lib/kafka/data"},
        "kafka-users": {"./secrets/broker:/access"},
    }
    authority = {f"./secrets/broker/authority.pem:{AUTHORITY_IN_CONTAINERS}:ro"}
    keys = {name: public if name.endswith("-api") else set() for name in PARTS}
    keys |= {f"{service}-worker": authority for service in SERVICES}
    files = {f"{system}-{part}": {f"{system}-files:/data"} for system in SYSTEMS for part in ("api", "worker")}
    assert mounted == {name: servers.get(name, keys[name] | files.get(name, set())) for name in PARTS}
    assert example("crm")["FILES_URL"] == example("erp")["FILES_URL"] == "file:///data/files"
    assert {name: part["secrets"] for name, part in PARTS.items() if "secrets" in part} == {
        "gateway-worker": ["gateway-key"]
    }
    assert COMPOSE["secrets"] == {"gateway-key": {"file": "secrets/keys/concord-gateway.jwk.json"}}
    assert example("gateway")["SERVICE_KEY_FILE"] == "/run/secrets/gateway-key"
    for service in SERVICES:
        trusted = json.loads(example(service)["AUTH_ISSUERS"])
        assert {Path(each["jwks"]).parent for each in trusted.values()} == {Path("/keys")}


def test_only_a_worker_logs_in_at_the_broker() -> None:
    for service in SERVICES:
        own = {"path": f"secrets/broker/{service}.env", "required": True}
        assert own == PARTS[f"{service}-worker"]["env_file"][-1]
        assert own not in PARTS[f"{service}-api"]["env_file"]
        assert "kafka-users" in PARTS[f"{service}-worker"]["depends_on"]
    assert PARTS["kafka-users"]["environment"]["BROKER_ADMIN_SERVERS"] == "kafka:9094"


@pytest.mark.servers
def test_the_image_of_kafka_gets_the_settings_of_a_secured_broker(tmp_path: Path) -> None:
    create_secrets(tmp_path / "secrets")
    lines = (tmp_path / "secrets/broker/broker.env").read_text().splitlines()
    own = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    for name in ("default", "mounted", "final"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "server.properties").touch()
        for file in ("log4j2.yaml", "tools-log4j2.yaml"):
            (tmp_path / name / file).write_text("Configuration: {Appenders: {}, Loggers: {Logger: [], Root: {}}}\n")
    logs = {"KAFKA_LOG_DIRS": str(tmp_path / "log"), "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw"}
    command = [str(java()), "-cp", class_path(), "kafka.docker.KafkaDockerWrapper", "setup"]
    command += ["-D", str(tmp_path / "default"), "-M", str(tmp_path / "mounted"), "-F", str(tmp_path / "final")]
    environment = {**os.environ, **PARTS["kafka"]["environment"], **own, **logs}
    done = subprocess.run(command, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = dict(
        line.split("=", 1) for line in (tmp_path / "final/server.properties").read_text().splitlines() if "=" in line
    )
    assert Access(tmp_path / "secrets/broker", BROKER_HOSTS).properties().items() <= found.items()
    hosts = [*re.findall(r"://(\w+):", found["advertised.listeners"]), found["controller.quorum.voters"][2:11]]
    assert set(hosts) == set(BROKER_HOSTS)


def test_no_lock_holds_an_address() -> None:
    for lock in ("requirements.txt", "uv.txt", "kafka/jgo.lock.toml", "kafka/jgo.toml"):
        assert "://" not in (DEPLOY / lock).read_text(), lock
