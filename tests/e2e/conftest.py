"""Each story has a tenant of its own, so that none sees another's records."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stack.services import Stack

from .clients import Company, new_tenant


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every story needs the servers."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.servers)


@pytest.fixture
def company(stack: Stack) -> Iterator[Company]:
    """A company of its own. Whatever a story stopped runs again afterwards."""
    yield Company.in_stack(stack, new_tenant())
    for part in stack.parts.values():
        part.start()


@pytest.fixture
def other_company(stack: Stack) -> Company:
    """A second company, which must never see the first one's records."""
    return Company.in_stack(stack, new_tenant(), subject="otto")
