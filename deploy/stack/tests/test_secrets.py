"""The command that creates the passwords and keys of the containers."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from stack.__main__ import app
from stack.plan import SERVICES
from stack.secrets import create_secrets
from typer.testing import CliRunner

REPOSITORY = Path(__file__).parents[3]


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_secrets_are_readable_for_their_owner_only_and_public_keys_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    create_secrets(folder)
    public = {"keys/public/concord-local.jwks.json", "keys/public/concord-gateway.jwks.json"}
    private = {"passwords.env", "keys/concord-local.jwk.json", "keys/concord-gateway.jwk.json"}
    broker = {f"broker/{name}" for name in ("authority-key.pem", "broker.pem", "administrator.pem", "users.json")}
    private |= broker | {f"broker/{name}.env" for name in ("broker", *SERVICES)}
    public.add("broker/authority.pem")
    assert contents(folder).keys() == public | private
    assert {stat.S_IMODE((folder / each).stat().st_mode) for each in private} == {0o600}
    assert {stat.S_IMODE((folder / each).stat().st_mode) for each in public} == {0o644}
    assert stat.S_IMODE((folder / "keys/public").stat().st_mode) == 0o755
    keys = [each for each in public if each.endswith(".json")]
    assert all("d" not in key for each in keys for key in json.loads((folder / each).read_text())["keys"])


def test_creating_again_changes_nothing_and_completes_what_is_missing(tmp_path: Path) -> None:
    create_secrets(tmp_path)
    before = contents(tmp_path)
    assert create_secrets(tmp_path) == []
    assert contents(tmp_path) == before
    (tmp_path / "passwords.env").unlink()
    result = CliRunner().invoke(app, ["secrets", str(tmp_path)])
    assert result.exit_code == 0
    assert "passwords.env is new." in result.stderr
    assert contents(tmp_path)["passwords.env"] != before.pop("passwords.env")
    assert {name: contents(tmp_path)[name] for name in before} == before


def test_files_with_secrets_are_ignored_by_git_and_by_the_image() -> None:
    ignored = {"deploy/secrets", "deploy/env/*.env"}
    for file in ("deploy/secrets/passwords.env", "deploy/env/crm.env"):
        checked = ["git", "check-ignore", "--quiet", file]
        assert subprocess.run(checked, cwd=REPOSITORY, check=False).returncode == 0
    assert ignored <= set((REPOSITORY / "deploy/Dockerfile.dockerignore").read_text().splitlines())
    assert "deploy/secrets" in (REPOSITORY / "Makefile").read_text()


@pytest.mark.parametrize(
    ("chosen", "audience"), [("crm", ["concord-crm"]), ("erp crm", ["concord-erp", "concord-crm"])]
)
def test_a_token_is_narrowed_to_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, audience: list[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AUDIENCE", chosen)
    token = CliRunner().invoke(app, ["token"]).stdout.strip()
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == audience


def test_a_token_for_an_unknown_service_is_refused_with_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AUDIENCE", "shop")
    result = subprocess.run([sys.executable, "-m", "stack", "token"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "AUDIENCE names shop: it may name crm, erp, gateway.\n"


def test_a_file_of_passwords_from_before_gets_the_keys_that_it_lacks(tmp_path: Path) -> None:
    create_secrets(tmp_path)
    passwords = tmp_path / "passwords.env"
    before = [line for line in passwords.read_text().splitlines() if not line.startswith("SEALING_KEYS")]
    passwords.write_text("\n".join(before) + "\n")
    assert passwords in create_secrets(tmp_path)
    after = passwords.read_text().splitlines()
    assert after[: len(before)] == before
    assert [line.partition("=")[0] for line in after[len(before) :]] == [
        "SEALING_KEYS_CRM",
        "SEALING_KEYS_ERP",
        "SEALING_KEYS_GATEWAY",
    ]
    assert create_secrets(tmp_path) == []
