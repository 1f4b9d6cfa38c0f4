"""Keys are added, used and retired, and tokens are valid until they expire."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from chassis.auth import Verifier
from chassis.errors import Unauthenticated
from chassis.settings import Issuer as Trusted
from stack import rotation
from stack.__main__ import app
from stack.errors import CannotStart
from stack.keys import TOKEN_HOURS, Issuer, local_issuer
from typer.testing import CliRunner

LIFETIME_SECONDS = TOKEN_HOURS * 3600


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    made = local_issuer(tmp_path)
    made.ensure()
    return made


async def accepted(issuer: Issuer, token: str) -> bool:
    """Whether a service that has just read the keys accepts a token."""
    verifier = Verifier({issuer.name: Trusted(jwks=str(issuer.public_file))}, "concord-crm")
    try:
        await verifier.verify(token)
    except Unauthenticated:
        return False
    return True


def states(issuer: Issuer) -> list[str]:
    return [key.state for key in rotation.listed(issuer)]


async def test_a_token_outlives_its_key_as_long_as_the_key_is_published(issuer: Issuer) -> None:
    first = issuer.token()
    name = rotation.add(issuer)
    assert states(issuer) == ["signs", "added"]
    assert await accepted(issuer, issuer.token())
    rotation.use(issuer, name)
    second = issuer.token()
    assert states(issuer) == ["verifies", "signs"]
    assert [await accepted(issuer, each) for each in (first, second)] == [True, True]
    former = rotation.listed(issuer)[0].name
    with pytest.raises(CannotStart, match="are valid until"):
        rotation.retire(issuer, former)
    rotation.retire(issuer, former, clock=lambda: time.time() + LIFETIME_SECONDS + 1)
    assert states(issuer) == ["signs"]
    assert [await accepted(issuer, each) for each in (first, second)] == [False, True]


async def test_a_key_that_has_become_known_is_retired_with_its_tokens(issuer: Issuer) -> None:
    token, former = issuer.token(), issuer.signing_key()["kid"]
    rotation.use(issuer, rotation.add(issuer))
    rotation.retire(issuer, former, now=True)
    assert not await accepted(issuer, token)


def test_the_key_that_signs_and_unknown_keys_are_refused(issuer: Issuer) -> None:
    signing = issuer.signing_key()["kid"]
    with pytest.raises(CannotStart, match="add another and use it first"):
        rotation.retire(issuer, signing, now=True)
    for name in (signing, "other"):
        with pytest.raises(CannotStart, match="is not an added key"):
            rotation.use(issuer, name)
    with pytest.raises(CannotStart, match="There is no key other"):
        rotation.retire(issuer, "other")


def test_an_added_key_that_was_never_used_leaves_nothing_behind(issuer: Issuer, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    rotation.retire(issuer, rotation.add(issuer))
    assert sorted(tmp_path.rglob("*")) == before
    assert states(issuer) == ["signs"]


def test_private_keys_stay_private(issuer: Issuer, tmp_path: Path) -> None:
    name = rotation.add(issuer)
    rotation.add(issuer)
    rotation.use(issuer, name)
    private = list((tmp_path / "keys").glob("*.jwk.json"))
    assert len(private) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)
    assert all("d" not in key for key in issuer.published())


async def test_printing_a_token_keeps_all_published_keys(issuer: Issuer) -> None:
    token = issuer.token()
    rotation.use(issuer, rotation.add(issuer))
    published = issuer.published()
    printed = CliRunner().invoke(app, ["token"]).stdout.strip()
    assert issuer.published() == published
    assert [await accepted(issuer, each) for each in (token, printed)] == [True, True]


def test_the_commands_say_what_they_did_and_what_is_wrong(issuer: Issuer) -> None:
    def keys(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "stack", "keys", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    name = keys("add").stdout.strip()
    assert keys("use", name).returncode == 0
    former, signing = keys("list").stdout.splitlines()
    assert signing == f"{name}  signs"
    assert "  verifies until 20" in former
    refused = keys("retire", former.split()[0])
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "or now with --now" in refused.stderr
    assert "there are concord-local, concord-gateway" in keys("add", "--issuer", "other").stderr
