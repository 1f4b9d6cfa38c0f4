"""What time it is, and which day: no other module of a service asks the system.

Instants are in UTC. A day is one of the company's time zone, which each process reads once at start: what is entered in
Tokyo at half past eight in the morning is of that day, although it is still the day before in UTC.
"""

from datetime import UTC, date, datetime, tzinfo

_zone: tzinfo = UTC


def use(zone: tzinfo) -> None:
    """Take days from this time zone from now on; called once, at the start of a process."""
    global _zone  # noqa: PLW0603  (one process, one clock: every rule about days would have to be passed the zone)
    _zone = zone


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day that it is for the company."""
    return day_of(now())


def day_of(instant: datetime) -> date:
    """The day for the company at an instant."""
    return instant.astimezone(_zone).date()
