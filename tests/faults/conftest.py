"""A stack of its own, because its processes are killed."""

from collections.abc import Iterator

import pytest
from stack.services import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL, Kafka and all six processes."""
    with Stack(tmp_path_factory.mktemp("faults"), fast=True) as running:
        yield running
