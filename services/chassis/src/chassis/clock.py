"""The current time and date: no other module of a service reads the system's clock.

Instants are in UTC. A date is one of the company's time zone, which each process reads once at start: an entry made in
Tokyo at half past eight in the morning has that day's date, although it is still the day before in UTC.
"""

from datetime import UTC, date, datetime, time, tzinfo

_zone: tzinfo = UTC


def use(zone: tzinfo) -> None:
    """Use this time zone for dates from now on; called once, at the start of a process."""
    global _zone  # noqa: PLW0603  (one process, one clock: every rule about days would have to be passed the zone)
    _zone = zone


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The current date in the company's time zone."""
    return day_of(now())


def midnight() -> datetime:
    """The begin of the current day in the company's time zone."""
    return begin_of(today())


def begin_of(day: date) -> datetime:
    """The begin of a day in the company's time zone."""
    return datetime.combine(day, time(), _zone)


def day_of(instant: datetime) -> date:
    """The date in the company's time zone at an instant."""
    return instant.astimezone(_zone).date()
