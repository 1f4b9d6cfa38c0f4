from pathlib import Path
from uuid import UUID

import jwt
import pytest
from chassis.settings import load
from gateway.settings import GatewaySettings, System
from gateway.worker.tasks import identity_towards
from stack.keys import gateway_issuer

TENANT = UUID("00000000-0000-7000-8000-000000000001")
SYSTEMS = '{"crm": "http://crm.test", "shop": {"address": "https://shop.test", "audience": "shop-api"}}'


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GatewaySettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://gateway@/gateway")


def test_the_audience_of_a_system_follows_from_its_name_unless_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMS", SYSTEMS)
    assert load(GatewaySettings, "gateway").systems == {
        "crm": System(address="http://crm.test", audience="concord-crm"),
        "shop": System(address="https://shop.test", audience="shop-api"),
    }


def test_a_token_for_one_system_does_not_name_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    issuer = gateway_issuer(tmp_path)
    issuer.ensure()
    monkeypatch.setenv("SYSTEMS", SYSTEMS)
    monkeypatch.setenv("SERVICE_KEY_FILE", str(issuer.private_file))
    monkeypatch.setenv("SERVICE_ISSUER", issuer.name)
    settings = load(GatewaySettings, "gateway")
    tokens = {name: identity_towards(settings, name).token(TENANT, ["replication:write"]) for name in settings.systems}
    claims = {name: jwt.decode(token, options={"verify_signature": False}) for name, token in tokens.items()}
    assert {name: each["aud"] for name, each in claims.items()} == {"crm": "concord-crm", "shop": "shop-api"}


@pytest.mark.parametrize(
    ("systems", "sentence"),
    [
        ('["crm"]', "SYSTEMS is wrong"),
        ('{"crm": 7}', "SYSTEMS is wrong (at crm)"),
        ('{"crm": {"audience": "a"}}', "SYSTEMS is wrong (at crm.address)"),
        ('{"crm": {"address": "http://crm.test", "kinds": []}}', "SYSTEMS is wrong (at crm.kinds)"),
        ('{"shop": {"address": "http://shop.test", "kinds": {"planet": "reads"}}}', "there is no kind planet"),
        ('{"shop": {"address": "http://shop.test", "kinds": {"product": "eats"}}}', "SYSTEMS is wrong"),
        (
            '{"shop": {"address": "http://s.test", "kinds": {"price": "writes"}}}',
            "whoever writes price reads price_list",
        ),
    ],
)
def test_a_system_that_is_wrong_ends_the_start_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, systems: str, sentence: str
) -> None:
    monkeypatch.setenv("SYSTEMS", systems)
    with pytest.raises(SystemExit) as stopped:
        load(GatewaySettings, "gateway")
    assert sentence in str(stopped.value)


def test_a_system_holds_the_kinds_it_is_given_or_those_of_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = '{"address": "http://shop.test", "kinds": {"product": "reads"}}'
    monkeypatch.setenv("SYSTEMS", f'{{"crm": "http://crm.test", "shop": {shop}}}')
    holdings = load(GatewaySettings, "gateway").holdings
    assert holdings["shop"] == {"product": "reads"}
    assert (holdings["crm"]["customer"], holdings["crm"]["invoice"]) == ("writes", "reads")
