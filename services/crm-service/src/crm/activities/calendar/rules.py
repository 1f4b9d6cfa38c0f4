"""When an event takes place. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from chassis.settings import zone_of
from recurrence import Recurrence
from recurrence.rules import MOST_OCCURRENCES

LONGEST = timedelta(days=366)
ENDS = ("COUNT=", "UNTIL=")


class EventState(StrEnum):
    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class AttendeeAnswer(StrEnum):
    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


class Span(NamedTuple):
    """A time from `starts_at` on and before `ends_at`."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether there is a moment in both."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def days(first: date, last: date, zone: str) -> Span:
    """Whole days, the last one included, in a time zone."""
    return Span(_midnight(first, zone), _midnight(last + timedelta(days=1), zone))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


@dataclass(frozen=True)
class Schedule:
    """The occurrences of an event, of which `first` is the first one. Each whole-day occurrence has as many days."""

    first: Span
    zone: str
    whole_days: int = 0
    rule: str | None = None
    excluded: Collection[date] = ()

    @property
    def ends_at(self) -> datetime | None:
        """The end of the last occurrence; None when there is no last one."""
        if self.rule is None:
            return self.first.ends_at
        if not any(part in self.rule for part in ENDS):
            return None
        longest = datetime.max.replace(tzinfo=UTC) - LONGEST
        found = self._recurrence(self.rule).between(self.first.starts_at, longest, MOST_OCCURRENCES)
        return self._span(found[-1]).ends_at if len(found) < MOST_OCCURRENCES or "COUNT=" in self.rule else None

    def within(self, window: Span) -> Iterator[Span]:
        """The occurrences that overlap the window, in order; at most a thousand begin in it."""
        for starts_at in self._starts(window):
            span = self._span(starts_at)
            if span.overlaps(window) and starts_at.astimezone(zone_of(self.zone)).date() not in self.excluded:
                yield span

    def _starts(self, window: Span) -> list[datetime]:
        if self.rule is None:
            return [self.first.starts_at]
        since = window.starts_at - (self.first.ends_at - self.first.starts_at) - timedelta(days=1)
        return self._recurrence(self.rule).between(since, window.ends_at, MOST_OCCURRENCES)

    def _recurrence(self, rule: str) -> Recurrence:
        return Recurrence(rule, self.first.starts_at, self.zone)

    def _span(self, starts_at: datetime) -> Span:
        if not self.whole_days:
            return Span(starts_at, starts_at + (self.first.ends_at - self.first.starts_at))
        first = starts_at.astimezone(zone_of(self.zone)).date()
        return days(first, first + timedelta(days=self.whole_days - 1), self.zone)
