"""Recurrence rules: their bounds, and local times through changes of the clock."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from recurrence import Recurrence, Rule

RULE: TypeAdapter[str] = TypeAdapter(Rule)

ORDINARY = (
    "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=WEEKLY;BYDAY=SA;COUNT=40",
    "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "begins", "expected"),
    [
        ("Europe/Riga", "2026-03-28T07:00:00Z", ["2026-03-28T07:00Z", "2026-03-29T06:00Z", "2026-03-30T06:00Z"]),
        ("Europe/Riga", "2026-10-24T06:00:00Z", ["2026-10-24T06:00Z", "2026-10-25T07:00Z", "2026-10-26T07:00Z"]),
        ("America/New_York", "2026-03-07T14:00:00Z", ["2026-03-07T14:00Z", "2026-03-08T13:00Z", "2026-03-09T13:00Z"]),
        # Half past two does not exist on this day: it is read with the offset before the change.
        ("America/New_York", "2026-03-07T07:30:00Z", ["2026-03-07T07:30Z", "2026-03-08T07:30Z", "2026-03-09T06:30Z"]),
        # Half past one exists twice: the first one counts.
        ("America/New_York", "2026-10-31T05:30:00Z", ["2026-10-31T05:30Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z"]),
    ],
)
def test_an_occurrence_keeps_its_local_time(zone: str, begins: str, expected: list[str]) -> None:
    daily = Recurrence("FREQ=DAILY", at(begins), zone)
    assert daily.between(at(begins), at(begins) + timedelta(days=30), 3) == [at(each) for each in expected]


def test_until_and_count_end_a_rule() -> None:
    begins = at("2026-11-30T22:30:00Z")  # In Riga it is the first of December.
    until = Recurrence("FREQ=DAILY;UNTIL=20261203", begins, "Europe/Riga")
    assert len(until.between(begins, begins + timedelta(days=100), 50)) == 3
    counted = Recurrence("FREQ=WEEKLY;COUNT=2", begins, "Europe/Riga")
    assert counted.after(begins) == begins + timedelta(days=7)
    assert counted.after(begins + timedelta(days=7)) is None


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=1001",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=367", "FREQ=DAILY;BYSECOND=1", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;UNTIL=20261399", "BYDAY=MO",
        "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYMONTHDAY=x", "", "FREQ=DAILY\nRRULE:FREQ=DAILY", "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;WKST=QQ",
    ],
)  # fmt: skip
def test_rules_out_of_bounds_are_refused(rule: str) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=10",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31",
    ],
)  # fmt: skip
def test_a_rule_that_never_matches_ends(rule: str) -> None:
    begins = at("2026-02-02T09:00:00Z")
    began = time.process_time()
    assert Recurrence(RULE.validate_python(rule), begins, "UTC").after(begins) is None
    assert time.process_time() - began < 2


@given(
    st.sampled_from(ORDINARY),
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001  (local times)
    st.sampled_from(["Europe/Riga", "America/New_York", "UTC", "Asia/Kolkata"]),
    st.integers(0, 30),
)
def test_one_after_the_other_neither_skips_nor_repeats(rule: str, start: datetime, zone: str, number: int) -> None:
    recurrence = Recurrence(rule, start.replace(tzinfo=UTC), zone)
    whole = recurrence.between(recurrence.begins, recurrence.begins + timedelta(days=365 * 40), number + 1)
    one: datetime | None = recurrence.begins
    for expected in whole:
        assert one == expected
        one = recurrence.after(one)
    later = recurrence.between(whole[-1], whole[-1] + timedelta(days=1), 5)
    assert later[0] == whole[-1], "a window in the middle finds the same occurrences"
