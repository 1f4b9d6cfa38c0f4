"""One suite for every kind of storage: a folder, memory, and S3 as a server of the tests speaks it."""

import asyncio
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from files.storage import PART_BYTES, PIECE_BYTES, ContentLost, Storage, StorageAway, storage

from .s3 import s3

MEBIBYTE = 1024 * 1024
KEY = "crm/tenant/1"


@pytest.fixture(params=["file", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    storage.cache_clear()
    if request.param == "file":
        yield storage((tmp_path / "with space").as_uri())
    elif request.param == "memory":
        yield storage("memory:///")
    else:
        with s3() as address:
            for name, value in {
                "AWS_ENDPOINT_URL": address,
                "AWS_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            }.items():
                monkeypatch.setenv(name, value)
            yield storage("s3://bucket/prefix")
    storage.cache_clear()


async def pieces(*of: bytes) -> AsyncIterator[bytes]:
    for each in of:
        yield each


async def read(store: Storage, key: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in await store.open(key, start, end)])


async def test_what_is_stored_is_read_in_whole_and_in_part(store: Storage) -> None:
    await store.put(KEY, pieces(b"Obere ", b"Str. 57"))
    assert await read(store, KEY, 0, 13) == b"Obere Str. 57"
    assert await read(store, KEY, 6, 9) == b"Str"


async def test_many_parts_are_one_object(store: Storage) -> None:
    data = os.urandom(PART_BYTES + MEBIBYTE)
    await store.put(KEY, pieces(*(data[start : start + 65_536] for start in range(0, len(data), 65_536))))
    assert await read(store, KEY, 0, len(data)) == data


async def test_an_error_of_the_pieces_is_raised_and_leaves_no_object(store: Storage) -> None:
    class Cut(Exception):
        pass

    async def cut() -> AsyncIterator[bytes]:
        yield b"x" * (PART_BYTES + 1)
        raise Cut

    with pytest.raises(Cut):
        await store.put(KEY, cut())
    with pytest.raises(ContentLost):
        await store.open(KEY, 0, 1)


async def test_removing_an_object_twice_is_as_good_as_once(store: Storage) -> None:
    await store.put(KEY, pieces(b"x"))
    await store.remove(KEY)
    await store.remove(KEY)
    with pytest.raises(ContentLost):
        await store.open(KEY, 0, 1)


async def test_a_file_of_25_mebibytes_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    storage.cache_clear()
    store = storage(tmp_path.as_uri())

    async def many() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield bytes(65_536)

    tracemalloc.start()
    try:
        await store.put(KEY, many())
        sizes = [len(piece) async for piece in await store.open(KEY, 0, 25 * MEBIBYTE)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sum(sizes), max(sizes) <= 2 * PIECE_BYTES) == (25 * MEBIBYTE, True)
    assert peak < 2 * PART_BYTES


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.rglob("*") if each.is_file()]


KILLED = """
import asyncio, os, signal, sys
from files.storage import storage

async def pieces():
    yield bytes(12_000_000)
    await asyncio.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(storage(sys.argv[1]).put("crm/tenant/1", pieces()))
"""


async def test_the_parts_that_a_killed_process_left_are_removed(tmp_path: Path) -> None:
    address = tmp_path.as_uri()
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, address], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert names_in(tmp_path) == ["1#1"]
    await storage(address).remove(KEY)
    assert names_in(tmp_path) == []


async def test_a_storage_that_cannot_be_used_is_a_503(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(StorageAway):
        storage((taken / "folder").as_uri())
