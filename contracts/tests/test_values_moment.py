"""Times that the tables can hold."""

from typing import Any

import pytest
from contracts.values import Moment
from pydantic import TypeAdapter, ValidationError

MOMENTS: TypeAdapter[Any] = TypeAdapter(Moment)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "2026-11-29T10:00:00"])
def test_a_time_that_the_driver_stores_as_infinity_or_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENTS.validate_python(text)


def test_every_other_time_is_taken() -> None:
    assert MOMENTS.validate_python("2026-11-29T10:00:00+02:00").utcoffset().total_seconds() == 7200
