import pytest
from gateway.kinds import KINDS

from .factories import SAMPLE


@pytest.fixture(autouse=True)
def sample_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub knows the kind of the simulation."""
    monkeypatch.setitem(KINDS, SAMPLE.name, SAMPLE)
