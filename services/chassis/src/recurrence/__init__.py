"""What recurs at the same local time: rules of RFC 5545 and time zones, for the columns and shapes of any record."""

from recurrence.rules import Recurrence, Rule
from recurrence.zones import ZoneName, company_zone, zone_of_person

__all__ = ["Recurrence", "Rule", "ZoneName", "company_zone", "zone_of_person"]
