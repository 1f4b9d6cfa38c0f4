"""The embedded PostgreSQL, from the point of view of its users."""

import asyncio
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from stack.postgres import Postgres, forget_dead_server, socket_folder
from stack.provision import provision

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres"), fast=True) as running:
        yield running


async def test_what_was_committed_is_there_after_a_kill(server: Postgres) -> None:
    connection = await asyncpg.connect(server.url)
    await connection.execute("create table note (text text)")
    await connection.execute("insert into note values ('kept')")
    server.kill()
    server.start()
    again = await asyncpg.connect(server.url)
    assert await again.fetchval("select text from note") == "kept"
    await again.close()


async def test_it_is_postgresql_18_in_utc_with_unicode(server: Postgres) -> None:
    connection = await asyncpg.connect(server.url)
    assert (await connection.fetchval("show server_version")).startswith("18")
    assert await connection.fetchval("show timezone") == "UTC"
    assert await connection.fetchval("select lower('ÄÖÉ')") == "äöé"
    await connection.close()


async def test_two_servers_run_at_once(server: Postgres, tmp_path: Path) -> None:
    with Postgres(tmp_path / "other", fast=True) as other:
        assert other.url != server.url
        connection = await asyncpg.connect(other.url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_a_folder_too_long_for_a_socket_is_served_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("name" * 20)
    with Postgres(folder, fast=True) as running:
        assert socket_folder(folder) == running.sockets
        connection = await asyncpg.connect(running.url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
    assert not running.sockets.exists()


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", fast=True)
    server.start()
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.stop()
    assert not [process for process in family if process.is_running()]


def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from stack.postgres import Postgres
        server = Postgres(pathlib.Path(sys.argv[1]), fast=True)
        server.start()
        print(server.pid, flush=True)
        time.sleep(60)
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "postgres")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    server.wait(timeout=10)


async def test_provisioning_twice_changes_nothing_and_keeps_services_apart(server: Postgres) -> None:
    provision(server.url, "crm")
    once_more, other = (asyncio.to_thread(provision, server.url, name) for name in ("crm", "erp"))
    crm, erp = await asyncio.gather(once_more, other)
    connection = await asyncpg.connect(crm, server_settings={"role": "crm_owner"})
    await connection.execute("create table customer (name text)")
    await connection.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(erp.replace("/erp", "/crm", 1))


async def test_the_login_role_can_do_nothing_until_it_takes_a_role(server: Postgres) -> None:
    crm = provision(server.url, "crm", database="crm_of_a_test")
    owner = await asyncpg.connect(crm, server_settings={"role": "crm_owner"})
    await owner.execute("create table customer (name text)")
    await owner.close()
    bare = await asyncpg.connect(crm)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await bare.fetch("select * from customer")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await bare.execute("create table other (name text)")
    await bare.close()


def test_a_password_with_odd_characters_becomes_part_of_the_address(server: Postgres) -> None:
    crm = provision(server.url, "crm", login_password="it's@/odd")
    assert crm.startswith("postgresql://crm:it%27s%40%2Fodd@/crm?host=/")


def test_a_name_that_is_no_plain_name_is_refused(server: Postgres) -> None:
    with pytest.raises(ValueError, match="cannot name a database"):
        provision(server.url, "crm; drop table customer")


def test_the_pid_file_of_a_dead_server_is_forgotten(tmp_path: Path) -> None:
    someone_else = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{someone_else.pid}\n/elsewhere\n{int(time.time())}\n")
    forget_dead_server(pid_file)
    someone_else.kill()
    someone_else.wait()
    assert not pid_file.exists()


async def test_a_creation_that_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "PG_VERSION").write_text("18")
    with Postgres(tmp_path, fast=True) as running:
        connection = await asyncpg.connect(running.url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
