import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chassis.broker_security import BrokerSecurity
from chassis.settings import Settings, load
from pydantic import Field, ValidationError


class OwnSettings(Settings):
    systems: dict[str, str] = Field(default_factory=dict)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Without settings, and in a folder where no stack runs; what a test sets in the environment is undone."""
    before = dict(os.environ)
    for name in (*OwnSettings.model_fields, "DATABASE_URL_SHOP", "DATA_DIR"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def stack_folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a stack that runs."""
    folder = tmp_path / ".data"
    folder.mkdir()
    told = {"DATABASE_URL": "postgresql://shop@/shop", "SYSTEMS": '{"a": "http://a"}', "LOG_LEVEL": "error"}
    (folder / "running.json").write_text(json.dumps({"shop": told}), encoding="utf-8")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def test_settings_come_from_the_environment_and_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm@/crm?host=/run")
    monkeypatch.setenv("AUTH_ISSUERS", '{"https://a.test": {"jwks": "keys.json", "scopes": ["replication:read"]}}')
    monkeypatch.setenv("SERVICE_KEY_FILE", "key.json")
    monkeypatch.setenv("METRICS_PORT", "")
    settings = load(OwnSettings, "shop")
    assert settings.auth_issuers["https://a.test"].scopes == frozenset({"replication:read"})
    assert settings.service_key_file == Path("key.json")
    assert (settings.host, settings.metrics_port, settings.log_level) == ("127.0.0.1", None, "info")
    with pytest.raises(ValidationError):
        setattr(settings, "port", 1)  # noqa: B010  (mypy knows that it is read-only)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", None, "DATABASE_URL is missing"),
        ("DATABASE_URL", "mysql://root:secret@db", "DATABASE_URL is wrong"),
        ("PORT", "http", "PORT is wrong"),
        ("PORT", "70000", "PORT is wrong"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is wrong"),
        ("AUTH_ISSUERS", "{", "auth_issuers"),
        ("AUTH_ISSUERS", '{"https://a.test": {"jwks": 7}}', "AUTH_ISSUERS is wrong (at https://a.test.jwks)"),
        ("SYSTEMS", "crm", "systems"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "KAFKA_SECURITY_PROTOCOL is wrong"),
        ("KAFKA_PASSWORD", "secret", "KAFKA_PASSWORD is wrong: KAFKA_SECURITY_PROTOCOL=PLAINTEXT does not use it"),
        ("KAFKA_CA_FILE", "/nowhere.pem", "KAFKA_CA_FILE is wrong: Path does not point to a file"),
        ("KAFKA_CA_FILE", __file__, "KAFKA_CA_FILE is wrong: KAFKA_SECURITY_PROTOCOL=PLAINTEXT does not use it"),
        (
            "COMPANY_TIME_ZONE",
            "Mars/Base",
            "is wrong: 'Mars/Base' is not the IANA name of a time zone",
        ),
        ("RETENTION_DAYS", "0", "RETENTION_DAYS is wrong"),
        ("COMPANY_TIME_ZONE", "../etc/passwd", "COMPANY_TIME_ZONE is wrong"),
        ("COMPANY_TIME_ZONE", "Europe", "COMPANY_TIME_ZONE is wrong"),
    ],
)
def test_a_wrong_variable_ends_the_process_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, sentence: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm@/crm")
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(OwnSettings, "shop")
    assert sentence in str(stopped.value)
    assert str(stopped.value).count("\n") == 0
    assert "secret" not in str(stopped.value)


def test_settings_do_not_show_the_password() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://crm:secret@db/crm"))


def test_without_a_database_the_settings_are_those_of_the_running_stack(
    stack_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = load(OwnSettings, "shop")
    assert (settings.database_url, settings.systems) == ("postgresql://shop@/shop", {"a": "http://a"})
    assert settings.log_level == "debug"
    assert f"runs in {stack_folder}" in capsys.readouterr().err


def test_the_folder_of_the_stack_may_be_another(
    stack_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(stack_folder.rename(tmp_path / "elsewhere")))
    assert load(OwnSettings, "shop").database_url == "postgresql://shop@/shop"


@pytest.mark.usefixtures("stack_folder")
def test_a_database_of_the_environment_comes_before_that_of_a_running_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://own@/own")
    settings = load(OwnSettings, "shop")
    assert (settings.database_url, settings.systems) == ("postgresql://own@/own", {})
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("stack_folder")
def test_another_database_than_that_of_the_running_stack_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_SHOP", "postgresql://shop:secret@elsewhere/shop")
    with pytest.raises(SystemExit, match="DATABASE_URL_SHOP names another database") as stopped:
        load(OwnSettings, "shop")
    assert "secret" not in str(stopped.value)


def test_settings_that_a_killed_stack_left_behind_are_not_used(tmp_path: Path) -> None:
    folder = tmp_path / ".data"
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "running.json").write_text('{"shop": {"DATABASE_URL": "postgresql://shop@/shop"}}')
    with pytest.raises(SystemExit, match=r"DATABASE_URL is missing, and no stack runs in .*start one") as stopped:
        load(OwnSettings, "shop")
    assert str(folder) in str(stopped.value)


def test_sasl_needs_a_mechanism_a_user_and_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm@/crm")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(SystemExit) as stopped:
        load(OwnSettings, "things")
    for name in ("KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD"):
        assert f"{name} is wrong: KAFKA_SECURITY_PROTOCOL=SASL_SSL needs it." in str(stopped.value)
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("KAFKA_USERNAME", "concord")
    monkeypatch.setenv("KAFKA_PASSWORD", "secret")
    settings = load(OwnSettings, "things")
    assert settings.broker_security == BrokerSecurity("SASL_SSL", "SCRAM-SHA-512", "concord", "secret")
    assert "secret" not in repr(settings)
