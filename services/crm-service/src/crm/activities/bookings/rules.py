"""When an employee works, and when he is free. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from chassis.settings import zone_of
from contracts.employee import DAYS

from crm.activities.calendar.rules import Span, days

LONGEST = timedelta(days=31)
WORKS_FROM = time(9)
"""When the working day of an employee begins who has no `works_from`."""
NEAR = timedelta(days=7)
BEFORE, AFTER = 1, 3
"""How many free times are named before and after a booking that is refused."""


class ResourceType(StrEnum):
    ROOM = "room"
    VEHICLE = "vehicle"
    EQUIPMENT = "equipment"
    OTHER = "other"


@dataclass(frozen=True)
class Working:
    """The working days of an employee, in his time zone. Without working time, all hours of all days."""

    zone: str
    hours: Mapping[str, Any] | None
    works_from: str | None = None
    entered_on: date | None = None
    left_on: date | None = None

    def on(self, day: date) -> Span | None:
        """The working time of a day; None when there is none."""
        if (self.entered_on and day < self.entered_on) or (self.left_on and day > self.left_on):
            return None
        if self.hours is None:
            return days(day, day, self.zone)
        seconds = int(float(self.hours.get(DAYS[day.weekday()], 0)) * 3600)
        begin = time.fromisoformat(self.works_from) if self.works_from else WORKS_FROM
        starts_at = datetime.combine(day, begin, zone_of(self.zone)).astimezone(UTC)
        return Span(starts_at, starts_at + timedelta(seconds=seconds)) if seconds else None

    def within(self, window: Span) -> Iterator[Span]:
        """The working times of the days of a window, in order; those that follow each other without a pause as one."""
        zone = zone_of(self.zone)
        day = window.starts_at.astimezone(zone).date() - timedelta(days=1)
        last = window.ends_at.astimezone(zone).date()
        open_span: Span | None = None
        while day <= last:
            span, day = self.on(day), day + timedelta(days=1)
            if span is None:
                continue
            if open_span is not None and span.starts_at <= open_span.ends_at:
                open_span = Span(open_span.starts_at, max(open_span.ends_at, span.ends_at))
                continue
            if open_span is not None:
                yield open_span
            open_span = span
        if open_span is not None:
            yield open_span


def around(wanted: Span) -> Span:
    """The time in which free times are looked for."""
    return Span(wanted.starts_at - NEAR, wanted.ends_at + NEAR)


def free(working: Iterable[Span], busy: Sequence[Span]) -> Iterator[Span]:
    """What is left of working times; `busy` is in order."""
    for span in working:
        begin = span.starts_at
        for each in busy:
            if each.ends_at <= begin or each.starts_at >= span.ends_at:
                continue
            if each.starts_at > begin:
                yield Span(begin, each.starts_at)
            begin = max(begin, each.ends_at)
        if begin < span.ends_at:
            yield Span(begin, span.ends_at)


def next_to(wanted: Span, spans: Iterable[Span]) -> list[Span]:
    """The free times that are long enough and next to the wanted one, in order."""
    length = wanted.ends_at - wanted.starts_at
    enough = [each for each in spans if each.ends_at - each.starts_at >= length]
    before = [each for each in enough if each.starts_at < wanted.starts_at]
    return [*before[-BEFORE:], *[each for each in enough if each.starts_at >= wanted.starts_at][:AFTER]]
