"""Instants are in UTC, days in the company's time zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from chassis import clock
from chassis.testing import time_is


@pytest.fixture(autouse=True)
def _utc_again() -> Iterator[None]:
    yield
    clock.use(UTC)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 12, 31)), ("Asia/Tokyo", date(2027, 1, 1)), ("America/New_York", date(2026, 12, 31))],
)
def test_the_day_is_the_companys(zone: str, day: date) -> None:
    with time_is("2026-12-31T23:30:00+00:00", zone):
        assert clock.today() == day
        assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() > datetime(2026, 1, 1, tzinfo=UTC)


def test_the_zone_is_set_once_for_the_process() -> None:
    clock.use(ZoneInfo("Pacific/Kiritimati"))
    assert clock.day_of(datetime(2026, 3, 1, 10, tzinfo=UTC)) == date(2026, 3, 2)
