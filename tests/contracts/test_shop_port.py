"""The example shop passes the conformance checks, by the command that its owner would run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts.__main__ import app as command
from shop.app import Gateway, create
from shop.store import Store
from stack.keys import FIRST_TENANT, Issuer
from typer.testing import CliRunner

from ..serving import served

pytestmark = pytest.mark.servers
UNREACHABLE = "http://127.0.0.1:9"


@pytest.fixture
def gateway(tmp_path: Path) -> Issuer:
    issuer = Issuer("concord-gateway", tmp_path / "keys")
    issuer.ensure()
    return issuer


@pytest.fixture
def shop(gateway: Issuer, tmp_path: Path) -> Iterator[str]:
    """The address of a shop; its gateway cannot be reached."""
    known = Gateway(UNREACHABLE, gateway.public_file, gateway.name, lambda: "none")
    app = create(Store(tmp_path / "shop.sqlite", FIRST_TENANT), known)
    with served(app) as address:
        yield address


def test_the_shop_passes_every_check(shop: str, gateway: Issuer) -> None:
    token = gateway.token(["replication:write"], audiences=["shop"])
    edit = f'curl -sf -X PATCH {shop}/$KIND"s"/$LOCAL_ID -H content-type:application/json -d \'{{"custom:a": 1}}\''
    options = ["--token", token, "--edit", f"{edit} > /dev/null", "--edited", "custom:a"]
    done = CliRunner().invoke(command, ["conform", shop, *options])
    assert done.exit_code == 0, done.output
    assert "54 of 54 checks passed" in done.output


def test_the_command_tells_what_failed_and_what_was_expected(shop: str, gateway: Issuer) -> None:
    token = gateway.token(["events:read"], audiences=["shop"])
    done = CliRunner().invoke(command, ["conform", shop, "--token", token, "--kind", "customer"])
    assert done.exit_code == 1
    assert "FAILED  customer: A new record is applied" in done.output
    assert "expected: the batch is answered with 200; came: 403" in done.output
    refused = CliRunner().invoke(command, ["conform", shop, "--token", token])
    assert (refused.exit_code, "GET /replication/v1/status answered 403" in refused.output) == (1, True)
