"""Recurrence rules (RFC 5545), bounded: whatever the rule, finding its occurrences takes less than a second."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

from chassis.settings import zone_of
from contracts.text import refuse
from dateutil.rrule import rrule, rrulestr
from localisation import Phrase
from pydantic import AfterValidator, Field

FREQUENCIES = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 0, "YEARLY": 0}
"""The days of one period, where all periods have the same."""

PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY"}
MOST_OCCURRENCES = 1000
LONGEST_INTERVAL = 366
CYCLE_YEARS = 400
"""The Gregorian calendar repeats after these years, days of the week included."""

LAST_YEAR = 9999 - CYCLE_YEARS
UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")


def _rule(text: str) -> str:
    """The rule in its usual form. Raises when it is not one, or not one of days, weeks, months or years."""
    written = text.strip().upper().removeprefix("RRULE:")
    pairs = [part.partition("=")[::2] for part in written.split(";") if part]
    parts = dict(pairs)
    if len(parts) < len(pairs) or parts.keys() - PARTS:
        raise refuse("recurrence", Phrase("name each of {parts} at most once", parts=", ".join(sorted(PARTS))))
    if parts.get("FREQ") not in FREQUENCIES:
        raise refuse("recurrence", Phrase("FREQ must be one of {choices}", choices=", ".join(FREQUENCIES)))
    _check_number(parts, "COUNT", MOST_OCCURRENCES)
    _check_number(parts, "INTERVAL", LONGEST_INTERVAL)
    if "UNTIL" in parts and ("COUNT" in parts or UNTIL.fullmatch(parts["UNTIL"]) is None):
        raise refuse("recurrence", Phrase("UNTIL is a date or a time in UTC, and not beside COUNT"))
    try:
        _until(parts, UTC)
        rrulestr(_without_until(written), dtstart=datetime(2000, 1, 1))  # noqa: DTZ001  (local times)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise refuse("recurrence", Phrase("this is not a rule of RFC 5545, like FREQ=WEEKLY;BYDAY=MO")) from None
    return ";".join(f"{name}={value}" for name, value in pairs)


def _check_number(parts: dict[str, str], name: str, most: int) -> None:
    value = parts.get(name, "1")
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(most)) and 1 <= int(value) <= most):
        raise refuse("recurrence", Phrase("{name} must be 1 to {most}", name=name, most=most))


Rule = Annotated[str, Field(max_length=400), AfterValidator(_rule)]


@dataclass(frozen=True)
class Recurrence:
    """Occurrences at the same local time of a zone, the first of which is `begins`, whether the rule says so or not.

    A local time that does not exist is read with the offset before the change, one that exists twice is the first.
    """

    rule: str
    begins: datetime
    zone: str

    def after(self, instant: datetime) -> datetime | None:
        """The first occurrence after an instant; None when there is none."""
        return next(self._since(instant, inclusive=False), None)

    def between(self, since: datetime, until: datetime, most: int) -> list[datetime]:
        """The occurrences from `since` on and before `until`, at most this number."""
        found: list[datetime] = []
        for occurrence in islice(self._since(since, inclusive=True), most):
            if occurrence >= until:
                break
            found.append(occurrence)
        return found

    def _since(self, instant: datetime, *, inclusive: bool) -> Iterator[datetime]:
        """In order. The years are those of a later cycle, in which a rule that never matches ends after 800 years."""
        zone = zone_of(self.zone)
        first = self.begins.astimezone(zone).replace(tzinfo=None)
        shift = (LAST_YEAR - first.year) // CYCLE_YEARS * CYCLE_YEARS
        if self.begins > instant or (inclusive and self.begins == instant):
            yield self.begins
        local = instant.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
        for shifted in self._dates(_in_year(first, shift), zone, shift, max(local, first)):
            moment = _in_year(shifted, -shift).replace(tzinfo=zone).astimezone(UTC)
            if moment > self.begins and (moment > instant or (inclusive and moment == instant)):
                yield moment

    def _dates(self, first: datetime, zone: ZoneInfo, shift: int, near: datetime) -> rrule:
        parts = dict(part.split("=", 1) for part in self.rule.split(";"))
        period = FREQUENCIES[parts["FREQ"]] * int(parts.get("INTERVAL", "1"))
        if period and "COUNT" not in parts:
            # Whole periods before the first wanted day have no effect on what follows.
            first += timedelta(days=max(0, (_in_year(near, shift) - first).days // period - 1) * period)
        dates = rrulestr(_without_until(self.rule), dtstart=first)
        until = _until(parts, zone)
        if not isinstance(dates, rrule):
            raise TypeError(f"{self.rule} is more than one rule")
        if until is None or until.year + shift > LAST_YEAR + CYCLE_YEARS:
            return dates
        return dates.replace(until=_in_year(until, shift))


def until_of(rule: str, zone: tzinfo) -> datetime | None:
    """The last moment of a checked rule, in local time of a zone; None when it names none."""
    return _until(dict(part.split("=", 1) for part in rule.split(";")), zone)


def _in_year(moment: datetime, shift: int) -> datetime:
    return moment.replace(year=moment.year + shift)


def _without_until(rule: str) -> str:
    return ";".join(part for part in rule.split(";") if part and not part.startswith("UNTIL="))


def _until(parts: dict[str, str], zone: tzinfo) -> datetime | None:
    """The last moment, in local time; a date includes its whole day."""
    text = parts.get("UNTIL")
    if text is None:
        return None
    if "T" not in text:
        return datetime.combine(date.fromisoformat(text), time.max)
    said = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  (local, unless it ends with Z)
    return said.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if text.endswith("Z") else said
