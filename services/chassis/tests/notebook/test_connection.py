"""Addresses of databases as libpq reads them, on a PostgreSQL behind TLS."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from chassis.connection import ConnectionUntrusted
from chassis.db import create_engine
from chassis.service import Service, cli
from chassis.settings import Settings
from sqlalchemy import text
from stack.ports import free_port
from stack.postgres import SOCKET_NAME
from stack.provision import provision
from typer.testing import CliRunner

from .certificates import Authority
from .notes import Base
from .tls_front import TlsFront

pytestmark = pytest.mark.servers
VERSIONS = Path(__file__).parent / "versions"
HOST, OTHER_HOST = "localhost", "127.0.0.1"
NOTEBOOK = Service("notebook", "Notebook", "Notes.", Settings, Base.metadata, VERSIONS, ())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def front(postgres: str, authority: Authority) -> Iterator[TlsFront]:
    """A server whose certificate is for `localhost`."""
    provision(postgres, "notebook", database="notebook_tls")
    (folder,) = parse_qs(urlsplit(postgres).query)["host"]
    with TlsFront(f"{folder}/{SOCKET_NAME}", free_port(), authority.sign(HOST)) as started:
        yield started


def address(front: TlsFront, host: str = HOST, **parameters: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"postgresql://notebook@{host}:{front.port}/notebook_tls?{query}"


def migrated(url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code of `migrate`, and what it printed."""
    monkeypatch.setenv("DATABASE_URL", url)
    result = CliRunner().invoke(cli(NOTEBOOK), ["migrate"])
    return result.exit_code, result.output + str(result.exception or "")


async def answered(url: str) -> int:
    engine = create_engine(url, "notebook", "app")
    try:
        async with engine.connect() as connection:
            return int(await connection.scalar(text("select 1")) or 0)
    finally:
        await engine.dispose()


def test_migrations_run_over_tls_with_a_server_that_is_verified(
    front: TlsFront, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = address(front, sslmode="verify-full", sslrootcert=authority.file)
    assert migrated(url, monkeypatch) == (0, "notebook: the database is at the newest version.\n")
    assert front.encrypted >= 3


@pytest.mark.parametrize(
    ("host", "parameters", "tls"),
    [
        (HOST, {"sslmode": "disable"}, False),
        (OTHER_HOST, {"sslmode": "require"}, True),
        (OTHER_HOST, {"sslmode": "verify-ca", "sslrootcert": "authority"}, True),
        (HOST, {"sslmode": "verify-full", "sslrootcert": "authority", "connect_timeout": 5}, True),
    ],
)
async def test_the_mode_of_the_address_decides_about_tls(
    front: TlsFront, authority: Authority, host: str, parameters: dict[str, object], tls: bool
) -> None:
    if "sslrootcert" in parameters:
        parameters = {**parameters, "sslrootcert": authority.file}
    before = front.encrypted
    assert await answered(address(front, host, **parameters)) == 1
    assert (front.encrypted > before) is tls


def test_a_certificate_of_another_host_is_refused_and_both_are_named(
    front: TlsFront, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = address(front, OTHER_HOST, sslmode="verify-full", sslrootcert=authority.file)
    code, said = migrated(url, monkeypatch)
    assert code == 1
    assert said.startswith(f"notebook: TLS with the database at {OTHER_HOST}:{front.port} failed: IP address mismatch")
    assert "certificate is not valid for '127.0.0.1'" in said


async def test_a_certificate_of_an_unknown_authority_is_refused(front: TlsFront, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    with pytest.raises(ConnectionUntrusted, match=f"at {HOST}:{front.port} failed: .*certificate"):
        await answered(address(front, sslmode="verify-full", sslrootcert=stranger.file))
    with pytest.raises(ConnectionUntrusted):
        await answered(address(front, sslmode="verify-full", sslrootcert="system"))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=verify", "sslmode is 'verify'; it may be disable, allow"),
        ("sslmode=verify-full&sslrootcert=/nowhere.pem", "sslrootcert names the file /nowhere.pem"),
        ("sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"),
        ("ssl=true", "the parameter ssl is not supported; supported are"),
        ("connect_timeout=soon", "connect_timeout must be a number of seconds"),
    ],
)
def test_an_address_that_cannot_work_is_refused_at_the_start(
    query: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = migrated(f"postgresql://notebook:hidden@db/notebook?{query}", monkeypatch)
    assert code == 1
    assert "DATABASE_URL is wrong" in said
    assert reason in said
    assert "hidden" not in said
