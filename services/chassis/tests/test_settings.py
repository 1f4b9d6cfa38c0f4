from pathlib import Path

import pytest
from chassis.settings import Settings, load
from pydantic import Field, ValidationError


class OwnSettings(Settings):
    systems: dict[str, str] = Field(default_factory=dict)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OwnSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_settings_come_from_the_environment_and_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://crm@/crm?host=/run")
    monkeypatch.setenv("AUTH_ISSUERS", '{"https://a.test": {"jwks": "keys.json", "scopes": ["replication:read"]}}')
    monkeypatch.setenv("SERVICE_KEY_FILE", "key.json")
    monkeypatch.setenv("METRICS_PORT", "")
    settings = load(OwnSettings)
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
        ("AUTH_ISSUERS", '{"https://a.test": {"scopes": []}}', "AUTH_ISSUERS is wrong (at https://a.test.jwks)"),
        ("SYSTEMS", "crm", "systems"),
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
        load(OwnSettings)
    assert sentence in str(stopped.value)
    assert str(stopped.value).count("\n") == 0
    assert "secret" not in str(stopped.value)


def test_settings_do_not_show_the_password() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://crm:secret@db/crm"))
