"""What a system's status says about a restore."""

import pytest
from gateway.watch import Seen, restored


@pytest.mark.parametrize(
    ("before", "now", "is_restored"),
    [
        (Seen("7400/1/16384", 5), Seen("7400/1/16384", 6), False),
        (Seen("7400/1/16384", 5), Seen("7400/1/16384", 4), True),
        (Seen("7400/1/16384", 5), Seen("7400/2/16384", 5), True),
        (Seen("7400/1/16384", 5), Seen("7400/1/16385", 5), True),
        (Seen("unknown/16384", 5), Seen("7400/1/16384", 5), False),
        (Seen("7400/1/16384", 5), Seen("unknown/16384", 5), False),
        (Seen("7400/1/16384", 5), Seen("unknown/16385", 5), True),
        (None, Seen("7400/1/16384", 5), False),
    ],
)
def test_a_restore_is_told_by_the_server_the_database_or_a_position_that_went_back(
    before: Seen | None, now: Seen, is_restored: bool
) -> None:
    assert (restored(before, now) is not None) == is_restored
