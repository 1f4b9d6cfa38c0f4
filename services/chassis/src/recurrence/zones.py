"""Time zones of people."""

from typing import Annotated, Any

from chassis import clock
from chassis.settings import zone_of
from contracts.text import refuse
from localisation import Phrase
from pydantic import AfterValidator, Field


def company_zone() -> str:
    """The name of the company's time zone."""
    return getattr(clock.midnight().tzinfo, "key", "UTC")


def zone_of_person(person: Any) -> str:
    """The name of the time zone of a person, or of the company's."""
    return person.time_zone or company_zone()


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except ValueError:
        raise refuse("time_zone", Phrase("this is not the IANA name of a time zone, like Europe/Berlin")) from None
    return name


ZoneName = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
