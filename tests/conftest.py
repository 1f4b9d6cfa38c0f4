"""One stack for end-to-end tests and for those that kill its processes: starting it takes longer than most of them."""

from collections.abc import Iterator

import pytest
from stack.services import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL, Kafka and all six processes, which log every step of an edit."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOG_LEVEL", "debug")
        yield from _running(tmp_path_factory)


def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), fast=True) as running:
        yield running
